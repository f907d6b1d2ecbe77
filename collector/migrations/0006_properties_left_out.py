"""Count the properties that were left out, by hour. Programs of before leave them 0."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("collector", "0005_left_out")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            "collectedhour", "properties_left_out", models.PositiveBigIntegerField(default=0, db_default=0)
        ),
    ]
