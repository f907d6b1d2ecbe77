"""Give early installations the tables of counted days that others have. What theirs hold goes, and is counted again.

0002_rollups was edited in place twice, and does not run again where it has run. Nothing changes where `complete`
exists, which came with the second edit.
"""

from django.db import migrations

MEND = """
set local lock_timeout = '5s';
do $$
begin
    if not exists (select from pg_attribute where attrelid = 'rollup_marks'::regclass and attname = 'complete') then
        truncate rollup_days, rollup_counts, rollup_values, rollup_positions;
        alter table rollup_marks add complete boolean not null default false;
        alter table rollup_days alter has_names drop default, add if not exists is_empty boolean not null;
        alter table rollup_values alter labels type text, drop if exists counts;
    end if;
end $$;
"""


class Migration(migrations.Migration):
    dependencies = [("analytics", "0003_carries")]
    operations = [migrations.RunSQL(MEND, migrations.RunSQL.noop)]
