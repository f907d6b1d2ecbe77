"""Tell the collector's workers when an environment comes, changes or goes (see accounts 0002)."""

from django.db import migrations

TRIGGER = """
create trigger environment_directory_changed after insert or update or delete on projects_environment
    for each statement execute function directory_changed();
"""


class Migration(migrations.Migration):
    dependencies = [("projects", "0001_first"), ("accounts", "0002_directory_changes")]
    operations = [migrations.RunSQL(TRIGGER, "drop trigger environment_directory_changed on projects_environment;")]
