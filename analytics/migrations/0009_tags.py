"""Tags of definitions, segments and reports: short words, at most ten each."""

from django.contrib.postgres.fields import ArrayField
from django.db import migrations, models

KEPT = ("definition", "segment", "report")


class Migration(migrations.Migration):
    runs_beside_old_code = True
    dependencies = [("analytics", "0008_older_servers")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        *(
            migrations.AddField(
                thing, "tags", ArrayField(models.CharField(max_length=30), blank=True, db_default=[], default=list)
            )
            for thing in KEPT
        ),
        *(
            migrations.AddConstraint(
                thing, models.CheckConstraint(condition=models.Q(tags__len__lte=10), name=f"{thing}_tags_few")
            )
            for thing in KEPT
        ),
    ]
