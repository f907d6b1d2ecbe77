"""Bound what the catalogue keeps of one environment in all months together."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"


class Migration(migrations.Migration):
    runs_beside_old_code = True
    dependencies = [("events", "0014_catalogue")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.RunSQL(
            (SQL / "0015_catalogue_bound.sql").read_text(), (SQL / "0015_catalogue_bound_undo.sql").read_text()
        ),
    ]
