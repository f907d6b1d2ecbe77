"""Let each partition have its index of names by itself. No index is built, and nobody waits longer than a moment.

A partition keeps its index when it leaves `events`, and brings it along when it comes back. That takes a moment,
because what PostgreSQL would check meanwhile is checked before, beside readers and writers.
"""

import re
import time
from pathlib import Path

from django.db import OperationalError, migrations, transaction

SQL = Path(__file__).parent / "sql"
(MAKE_BEFORE,) = re.findall(
    r"(?ms)^create function make_event_partition\(.*?^end \$\$;\n", (SQL / "0001_partitions.sql").read_text()
)
UNDO = (
    MAKE_BEFORE.replace("create function", "create or replace function", 1)
    + "drop function index_names(text); drop function note_packing();"
)
TOGETHER = "create index events_by_name on events (environment_id, kind, name, time) include (actor_id, session_id, id)"
PARTITIONS = """
select class.relname, pg_get_expr(class.relpartbound, class.oid), pg_get_partition_constraintdef(class.oid)
  from pg_inherits child join pg_class class on class.oid = child.inhrelid
 where child.inhparent = 'events'::regclass order by class.relname = 'events_default', 1
"""
SECONDS = 120  # until it gives up: a backup may read all night
PATIENCE = "250ms"  # as long as the collector's statements wait: others queue up behind who waits for a lock


def in_a_moment(schema_editor, change):
    """Make a change in one transaction, as soon as nobody is in the way for a quarter of a second."""
    until = time.monotonic() + SECONDS
    while True:
        try:
            with transaction.atomic(using=schema_editor.connection.alias):
                with schema_editor.connection.cursor() as cursor:
                    cursor.execute(f"set local lock_timeout = '{PATIENCE}'")
                    change(cursor)
            return
        except OperationalError as error:
            if getattr(error.__cause__, "sqlstate", "") != "55P03" or time.monotonic() > until:
                raise
            time.sleep(0.25)


def found(cursor):
    cursor.execute(PARTITIONS)
    return cursor.fetchall()


def separate(apps, schema_editor):
    def run(*statements):
        in_a_moment(schema_editor, lambda cursor: [cursor.execute(statement) for statement in statements])

    def switch(cursor):
        cursor.execute("lock table events in access exclusive mode")
        if found(cursor) != partitions:
            raise RuntimeError("Somebody else changed the partitions of events meanwhile. Migrate again.")
        # Copies of old months (events/moving.py) would lack the index. They are begun anew in the next night.
        cursor.execute("drop trigger if exists copy_moving on events_default; drop table if exists events_moving")
        for name, _, _ in partitions:
            cursor.execute(f"alter table events detach partition {name}")
        cursor.execute("drop index events_by_name")
        for name, bound, _ in partitions:
            cursor.execute(f"alter table events attach partition {name} {bound}")
            cursor.execute(f"alter table {name} drop constraint of_its_time")

    with schema_editor.connection.cursor() as cursor:
        partitions = found(cursor)
        for name, _, condition in partitions:
            run(
                f"alter table {name} drop constraint if exists of_its_time",  # of an attempt that was stopped
                f"alter table {name} add constraint of_its_time check ({condition}) not valid",
            )
            cursor.execute(f"alter table {name} validate constraint of_its_time")
    in_a_moment(schema_editor, switch)


def together(apps, schema_editor):
    in_a_moment(schema_editor, lambda cursor: cursor.execute(TOGETHER))


class Migration(migrations.Migration):
    atomic = False  # each partition is checked by itself, while others read and write
    runs_beside_old_code = False  # old months that old code moves would lack the index of names
    dependencies = [("events", "0012_moving")]
    operations = [
        migrations.RunSQL((SQL / "0013_packing.sql").read_text(), UNDO),
        migrations.RunPython(separate, together),
    ]
