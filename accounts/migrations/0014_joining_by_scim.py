"""The tokens of accounts' directories, and the people of whom these told (SCIM)."""

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    runs_beside_old_code = True  # which knows nothing of these tables

    dependencies = [
        ('accounts', '0013_saml'),
    ]

    operations = [
        migrations.CreateModel(
            name='ScimPerson',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('user_name', models.CharField(max_length=254)),
                ('email', models.EmailField(max_length=254)),
                ('external_id', models.CharField(blank=True, max_length=254)),
                ('names', models.JSONField(default=dict)),
                ('is_waiting', models.BooleanField(default=False)),
                ('kept_read_only', models.BooleanField(null=True)),
                ('made_login', models.BooleanField(default=False)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scim_people', to='accounts.account')),
                ('user', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'verbose_name_plural': 'SCIM people',
                'indexes': [models.Index(fields=['account', 'created_at', 'id'], name='scimperson_by_account'), models.Index(fields=['account', 'external_id'], name='scimperson_by_external_id')],
                'constraints': [models.UniqueConstraint(models.F('account'), django.db.models.functions.text.Lower('user_name'), name='scimperson_user_name_once_per_account'), models.UniqueConstraint(fields=('account', 'email'), name='scimperson_email_once_per_account'), models.UniqueConstraint(fields=('account', 'user'), name='scimperson_user_once_per_account'), models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower(models.F('email')))), name='scimperson_email_lower_case'), models.CheckConstraint(condition=models.Q(('user_name', ''), _negated=True), name='scimperson_has_a_user_name'), models.CheckConstraint(condition=models.Q(('is_waiting', False), ('kept_read_only', None), _connector='OR'), name='scimperson_waiting_for_new_access')],
            },
        ),
        migrations.CreateModel(
            name='ScimToken',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('read_only', models.BooleanField(default=True)),
                ('digest', models.CharField(max_length=64, unique=True)),
                ('ending', models.CharField(max_length=4)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('last_used_at', models.DateTimeField(null=True)),
                ('revoked_at', models.DateTimeField(null=True)),
                ('account', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='scim_tokens', to='accounts.account')),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('revoked_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
            ],
            options={
                'constraints': [models.UniqueConstraint(models.F('account'), django.db.models.functions.text.Lower('name'), condition=models.Q(('revoked_at', None)), name='scimtoken_name_once_per_account'), models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='scimtoken_has_a_name'), models.CheckConstraint(condition=models.Q(('digest__regex', '^[0-9a-f]{64}$')), name='scimtoken_digest_is_sha256'), models.CheckConstraint(condition=models.Q(('ending__regex', '^.{4}$')), name='scimtoken_ending_four_characters'), models.CheckConstraint(condition=models.Q(('revoked_by', None), ('revoked_at__isnull', False), _connector='OR'), name='scimtoken_revoked_by_with_a_time')],
            },
        ),
    ]
