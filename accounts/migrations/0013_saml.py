"""Settings of SAML providers, and their answers while they wait for the browser that asked."""

import django.db.models.deletion
from django.db import migrations, models


class Migration(migrations.Migration):
    runs_beside_old_code = True  # whose providers get the database's defaults

    dependencies = [
        ('accounts', '0012_single_sign_on'),
    ]

    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name='SamlAnswer',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('assertion', models.CharField(max_length=64)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('state', models.CharField(max_length=100)),
                ('request_id', models.CharField(max_length=100)),
                ('subject', models.CharField(blank=True, max_length=255)),
                ('email', models.CharField(blank=True, max_length=300)),
                ('name', models.CharField(blank=True, max_length=150)),
                ('ends_at', models.DateTimeField()),
            ],
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='address_attribute',
            field=models.CharField(blank=True, db_default='', max_length=200),
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='name_attribute',
            field=models.CharField(blank=True, db_default='', max_length=200),
        ),
        migrations.AddField(
            model_name='identityprovider',
            name='name_id_format',
            field=models.CharField(choices=[('urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', 'persistent: a name that stays the same'), ('urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress', 'emailAddress: the e-mail address')], db_default='urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', default='urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', max_length=80),
        ),
        migrations.AddConstraint(
            model_name='identityprovider',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('protocol', 'saml'), _negated=True), models.Q(models.Q(('sign_in_url', ''), _negated=True), models.Q(('certificates', []), _negated=True)), _connector='OR'), name='identityprovider_saml_has_address_and_certificate'),
        ),
        migrations.AddConstraint(
            model_name='identityprovider',
            constraint=models.CheckConstraint(condition=models.Q(('name_id_format__in', ['urn:oasis:names:tc:SAML:2.0:nameid-format:persistent', 'urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress'])), name='identityprovider_name_id_format_is_known'),
        ),
        migrations.AddField(
            model_name='samlanswer',
            name='provider',
            field=models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='saml_answers', to='accounts.identityprovider'),
        ),
        migrations.AddIndex(
            model_name='samlanswer',
            index=models.Index(fields=['ends_at'], name='samlanswer_by_end'),
        ),
        migrations.AddConstraint(
            model_name='samlanswer',
            constraint=models.UniqueConstraint(fields=('provider', 'assertion'), name='samlanswer_once'),
        ),
    ]
