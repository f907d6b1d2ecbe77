"""Sites that somebody has confirmed for an environment, and tickets with which people label on them.

Django finds them through AnalyticsConfig.import_models.
"""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User
from projects.models import Environment

MAX_ORIGIN = 300  # characters


class ConfirmedSite(models.Model):
    """An origin (scheme, host, port) whose pages may count and save in this environment while people label on them.

    Domains in events prove nothing, because everybody can read the app_id and send events with any domain.
    """

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="sites")
    origin = models.CharField(max_length=MAX_ORIGIN)  # as browsers send it
    confirmed_at = models.DateTimeField(default=timezone.now)
    confirmed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "origin"], name="site_once_per_environment"),
            models.CheckConstraint(condition=Q(origin__regex=r"^https?://[^/?#@\s]+$"), name="site_is_an_origin"),
        ]
        indexes = [models.Index(fields=["origin"], name="site_by_origin")]

    def __str__(self) -> str:
        return self.origin


class LabelTicket(models.Model):
    """Lets the script on one site act as one person until `ends_at`, as long as their session lives.

    The secret works once: then a token takes its place. Only digests are stored, also of the session's key.
    """

    site = models.ForeignKey(ConfirmedSite, models.CASCADE, related_name="tickets")
    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    token_digest = models.CharField(max_length=64, unique=True, null=True)  # noqa: DJ001  empty would not be unique
    session_digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    used_at = models.DateTimeField(null=True)
    ends_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.CheckConstraint(
                condition=Q(digest__regex=r"^[0-9a-f]{64}$", session_digest__regex=r"^[0-9a-f]{64}$"),
                name="labelticket_digests_are_sha256",
            ),
            models.CheckConstraint(
                condition=Q(token_digest__isnull=True, used_at=None)
                | Q(token_digest__isnull=False, token_digest__regex=r"^[0-9a-f]{64}$", used_at__isnull=False),  # noqa: S106
                name="labelticket_token_once_used",
            ),
            models.CheckConstraint(condition=Q(ends_at__gte=F("created_at")), name="labelticket_ends_later"),
        ]
        indexes = [models.Index(fields=["user", "site", "-created_at"], name="labelticket_by_user")]

    def __str__(self) -> str:
        return f"Ticket of {self.user} for {self.site}"
