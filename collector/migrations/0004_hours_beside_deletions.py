"""0002 and 0003 were made side by side, and neither needs the other: some installation may have run 0003 alone."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("collector", "0002_deletion_requests"), ("collector", "0003_collected_hours")]
    operations = []
