"""Tell the collector's workers when a rule comes or goes (see accounts 0002)."""

from django.db import migrations

TRIGGER = """
create trigger excludedip_directory_changed after insert or update or delete on ipfilter_excludedip
    for each statement execute function directory_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("ipfilter", "0001_first"), ("accounts", "0002_directory_changes")]
    operations = [migrations.RunSQL(TRIGGER, "drop trigger excludedip_directory_changed on ipfilter_excludedip;")]
