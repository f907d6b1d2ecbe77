"""Notes on the time axis: what happened when, for the charts of an environment."""

from datetime import UTC, datetime, time

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q


def who() -> models.ForeignKey:
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
    )


class Migration(migrations.Migration):
    runs_beside_old_code = True
    dependencies = [
        ("analytics", "0015_last_matches"),
        ("projects", "0009_months_kept"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="Note",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("at", models.DateTimeField()),
                ("is_day", models.BooleanField()),
                ("text", models.CharField(max_length=500)),
                ("program", models.CharField(blank=True, max_length=120)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_by", who()),
                ("created_by", who()),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="notes", to="projects.environment"
                    ),
                ),
            ],
            options={
                "indexes": [models.Index(fields=["environment", "at"], name="note_by_time")],
                "constraints": [
                    models.CheckConstraint(condition=~Q(text=""), name="note_has_a_text"),
                    models.CheckConstraint(
                        condition=Q(at__gte=datetime(1999, 12, 31, tzinfo=UTC), at__lt=datetime(2200, 1, 1, tzinfo=UTC)),
                        name="note_within_the_calendar",
                    ),
                    models.CheckConstraint(
                        condition=Q(is_day=False) | Q(at__time=time(0)), name="note_of_a_day_at_midnight"
                    ),
                ],
            },
        ),
    ]
