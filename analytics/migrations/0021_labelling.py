"""Confirmed sites, and tickets for labelling on them."""

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    runs_beside_old_code = True

    dependencies = [
        ("analytics", "0020_subscriptions"),
        ("projects", "0011_api_tokens"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.RunSQL("set local lock_timeout = '5s'", migrations.RunSQL.noop),
        migrations.CreateModel(
            name="ConfirmedSite",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("origin", models.CharField(max_length=300)),
                ("confirmed_at", models.DateTimeField(default=django.utils.timezone.now)),
                (
                    "confirmed_by",
                    models.ForeignKey(
                        null=True,
                        on_delete=django.db.models.deletion.SET_NULL,
                        related_name="+",
                        to=settings.AUTH_USER_MODEL,
                    ),
                ),
                (
                    "environment",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="sites", to="projects.environment"
                    ),
                ),
            ],
        ),
        migrations.CreateModel(
            name="LabelTicket",
            fields=[
                ("id", models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name="ID")),
                ("digest", models.CharField(max_length=64, unique=True)),
                ("token_digest", models.CharField(max_length=64, null=True, unique=True)),
                ("session_digest", models.CharField(max_length=64)),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("used_at", models.DateTimeField(null=True)),
                ("ends_at", models.DateTimeField()),
                (
                    "site",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="tickets",
                        to="analytics.confirmedsite",
                    ),
                ),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE, related_name="+", to=settings.AUTH_USER_MODEL
                    ),
                ),
            ],
        ),
        migrations.AddIndex(
            model_name="confirmedsite",
            index=models.Index(fields=["origin"], name="site_by_origin"),
        ),
        migrations.AddConstraint(
            model_name="confirmedsite",
            constraint=models.UniqueConstraint(fields=("environment", "origin"), name="site_once_per_environment"),
        ),
        migrations.AddConstraint(
            model_name="confirmedsite",
            constraint=models.CheckConstraint(
                condition=models.Q(("origin__regex", "^https?://[^/?#@\\s]+$")), name="site_is_an_origin"
            ),
        ),
        migrations.AddIndex(
            model_name="labelticket",
            index=models.Index(fields=["user", "site", "-created_at"], name="labelticket_by_user"),
        ),
        migrations.AddConstraint(
            model_name="labelticket",
            constraint=models.CheckConstraint(
                condition=models.Q(("digest__regex", "^[0-9a-f]{64}$"), ("session_digest__regex", "^[0-9a-f]{64}$")),
                name="labelticket_digests_are_sha256",
            ),
        ),
        migrations.AddConstraint(
            model_name="labelticket",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("token_digest__isnull", True), ("used_at", None)),
                    models.Q(
                        ("token_digest__isnull", False),
                        ("token_digest__regex", "^[0-9a-f]{64}$"),
                        ("used_at__isnull", False),
                    ),
                    _connector="OR",
                ),
                name="labelticket_token_once_used",
            ),
        ),
        migrations.AddConstraint(
            model_name="labelticket",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_at__gte", models.F("created_at"))), name="labelticket_ends_later"
            ),
        ),
    ]
