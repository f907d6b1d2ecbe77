"""Keep the names of events that are too long for an index. Other rows are not touched, and no index is built again."""

import re
from pathlib import Path

from django.db import migrations, models

SQL = Path(__file__).parent / "sql"
BEFORE = re.split(r"(?m)^(?=create function )", (SQL / "0004_repeats.sql").read_text())
UNDO = "drop function store_events(json, json);" + "".join(
    function for function in BEFORE if function.startswith("create function store_events")
)


class Migration(migrations.Migration):
    dependencies = [("events", "0005_bounds")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField("event", "long_name", models.TextField(null=True)),
        migrations.RunSQL((SQL / "0006_long_names.sql").read_text(), UNDO),
    ]
