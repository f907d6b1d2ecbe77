"""People whom programs asked to have deleted."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('collector', '0001_shared_addresses'),
        ('projects', '0004_api_keys'),
    ]

    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name='DeletionRequest',
            fields=[
                ('id', models.UUIDField(default=uuid.uuid4, editable=False, primary_key=True, serialize=False)),
                ('people', models.PositiveIntegerField()),
                ('rows', models.JSONField(default=dict)),
                ('asked_at', models.DateTimeField(default=django.utils.timezone.now)),
                ('started_at', models.DateTimeField(null=True)),
                ('done_at', models.DateTimeField(null=True)),
                ('api_key', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='deletion_requests', to='projects.apikey')),
            ],
        ),
        migrations.CreateModel(
            name='DeletionTarget',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('identity', models.CharField(max_length=255)),
                ('request', models.ForeignKey(on_delete=django.db.models.deletion.CASCADE, related_name='targets', to='collector.deletionrequest')),
            ],
        ),
        migrations.AddIndex(
            model_name='deletionrequest',
            index=models.Index(condition=models.Q(('done_at', None)), fields=['asked_at'], name='deletionrequest_unfinished'),
        ),
        migrations.AddConstraint(
            model_name='deletionrequest',
            constraint=models.CheckConstraint(condition=models.Q(('people__gte', 1)), name='deletionrequest_names_somebody'),
        ),
        migrations.AddConstraint(
            model_name='deletionrequest',
            constraint=models.CheckConstraint(condition=models.Q(('done_at', None), ('started_at__isnull', False), _connector='OR'), name='deletionrequest_starts_before_it_ends'),
        ),
        migrations.AddConstraint(
            model_name='deletiontarget',
            constraint=models.CheckConstraint(condition=models.Q(('identity', ''), _negated=True), name='deletiontarget_has_an_identity'),
        ),
    ]
