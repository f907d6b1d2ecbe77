"""Which migrations may run beside servers of the version before: each says so itself, `runs_beside_old_code = True`.

Old code does not have the file of a newer migration. So whoever migrates writes the names of those that say so into the
database, as the comment of Django's table of migrations, where the older code finds them.
"""

import json
from collections.abc import Iterable
from typing import Any

from django.db import connection
from django.db.migrations import Migration
from django.db.migrations.loader import MigrationLoader
from django.db.migrations.recorder import MigrationRecorder

COMMENT = "select obj_description(to_regclass('django_migrations'), 'pg_class')"
KEY = "run beside old code"


def runs_beside(migration: Migration) -> bool:
    return getattr(migration, "runs_beside_old_code", False) is True


def declared(comment: Any) -> set[str]:
    """What stands in the database, as 'app.name'. Nothing, if the comment is another's."""
    try:
        return set(json.loads(comment)[KEY])
    except (TypeError, ValueError, KeyError):
        return set()


def note() -> None:
    """Write the names of this code's into the database, beside those that are there."""
    loader = MigrationLoader(None, ignore_no_migrations=True)
    ours = {f"{app}.{name}" for (app, name), found in loader.disk_migrations.items() if runs_beside(found)}
    MigrationRecorder(connection).ensure_schema()
    with connection.cursor() as cursor:
        cursor.execute(COMMENT)
        before = declared(cursor.fetchone()[0])
        if not ours <= before:
            comment = json.dumps({KEY: sorted(before | ours)})
            cursor.execute("comment on table django_migrations is %s", [comment])


def in_words(ahead: Iterable[Migration]) -> str:
    """Whether these may run while servers of the version before do."""
    alone = [f"{migration.app_label}.{migration.name}" for migration in ahead if not runs_beside(migration)]
    if not alone:
        return "Servers of the version before may go on meanwhile."
    more = f" and {len(alone) - 5} more" if len(alone) > 5 else ""
    return f"Stop servers of the version before first: {', '.join(alone[:5])}{more} may not run beside them."
