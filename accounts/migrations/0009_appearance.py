"""How pages look to each person: as their system has it, and as roomy as ever, until they choose."""

from django.db import migrations, models


class Migration(migrations.Migration):
    runs_beside_old_code = True  # whose new users get the database's defaults

    dependencies = [
        ('accounts', '0008_first_login_link'),
        ('auth', '0012_alter_user_first_name_max_length'),
    ]

    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name='user',
            name='density',
            field=models.CharField(choices=[('comfortable', 'Comfortable'), ('compact', 'Compact: more rows on a screen')], db_default='comfortable', default='comfortable', max_length=20),
        ),
        migrations.AddField(
            model_name='user',
            name='theme',
            field=models.CharField(choices=[('system', 'As my system has it'), ('light', 'Light'), ('dark', 'Dark')], db_default='system', default='system', max_length=20),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('theme__in', ['system', 'light', 'dark'])), name='user_theme_is_known'),
        ),
        migrations.AddConstraint(
            model_name='user',
            constraint=models.CheckConstraint(condition=models.Q(('density__in', ['comfortable', 'compact'])), name='user_density_is_known'),
        ),
    ]
