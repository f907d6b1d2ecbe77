"""The first steps on dashboards: who has asked a question already, and who has put the list away."""

from django.db import migrations, models


class Migration(migrations.Migration):
    runs_beside_old_code = True  # which does not know these columns; they may be null

    dependencies = [
        ('accounts', '0010_roles_by_project'),
    ]

    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name='membership',
            name='first_asked_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
        migrations.AddField(
            model_name='membership',
            name='first_steps_hidden_at',
            field=models.DateTimeField(blank=True, null=True),
        ),
    ]
