"""Let `store_events` take the id of an event that is imported, so that it can be recognised for ever."""

import re
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
(BEFORE,) = re.findall(
    r"(?ms)^create or replace function store_events\(.*?^end \$\$;\n", (SQL / "0009_robots.sql").read_text()
)


class Migration(migrations.Migration):
    dependencies = [("events", "0010_robots_checked")]
    operations = [migrations.RunSQL((SQL / "0011_given_ids.sql").read_text(), BEFORE)]
