"""Keep what there is to ask about: names of events, properties, and how many of each in which month."""

from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
UNDO = """
drop trigger note_gone_months on events;
drop function note_gone_months(), add_to_catalogue(json, integer, integer, integer);
drop table catalogue_gone, catalogue_left_out, catalogue_counts, catalogue_keys, catalogue_names, catalogue_marks;
"""


class Migration(migrations.Migration):
    runs_beside_old_code = True
    dependencies = [("events", "0013_packing"), ("projects", "0001_first")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "0014_catalogue.sql").read_text(), UNDO),
    ]
