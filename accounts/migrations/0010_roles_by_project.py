"""Access by project, off as before; and whose project a row of the activity is, which is not known of old ones."""

from django.db import migrations, models


class Migration(migrations.Migration):
    runs_beside_old_code = True  # with the default, nobody's access differs by project

    dependencies = [
        ('accounts', '0009_appearance'),
    ]

    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name='account',
            name='roles_by_project',
            field=models.CharField(choices=[('off', 'Every project, read-only'), ('read_only', 'By project. Where nothing is chosen: read-only'), ('none', 'By project. Where nothing is chosen: no access')], db_default='off', default='off', max_length=20),
        ),
        migrations.AddField(
            model_name='activity',
            name='project_number',
            field=models.BigIntegerField(null=True),
        ),
        migrations.AddConstraint(
            model_name='account',
            constraint=models.CheckConstraint(condition=models.Q(('roles_by_project__in', ['off', 'read_only', 'none'])), name='account_roles_by_project_is_known'),
        ),
    ]
