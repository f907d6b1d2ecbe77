"""Subscriptions: reports and dashboards by e-mail."""

import django.db.models.deletion
import django.db.models.functions.text
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):
    runs_beside_old_code = True

    dependencies = [
        ('accounts', '0011_first_steps'),
        ('analytics', '0019_shared_links'),
        ('projects', '0011_api_tokens'),
    ]

    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name='Subscription',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('noun', models.CharField(max_length=10)),
                ('lineage', models.UUIDField()),
                ('email', models.EmailField(blank=True, max_length=254)),
                ('shows_people', models.BooleanField(default=False)),
                ('confirmed_at', models.DateTimeField(null=True)),
                ('frequency', models.CharField(max_length=10)),
                ('day', models.PositiveSmallIntegerField(default=1)),
                ('hour', models.PositiveSmallIntegerField(default=8)),
                ('zone', models.CharField(max_length=64)),
                ('due_at', models.DateTimeField()),
                ('nonce', models.CharField(max_length=32)),
                ('end_digest', models.CharField(max_length=64, unique=True)),
                ('confirm_digest', models.CharField(max_length=64, unique=True)),
                ('created_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('ended_at', models.DateTimeField(null=True)),
                ('ended_why', models.CharField(blank=True, max_length=100)),
                ('environment', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='subscriptions', to='projects.environment')),
                ('membership', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='+', to='accounts.membership')),
            ],
        ),
        migrations.CreateModel(
            name='Sending',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('interval', models.DateField()),
                ('turn_at', models.DateTimeField()),
                ('tries', models.PositiveSmallIntegerField(default=0)),
                ('taken_at', models.DateTimeField(null=True)),
                ('handed_at', models.DateTimeField(null=True)),
                ('sent_at', models.DateTimeField(null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('problem', models.CharField(blank=True, max_length=300)),
                ('subscription', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='sendings', to='analytics.subscription')),
            ],
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(condition=models.Q(('ended_at', None)), fields=['due_at'], name='subscription_due'),
        ),
        migrations.AddIndex(
            model_name='subscription',
            index=models.Index(condition=models.Q(('email', ''), _negated=True), fields=['email', 'created_at'], name='subscription_by_email'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(condition=models.Q(('email', ''), ('ended_at', None)), fields=('environment', 'lineage', 'noun', 'membership'), name='subscription_once_per_person'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.UniqueConstraint(condition=models.Q(models.Q(('email', ''), _negated=True), ('ended_at', None)), fields=('environment', 'lineage', 'noun', 'email'), name='subscription_once_per_address'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('noun__in', ['report', 'dashboard'])), name='subscription_noun_known'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('frequency__in', ['daily', 'weekly', 'monthly'])), name='subscription_frequency_known'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('hour__lte', 23)), name='subscription_hour_of_a_day'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('day__range', (1, 31))), name='subscription_day_of_a_month'),
        ),
        migrations.AddConstraint(
            model_name='subscription',
            constraint=models.CheckConstraint(condition=models.Q(('email', django.db.models.functions.text.Lower('email'))), name='subscription_email_lower_case'),
        ),
        migrations.AddIndex(
            model_name='sending',
            index=models.Index(condition=models.Q(('done_at', None), ('handed_at', None)), fields=['turn_at'], name='sending_by_turn'),
        ),
        migrations.AddConstraint(
            model_name='sending',
            constraint=models.UniqueConstraint(fields=('subscription', 'interval'), name='sending_once_per_interval'),
        ),
        migrations.AddConstraint(
            model_name='sending',
            constraint=models.CheckConstraint(condition=models.Q(('sent_at', None), ('handed_at__isnull', False), _connector='OR'), name='sending_handed_before_sent'),
        ),
    ]
