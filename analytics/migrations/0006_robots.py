"""Count days with or without robots, as the project's questions want them."""

import re
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
(BEFORE,) = re.findall(
    r"(?ms)^create or replace function forget_counted\(.*?^end \$\$;\n", (SQL / "0005_subtract.sql").read_text()
)
UNDO = (
    "delete from rollup_days where without_robots; alter table rollup_days drop column without_robots;" + BEFORE
)


class Migration(migrations.Migration):
    dependencies = [("analytics", "0005_subtract"), ("events", "0009_robots")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "0006_robots.sql").read_text(), UNDO),
    ]
