"""Visits of support to accounts, and whether an account allows them."""

from datetime import timedelta

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import Account, User

VISIT = timedelta(minutes=30)


class SupportAccess(models.Model):
    """Whether an account allows visits. Without a row, they are allowed."""

    account = models.OneToOneField(Account, models.CASCADE, primary_key=True, related_name="support_access")
    visits_allowed = models.BooleanField(default=True)
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    def __str__(self) -> str:
        return "may visit" if self.visits_allowed else "may not visit"


class Visit(models.Model):
    """A staff member's read-only look at an account's pages: one browser session, half an hour at most."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="support_visits")
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    by_name = models.CharField(max_length=254)
    reason = models.CharField(max_length=500)
    session_digest = models.CharField(max_length=64)  # of the session's key: the key itself opens the session
    started_at = models.DateTimeField(default=timezone.now)
    ends_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(reason=""), name="visit_has_a_reason"),
            models.CheckConstraint(condition=Q(ends_at__lte=F("started_at") + VISIT), name="visit_half_an_hour"),
        ]
        indexes = [models.Index(fields=["account", "-started_at"], name="visit_by_account")]

    def __str__(self) -> str:
        return f"Visit {self.pk}"
