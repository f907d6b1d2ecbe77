"""The functions that write a batch in one statement."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
UNDO = """
drop function collect(json, json, json, json, json);
drop function store_events(json, json);
drop function change_people(json);
drop function set_people(json);
drop function set_customers(json);
drop function fold_visitor(bigint, bigint, bigint);
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0001_tables")]
    operations = [migrations.RunSQL((SQL / "0002_collect.sql").read_text(), UNDO)]
