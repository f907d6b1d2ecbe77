"""Let `store_events` take the id of an event that is imported, so that it can be recognised for ever."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
UNDO = (SQL / "0006_long_names.sql").read_text()


class Migration(migrations.Migration):
    dependencies = [("events", "0006_long_names")]
    operations = [migrations.RunSQL((SQL / "0009_given_ids.sql").read_text(), UNDO)]
