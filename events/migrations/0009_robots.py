"""Mark robots: their events by ids below zero, visitors by a column. No row is touched: those of before are none."""

import re
from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql"
(BEFORE,) = re.findall(
    r"(?ms)^create or replace function store_events\(.*?^end \$\$;\n", (SQL / "0007_seen.sql").read_text()
)
UNDO = (
    BEFORE
    + "alter table people drop column is_robot; alter table events drop constraint event_below_zero_of_robot;"
)


class Migration(migrations.Migration):
    dependencies = [("events", "0008_people_by_activity")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.RunSQL(
            (SQL / "0009_robots.sql").read_text(),
            UNDO,
            state_operations=[migrations.AddField("person", "is_robot", models.BooleanField(null=True))],
        ),
    ]
