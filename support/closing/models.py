"""Closing an account: requested, in its grace period, being purged, and the receipt that stays."""

from datetime import datetime

from django.core.validators import MaxValueValidator
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User

LONGEST_GRACE_DAYS = 90


class ClosingState(models.TextChoices):
    GRACE = "grace", "Closed, can be reopened"
    PURGING = "purging", "Being removed"
    DONE = "done", "Removed"
    REOPENED = "reopened", "Reopened"


class ClosingQuerySet(models.QuerySet["Closing"]):
    def under_way(self) -> "ClosingQuerySet":
        """Closings of accounts that are closed now and still there."""
        return self.filter(state__in=[ClosingState.GRACE, ClosingState.PURGING])


class Closing(models.Model):
    """One closing of one account, and in the end its receipt.

    `account_number` is the account's id but not a foreign key, because the row stays when the account is gone. The
    receipt holds nothing personal: `account_name`, `asked_by`, `scope` and `expected` are emptied, `rows` stays.
    """

    account_number = models.BigIntegerField()
    account_name = models.CharField(max_length=100, blank=True)
    asked_by = models.TextField(max_length=1_000, blank=True)  # the person who asked for it, in staff's words
    state = models.CharField(max_length=10, choices=ClosingState.choices, default=ClosingState.GRACE)
    grace_days = models.PositiveSmallIntegerField(validators=[MaxValueValidator(LONGEST_GRACE_DAYS)])
    closed_at = models.DateTimeField(default=timezone.now)
    closed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")  # None: on the command line
    grace_until = models.DateTimeField()
    reopened_at = models.DateTimeField(null=True)
    reopened_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    purge_started_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    # ids by which the account's rows are found, stored when the purge starts: {table: [ids]}
    scope = models.JSONField(default=dict)
    expected = models.JSONField(default=dict)  # rows per table when the account was closed
    rows = models.JSONField(default=dict)  # rows removed, per table

    objects = ClosingQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account_number"], condition=~Q(state=ClosingState.REOPENED), name="closing_once_per_account"
            ),
            models.CheckConstraint(condition=Q(state__in=ClosingState.values), name="closing_state_known"),
            models.CheckConstraint(condition=Q(grace_days__lte=LONGEST_GRACE_DAYS), name="closing_grace_not_too_long"),
            models.CheckConstraint(condition=Q(grace_until__gte=F("closed_at")), name="closing_grace_after_closing"),
            models.CheckConstraint(
                condition=~Q(state=ClosingState.DONE)
                | Q(done_at__isnull=False, account_name="", asked_by="", scope={}, expected={}),
                name="closing_receipt_is_impersonal",
            ),
            models.CheckConstraint(
                condition=Q(state=ClosingState.REOPENED, reopened_at__isnull=False)
                | (~Q(state=ClosingState.REOPENED) & Q(reopened_at=None)),
                name="closing_reopened_has_a_time",
            ),
        ]
        indexes = [models.Index(fields=["state", "grace_until"], name="closing_by_state")]

    def __str__(self) -> str:
        return f"Closing of account {self.account_number}"

    @property
    def may_be_reopened(self) -> bool:
        """Whether there is a way back: without days of grace there never was."""
        return self.state == ClosingState.GRACE and self.grace_days > 0

    @property
    def state_in_words(self) -> str:
        """The state; without days of grace nobody could ever reopen it."""
        if self.state == ClosingState.GRACE and not self.may_be_reopened:
            return ClosingState.PURGING.label
        return ClosingState(self.state).label

    @property
    def rows_removed(self) -> int:
        return sum(int(count) for count in self.rows.values())

    @property
    def rows_expected(self) -> int:
        return max(sum(int(count) for count in self.expected.values()), self.rows_removed)

    def is_due(self, now: datetime) -> bool:
        """Whether the grace period is over, so that the purge may start."""
        return self.state == ClosingState.GRACE and self.grace_until <= now
