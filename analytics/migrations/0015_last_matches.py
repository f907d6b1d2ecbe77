"""When each definition matched last, as a job finds out at night."""

from django.db import migrations, models


class Migration(migrations.Migration):
    runs_beside_old_code = True
    dependencies = [("analytics", "0014_notes_on_names")]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField("definition", "looked_at", models.DateTimeField(null=True)),
        migrations.AddField("definition", "matched_at", models.DateTimeField(null=True)),
    ]
