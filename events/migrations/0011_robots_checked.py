"""Check the rows of before, while others read and write."""

from django.db import migrations


class Migration(migrations.Migration):
    dependencies = [("events", "0010_robots")]
    operations = [
        migrations.RunSQL(
            "alter table people validate constraint person_robot_without_identity", migrations.RunSQL.noop
        ),
    ]
