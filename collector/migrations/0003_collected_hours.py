"""What became of requests, by environment, hour and outcome.

The foreign key cascades in the database, so that a count which comes while its environment is deleted stops nobody.
"""

import django.db.models.deletion
from django.db import migrations, models
from django.db.models import Q

FOREIGN_KEY = """
set local lock_timeout = '5s';
alter table collector_collectedhour add constraint collectedhour_environment foreign key (environment_id)
    references projects_environment (id) on delete cascade deferrable initially deferred;
"""
COUNTED = ("accepted", "excluded", "bad", "over_limit", "unavailable", "closed")


class Migration(migrations.Migration):
    dependencies = [("collector", "0001_shared_addresses"), ("projects", "0001_first")]
    operations = [
        migrations.CreateModel(
            name="CollectedHour",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("hour", models.DateTimeField()),
                ("outcome", models.CharField(max_length=20)),
                ("requests", models.PositiveBigIntegerField()),
                ("events", models.PositiveBigIntegerField()),
                ("last_at", models.DateTimeField()),
                ("last_seconds", models.FloatField()),
                ("slowest_seconds", models.FloatField()),
                (
                    "environment",
                    models.ForeignKey(
                        db_constraint=False,
                        db_index=False,
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="collected_hours",
                        to="projects.environment",
                    ),
                ),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("environment", "hour", "outcome"), name="collectedhour_once_per_outcome"
                    ),
                    models.CheckConstraint(condition=Q(outcome__in=COUNTED), name="collectedhour_known_outcome"),
                    models.CheckConstraint(
                        condition=Q(hour__minute=0, hour__second=0), name="collectedhour_begins_with_its_hour"
                    ),
                    models.CheckConstraint(condition=Q(requests__gt=0), name="collectedhour_counts_something"),
                    models.CheckConstraint(
                        condition=Q(last_seconds__gte=0, slowest_seconds__gte=models.F("last_seconds")),
                        name="collectedhour_slowest_is_slowest",
                    ),
                ],
                "indexes": [models.Index(fields=["hour"], name="collectedhour_by_hour")],
            },
        ),
        migrations.RunSQL(
            FOREIGN_KEY, "alter table collector_collectedhour drop constraint collectedhour_environment"
        ),
    ]
