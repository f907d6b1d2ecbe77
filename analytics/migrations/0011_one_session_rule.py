"""Let a session end after 30 minutes without an event, in the counted days too.

Servers of the version before count further days by their rule. The column's default says so, and these days are counted
anew. Until they are replaced, such servers answer questions about sessions by their rule, or by both.
"""

import re
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
(BEFORE,) = re.findall(
    r"(?ms)^create or replace function forget_counted\(.*?^end \$\$;\n", (SQL / "0008_older_servers.sql").read_text()
)
UNDO = (
    "delete from rollup_days where has_sessions and not is_empty; alter table rollup_days drop column has_sessions;"
    + BEFORE
)


class Migration(migrations.Migration):
    runs_beside_old_code = True
    dependencies = [("analytics", "0010_more_report_kinds")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "0011_one_session_rule.sql").read_text(), UNDO),
    ]
