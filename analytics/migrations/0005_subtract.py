"""Subtract deleted events from counted days, and count days without people where these are too many."""

import re
from pathlib import Path

from django.db import migrations

SQL = Path(__file__).parent / "sql"
BEFORE = re.search(r"(?ms)^create function forget_counted.*?^end \$\$;", (SQL / "0002_rollups.sql").read_text())
UNDO = f"""
drop function subtract_count(bigint, timestamptz, text, text, bigint, integer[], integer[]);
drop function subtract_labels(bigint, timestamptz, text, text, jsonb);
{BEFORE[0].replace("create function", "create or replace function") if BEFORE else ""}
delete from rollup_days where not has_people;
alter table rollup_days drop shared_sessions, drop has_people;
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0004_early_rollups"), ("events", "0005_bounds")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.RunSQL((SQL / "0005_subtract.sql").read_text(), UNDO),
    ]
