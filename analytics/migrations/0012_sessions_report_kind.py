"""Reports of sessions."""

from django.db import migrations, models

NAMES = ["graph", "funnel", "paths", "retention", "stickiness", "lifecycle", "sessions", "users"]


class Migration(migrations.Migration):
    runs_beside_old_code = False  # a report of a kind that it does not know is an error of old code
    dependencies = [("analytics", "0011_one_session_rule")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.RemoveConstraint(model_name="report", name="report_kind_known"),
        migrations.AlterField(
            model_name="report",
            name="kind",
            field=models.CharField(choices=[(name, name.capitalize()) for name in NAMES], max_length=10),
        ),
        migrations.AddConstraint(
            model_name="report",
            constraint=models.CheckConstraint(condition=models.Q(("kind__in", NAMES)), name="report_kind_known"),
        ),
    ]
