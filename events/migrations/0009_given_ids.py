"""Let `store_events` take the id of an event that is imported, so that it can be recognised for ever."""

import re
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
BEFORE = re.search(r"(?ms)^create or replace function store_events\(.*?^end \$\$;\n", (SQL / "0007_seen.sql").read_text())
assert BEFORE is not None


class Migration(migrations.Migration):
    dependencies = [("events", "0008_people_by_activity")]
    operations = [migrations.RunSQL((SQL / "0009_given_ids.sql").read_text(), BEFORE[0])]
