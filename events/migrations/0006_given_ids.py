"""Let `store_events` take the id of an event that is imported, so that it can be recognised for ever."""

import re
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
BEFORE = re.split(r"(?m)^(?=create function )", (SQL / "0004_repeats.sql").read_text())
UNDO = next(text for text in BEFORE if text.startswith("create function store_events")).replace(
    "create function", "create or replace function", 1
)


class Migration(migrations.Migration):
    dependencies = [("events", "0005_bounds")]
    operations = [migrations.RunSQL((SQL / "0006_given_ids.sql").read_text(), UNDO)]
