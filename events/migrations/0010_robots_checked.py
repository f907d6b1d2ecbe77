"""Check the rows of before, while others read and write."""

from django.db import migrations


class Migration(migrations.Migration):
    atomic = False  # each table is locked for its own check alone
    dependencies = [("events", "0009_robots")]
    operations = [
        migrations.RunSQL(
            "alter table people validate constraint person_robot_without_identity", migrations.RunSQL.noop
        ),
        migrations.RunSQL("alter table events validate constraint event_below_zero_of_robot", migrations.RunSQL.noop),
    ]
