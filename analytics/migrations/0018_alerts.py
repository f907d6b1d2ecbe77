"""Alerts, what became of them, whom they were told, and the webhooks of programs."""

import django.db.models.deletion
import django.utils.timezone
import uuid
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    runs_beside_old_code = True
    dependencies = [
        ('accounts', '0011_first_steps'),
        ('analytics', '0017_dashboards'),
        ('projects', '0011_api_tokens'),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name='Alert',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=200)),
                ('watches', models.CharField(choices=[('report', 'A number of a report'), ('silence', 'No events for some time'), ('definition', 'A definition that stopped matching')], max_length=10)),
                ('lineage', models.UUIDField(null=True)),
                ('event', models.CharField(blank=True, max_length=2500)),
                ('figure', models.CharField(blank=True, choices=[('interval', 'Interval'), ('total', 'Total')], max_length=10)),
                ('rule', models.CharField(choices=[('above', 'is above'), ('below', 'is below'), ('rose', 'rose by more than'), ('fell', 'fell by more than'), ('changed', 'changed by more than'), ('lasts', 'lasts for')], max_length=10)),
                ('in_percent', models.BooleanField(default=False)),
                ('fires_at', models.FloatField()),
                ('over_at', models.FloatField()),
                ('unit', models.CharField(max_length=10)),
                ('is_on', models.BooleanField(default=True)),
                ('is_firing', models.BooleanField(default=False)),
                ('turned_at', models.DateTimeField(null=True)),
                ('value', models.FloatField(null=True)),
                ('problem', models.CharField(blank=True, max_length=300)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('judged_until', models.DateTimeField(null=True)),
                ('next_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('version', models.PositiveIntegerField(default=1)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('changed_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('environment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='alerts', to='projects.environment')),
            ],
        ),
        migrations.CreateModel(
            name='AlertChange',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('interval_end', models.DateTimeField()),
                ('change', models.CharField(choices=[('fired', 'fired'), ('over', 'is over'), ('unanswered', 'cannot be judged')], max_length=10)),
                ('told', models.JSONField()),
                ('at', models.DateTimeField(default=django.utils.timezone.now)),
                ('alert', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='changes', to='analytics.alert')),
            ],
        ),
        migrations.CreateModel(
            name='AlertRecipient',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('alert', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='recipients', to='analytics.alert')),
                ('membership', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.membership')),
            ],
        ),
        migrations.CreateModel(
            name='Webhook',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('name', models.CharField(max_length=100)),
                ('secret_url', models.CharField(max_length=500)),
                ('nonce', models.CharField(max_length=32)),
                ('old_nonce', models.CharField(blank=True, max_length=32)),
                ('old_until', models.DateTimeField(null=True)),
                ('failures', models.PositiveIntegerField(default=0)),
                ('paused_until', models.DateTimeField(null=True)),
                ('claimed_until', models.DateTimeField(null=True)),
                ('tried_at', models.DateTimeField(null=True)),
                ('ended_at', models.DateTimeField(null=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('created_by', models.ForeignKey(null=True, on_delete=django.db.models.deletion.SET_NULL, related_name='+', to=settings.AUTH_USER_MODEL)),
                ('environment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='webhooks', to='projects.environment')),
            ],
        ),
        migrations.CreateModel(
            name='AlertDelivery',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('number', models.UUIDField(default=uuid.uuid4, unique=True)),
                ('state', models.CharField(choices=[('waiting', 'waiting'), ('sending', 'being sent'), ('sent', 'sent'), ('failed', 'failed'), ('dropped', 'not sent')], default='waiting', max_length=10)),
                ('attempts', models.PositiveSmallIntegerField(default=0)),
                ('answer', models.PositiveSmallIntegerField(null=True)),
                ('problem', models.CharField(blank=True, max_length=200)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('tried_at', models.DateTimeField(null=True)),
                ('change', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='analytics.alertchange')),
                ('membership', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.membership')),
                ('webhook', models.ForeignKey(null=True, on_delete=django.db.models.deletion.CASCADE, related_name='deliveries', to='analytics.webhook')),
            ],
        ),
        migrations.AddField(
            model_name='alert',
            name='webhooks',
            field=models.ManyToManyField(related_name='alerts', to='analytics.webhook'),
        ),
        migrations.AddIndex(
            model_name='alertchange',
            index=models.Index(fields=['at'], name='alertchange_by_age'),
        ),
        migrations.AddConstraint(
            model_name='alertchange',
            constraint=models.UniqueConstraint(fields=('alert', 'interval_end', 'change'), name='alert_change_once'),
        ),
        migrations.AddConstraint(
            model_name='alertchange',
            constraint=models.CheckConstraint(condition=models.Q(('change__in', ['fired', 'over', 'unanswered'])), name='alert_change_known'),
        ),
        migrations.AddConstraint(
            model_name='alertrecipient',
            constraint=models.UniqueConstraint(fields=('alert', 'membership'), name='alert_recipient_once'),
        ),
        migrations.AddConstraint(
            model_name='webhook',
            constraint=models.UniqueConstraint(fields=('environment', 'name'), name='webhook_name_once_per_environment'),
        ),
        migrations.AddConstraint(
            model_name='webhook',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='webhook_has_a_name'),
        ),
        migrations.AddConstraint(
            model_name='webhook',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('old_nonce', ''), ('old_until', None)), models.Q(models.Q(('old_nonce', ''), _negated=True), ('old_until__isnull', False)), _connector='OR'), name='webhook_old_secret_and_until_together'),
        ),
        migrations.AddIndex(
            model_name='alertdelivery',
            index=models.Index(condition=models.Q(('state', 'waiting')), fields=['webhook', 'created_at'], name='alert_delivery_waiting'),
        ),
        migrations.AddIndex(
            model_name='alertdelivery',
            index=models.Index(fields=['created_at'], name='alert_delivery_by_age'),
        ),
        migrations.AddConstraint(
            model_name='alertdelivery',
            constraint=models.UniqueConstraint(fields=('change', 'membership'), name='alert_delivery_once_per_teammate'),
        ),
        migrations.AddConstraint(
            model_name='alertdelivery',
            constraint=models.UniqueConstraint(fields=('change', 'webhook'), name='alert_delivery_once_per_webhook'),
        ),
        migrations.AddConstraint(
            model_name='alertdelivery',
            constraint=models.CheckConstraint(condition=models.Q(('state__in', ['waiting', 'sending', 'sent', 'failed', 'dropped'])), name='alert_delivery_state_known'),
        ),
        migrations.AddConstraint(
            model_name='alertdelivery',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('change__isnull', False), ('membership__isnull', False), ('webhook', None)), models.Q(('membership', None), ('webhook__isnull', False)), _connector='OR'), name='alert_delivery_to_one'),
        ),
        migrations.AddIndex(
            model_name='alert',
            index=models.Index(condition=models.Q(('is_on', True)), fields=['next_at'], name='alert_due'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(('name', ''), _negated=True), name='alert_has_a_name'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(('rule__in', ['above', 'below', 'rose', 'fell', 'changed', 'lasts'])), name='alert_rule_known'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(('unit__in', ['hour', 'day', 'week'])), name='alert_unit_known'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('figure__in', ['interval', 'total']), ('lineage__isnull', False), ('watches', 'report')), models.Q(('figure', ''), ('lineage', None), ('rule', 'lasts'), ('unit', 'hour'), ('watches', 'silence')), models.Q(('figure', ''), ('lineage__isnull', False), ('rule', 'lasts'), ('unit', 'day'), ('watches', 'definition')), _connector='OR'), name='alert_watches_one_thing'),
        ),
        migrations.AddConstraint(
            model_name='alert',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('over_at__gte', models.F('fires_at')), ('rule', 'below')), models.Q(models.Q(('rule', 'below'), _negated=True), ('over_at__lte', models.F('fires_at'))), _connector='OR'), name='alert_over_on_the_other_side'),
        ),
    ]
