"""Subtract deleted events from counted days with what PostgreSQL 15 knows."""

import re
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
(BEFORE,) = re.findall(
    r"(?ms)^create or replace function forget_counted\(.*?^end \$\$;\n", (SQL / "0006_robots.sql").read_text()
)


class Migration(migrations.Migration):
    dependencies = [("analytics", "0007_expiries")]
    operations = [migrations.RunSQL((SQL / "0008_older_servers.sql").read_text(), BEFORE)]
