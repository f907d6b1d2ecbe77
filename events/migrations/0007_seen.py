"""First and last seen follow what people did: properties and identities alone make nobody active."""

import re
from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql"
PEOPLE, EVENTS = ((SQL / name).read_text() for name in ("0005_bounds.sql", "0006_long_names.sql"))


def before(text: str, name: str) -> str:
    """The function as an earlier migration made it."""
    found = re.search(rf"(?ms)^create (?:or replace )?function {name}\(.*?^end \$\$;\n", text)
    assert found is not None
    return found[0].replace("create function", "create or replace function", 1)


UNDO = (
    "update people set first_seen_at = 'epoch', last_seen_at = 'epoch' where last_seen_at is null;"
    "alter table people alter column first_seen_at set not null, alter column last_seen_at set not null,"
    " drop constraint person_seen_both_or_never;"
    + before(PEOPLE, "set_people")
    + before(PEOPLE, "change_people")
    + before(EVENTS, "store_events")
)


class Migration(migrations.Migration):
    dependencies = [("events", "0006_long_names")]
    operations = [
        migrations.RunSQL(
            (SQL / "0007_seen.sql").read_text(),
            UNDO,
            state_operations=[
                migrations.AlterField("person", name, models.DateTimeField(null=True))
                for name in ("first_seen_at", "last_seen_at")
            ],
        )
    ]
