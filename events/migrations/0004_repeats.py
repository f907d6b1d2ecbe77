"""Have `collect` say which events were there already, so that they are counted once."""

import re
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
BEFORE = re.split(r"(?m)^(?=create function )", (SQL / "0002_collect.sql").read_text())
UNDO = "drop function collect(json, json, json, json, json); drop function store_events(json, json);" + "".join(
    function for function in BEFORE if function.startswith(("create function store_events", "create function collect"))
)


class Migration(migrations.Migration):
    dependencies = [("events", "0003_ids_one_by_one")]
    operations = [migrations.RunSQL((SQL / "0004_repeats.sql").read_text(), UNDO)]
