"""Exact counts of past days, and the triggers that keep them honest."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    dependencies = [("analytics", "0001_kept_things"), ("events", "0002_collect"), ("projects", "0001_first")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "0002_rollups.sql").read_text(), (SQL / "0002_rollups_undo.sql").read_text()),
    ]
