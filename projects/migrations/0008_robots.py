"""Whether questions leave robots out: in new projects they do. In those that exist no number changes."""

from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("projects", "0007_used_app_ids")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField("project", "leaves_out_robots", models.BooleanField(default=True, db_default=False)),
        migrations.AlterField("project", "leaves_out_robots", models.BooleanField(default=True, db_default=True)),
    ]
