"""Let events of old months move to partitions of their own while others read and write."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("events", "0011_given_ids")]
    operations = [migrations.RunSQL((SQL / "0012_moving.sql").read_text(), "drop function copy_moving()")]
