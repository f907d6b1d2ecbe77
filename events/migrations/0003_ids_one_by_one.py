"""Let early installations, too, take the ids of events one by one: each connection there took 50 at a time.

0001_tables was edited in place, and does not run again where it has run. Elsewhere this changes nothing.
"""

from django.db import migrations

ONE_BY_ONE = """
set local lock_timeout = '5s';
alter sequence events_id_seq cache 1;
"""


class Migration(migrations.Migration):
    dependencies = [("events", "0002_collect")]
    operations = [migrations.RunSQL(ONE_BY_ONE, migrations.RunSQL.noop)]
