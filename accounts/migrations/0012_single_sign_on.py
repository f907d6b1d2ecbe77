"""Providers of single sign-on, who is known by them, domains that accounts have proven, and ways back in."""

import django.db.models.deletion
import django.db.models.functions.datetime
import django.db.models.functions.text
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    runs_beside_old_code = True  # which reads and writes none of it

    dependencies = [
        ('accounts', '0011_first_steps'),
    ]

    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.AddField(
            model_name='account',
            name='require_sso',
            field=models.BooleanField(db_default=False, default=False),
        ),
        migrations.CreateModel(
            name='IdentityProvider',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('slug', models.CharField(max_length=32, unique=True)),
                ('protocol', models.CharField(choices=[('oidc', 'OpenID Connect'), ('saml', 'SAML 2.0')], max_length=20)),
                ('name', models.CharField(max_length=60)),
                ('issuer', models.CharField(max_length=300)),
                ('client_id', models.CharField(blank=True, max_length=255)),
                ('client_secret', models.TextField(blank=True)),
                ('sign_in_url', models.CharField(blank=True, max_length=500)),
                ('certificates', models.JSONField(blank=True, default=list)),
                ('joins_read_only', models.BooleanField(default=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now)),
                ('tested_at', models.DateTimeField(blank=True, null=True)),
                ('switched_on_at', models.DateTimeField(blank=True, null=True)),
                ('account', models.ForeignKey(blank=True, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='identity_providers', to='accounts.account')),
            ],
        ),
        migrations.CreateModel(
            name='SsoDomain',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('domain', models.CharField(max_length=253)),
                ('nonce', models.CharField(max_length=32)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now)),
                ('mailed_at', models.DateTimeField(blank=True, null=True)),
                ('proven_at', models.DateTimeField(blank=True, null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sso_domains', to='accounts.account')),
            ],
        ),
        migrations.CreateModel(
            name='SsoIdentity',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('issuer', models.CharField(max_length=300)),
                ('subject', models.CharField(max_length=255)),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now)),
                ('used_at', models.DateTimeField(blank=True, null=True)),
                ('provider', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='identities', to='accounts.identityprovider')),
                ('user', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sso_identities', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'sso identities',
            },
        ),
        migrations.CreateModel(
            name='WayBack',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('created_at', models.DateTimeField(db_default=django.db.models.functions.datetime.Now(), default=django.utils.timezone.now)),
                ('tried_at', models.DateTimeField(blank=True, null=True)),
                ('membership', models.OneToOneField(on_delete=django.db.models.deletion.CASCADE, related_name='way_back', to='accounts.membership')),
            ],
            options={
                'verbose_name_plural': 'ways back',
            },
        ),
        migrations.AddConstraint(
            model_name='identityprovider',
            constraint=models.CheckConstraint(condition=models.Q(('protocol__in', ['oidc', 'saml'])), name='identityprovider_protocol_is_known'),
        ),
        migrations.AddConstraint(
            model_name='identityprovider',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('name', ''), _negated=True), models.Q(('issuer', ''), _negated=True)), name='identityprovider_has_name_and_issuer'),
        ),
        migrations.AddConstraint(
            model_name='identityprovider',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('protocol', 'oidc'), _negated=True), models.Q(('client_id', ''), _negated=True), _connector='OR'), name='identityprovider_oidc_has_a_client'),
        ),
        migrations.AddConstraint(
            model_name='identityprovider',
            constraint=models.CheckConstraint(condition=models.Q(('switched_on_at', None), ('tested_at__isnull', False), _connector='OR'), name='identityprovider_tested_before_on'),
        ),
        migrations.AddConstraint(
            model_name='identityprovider',
            constraint=models.UniqueConstraint(condition=models.Q(('account', None)), fields=('issuer', 'client_id'), name='identityprovider_once_in_the_installation'),
        ),
        migrations.AddConstraint(
            model_name='ssodomain',
            constraint=models.CheckConstraint(condition=models.Q(('domain', django.db.models.functions.text.Lower(models.F('domain'))), models.Q(('domain', ''), _negated=True)), name='ssodomain_lower_case'),
        ),
        migrations.AddConstraint(
            model_name='ssodomain',
            constraint=models.UniqueConstraint(fields=('account', 'domain'), name='ssodomain_once_per_account'),
        ),
        migrations.AddConstraint(
            model_name='ssodomain',
            constraint=models.UniqueConstraint(condition=models.Q(('proven_at__isnull', False)), fields=('domain',), name='ssodomain_proven_by_one_account'),
        ),
        migrations.AddConstraint(
            model_name='ssoidentity',
            constraint=models.CheckConstraint(condition=models.Q(('subject', ''), _negated=True), name='ssoidentity_has_a_subject'),
        ),
        migrations.AddConstraint(
            model_name='ssoidentity',
            constraint=models.UniqueConstraint(fields=('provider', 'issuer', 'subject'), name='ssoidentity_one_login'),
        ),
        migrations.AddConstraint(
            model_name='ssoidentity',
            constraint=models.UniqueConstraint(fields=('provider', 'user'), name='ssoidentity_one_of_each_provider'),
        ),
    ]
