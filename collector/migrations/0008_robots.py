"""Count the events of robots, by hour. Programs of before leave them 0."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("collector", "0007_texts_cut_and_more")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField("collectedhour", "robots", models.PositiveBigIntegerField(default=0, db_default=0)),
        migrations.AddConstraint(
            "collectedhour",
            models.CheckConstraint(
                condition=models.Q(robots__lte=models.F("events")), name="collectedhour_robots_are_events"
            ),
        ),
    ]
