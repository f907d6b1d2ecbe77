"""Shared links: a report or a dashboard for people without a login, and how often each is opened."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models
from django.db.models import Q

NOUNS = ["report", "dashboard"]


def who() -> models.ForeignKey:
    return models.ForeignKey(
        null=True, on_delete=django.db.models.deletion.SET_NULL, related_name="+", to=settings.AUTH_USER_MODEL
    )


class Migration(migrations.Migration):
    runs_beside_old_code = True
    dependencies = [
        ("analytics", "0018_alerts"),
        ("accounts", "0015_shared_links"),
        ("projects", "0011_api_tokens"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]
    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="SharedLink",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("noun", models.CharField(choices=[(noun, noun) for noun in NOUNS], max_length=10)),
                ("lineage", models.UUIDField()),
                ("name", models.CharField(max_length=100)),
                ("nonce", models.CharField(max_length=64)),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("password", models.CharField(blank=True, max_length=128)),
                ("shows_people", models.BooleanField(default=False)),
                ("shows_notes", models.BooleanField(default=False)),
                ("expires_at", models.DateTimeField(null=True)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
                ("last_viewed_at", models.DateTimeField(null=True)),
                ("created_by", who()),
                ("ended_by", who()),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="shared_links",
                        to="projects.environment",
                    ),
                ),
            ],
            options={
                "indexes": [
                    models.Index(fields=["environment", "noun", "lineage"], name="sharedlink_by_what_it_shows")
                ],
                "constraints": [
                    models.CheckConstraint(condition=Q(noun__in=NOUNS), name="sharedlink_noun_known"),
                    models.CheckConstraint(condition=~Q(name=""), name="sharedlink_has_a_name"),
                    models.CheckConstraint(
                        condition=Q(digest__regex="^[0-9a-f]{64}$"), name="sharedlink_digest_is_sha256"
                    ),
                    models.CheckConstraint(
                        condition=Q(ended_by=None) | Q(ended_at__isnull=False), name="sharedlink_ended_by_with_a_time"
                    ),
                ],
            },
        ),
        migrations.CreateModel(
            name="SharedLinkViews",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("day", models.DateField()),
                ("views", models.PositiveIntegerField()),
                (
                    "link",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="views", to="analytics.sharedlink"
                    ),
                ),
            ],
            options={
                "constraints": [models.UniqueConstraint(fields=["link", "day"], name="sharedlinkviews_day_once")],
            },
        ),
    ]
