"""Keep the properties of people and customers within limits, and have `collect` say what was left out."""

import re
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
REPLACED = ("set_people", "set_customers", "change_people", "fold_visitor")
BEFORE = re.split(r"(?m)^(?=create function |--)", (SQL / "0002_collect.sql").read_text())
UNDO = """
drop function collect(json, json, json, json, json, integer, integer);
drop function change_people(json, integer, integer);
drop function by_sender(jsonb, json);
drop function summed_changes(json, bigint[], boolean);
drop function set_people(json, integer, integer);
drop function set_customers(json, integer, integer);
drop function fold_visitor(bigint, bigint, bigint, integer, integer);
drop function left_out(jsonb, jsonb);
drop function bounded(jsonb, jsonb, integer, integer);
drop function property_bytes(text, jsonb);
""" + "".join(text for text in BEFORE if text.startswith(tuple(f"create function {name}(" for name in REPLACED)))


class Migration(migrations.Migration):
    dependencies = [("events", "0004_repeats")]
    operations = [migrations.RunSQL((SQL / "0005_bounds.sql").read_text(), UNDO)]
