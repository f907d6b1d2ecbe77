"""Notes on names of the catalogue: what they mean, whether they are hidden or verified."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

KINDS = ["event", "kind", "builtin", "property", "user"]


def who() -> models.ForeignKey:
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
    )


class Migration(migrations.Migration):
    runs_beside_old_code = True
    dependencies = [
        ("analytics", "0013_segment_members"),
        ("projects", "0009_months_kept"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="NameNote",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("kind", models.CharField(choices=[(kind, kind) for kind in KINDS], max_length=10)),
                ("name", models.TextField()),
                ("description", models.CharField(blank=True, max_length=2000)),
                ("is_hidden", models.BooleanField(default=False)),
                ("verified_at", models.DateTimeField(null=True)),
                ("changed_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("changed_by", who()),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="name_notes",
                        to="projects.environment",
                    ),
                ),
                ("verified_by", who()),
            ],
            options={
                "constraints": [
                    models.UniqueConstraint(
                        fields=("environment", "kind", "name"), name="name_noted_once_per_environment"
                    ),
                    models.CheckConstraint(condition=Q(kind__in=KINDS), name="name_kind_known"),
                    models.CheckConstraint(condition=~Q(name=""), name="name_noted_has_a_name"),
                    models.CheckConstraint(
                        condition=Q(verified_by=None) | Q(verified_at__isnull=False),
                        name="name_verified_by_and_at_together",
                    ),
                ],
            },
        ),
    ]
