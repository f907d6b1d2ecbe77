"""The table of Django's database cache, which counts attempts for all workers together (settings.CACHES).

Unlogged: what is lost in a crash is some minutes of counting, and writes cost half.
"""

from django.db import migrations

TABLE = """
create unlogged table cache_entries (
    cache_key varchar(255) primary key,
    value text not null,
    expires timestamptz not null
);
create index cache_entries_expires on cache_entries (expires);
"""


class Migration(migrations.Migration):
    dependencies = [("accounts", "0004_full_access_and_activity_guards")]
    operations = [migrations.RunSQL(TABLE, "drop table cache_entries;")]
