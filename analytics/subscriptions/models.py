"""Subscriptions, and the mails that are due or were sent."""

from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import Membership
from projects.models import Environment


class Frequency(models.TextChoices):
    DAILY = "daily", "Day"
    WEEKLY = "weekly", "Week"
    MONTHLY = "monthly", "Month"


class Subscription(models.Model):
    """A report or a dashboard of an environment (`noun`, `lineage`), sent to whoever made it, or to `email`.

    It is due at `hour` in the project's time zone, `zone` when `due_at` was computed; weekly on the weekday `day` (1 is
    Monday), monthly on the `day` of the month, or its last. An `email` gets nothing before it has confirmed, and is
    told who people are, and the notes on charts, only if it `shows_people`. It goes with the membership of its maker.
    The secrets in its links are derived from `nonce` (common/links.py).
    """

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="subscriptions")
    membership = models.ForeignKey(Membership, models.CASCADE, related_name="+")
    noun = models.CharField(max_length=10)
    lineage = models.UUIDField()
    email = models.EmailField(max_length=254, blank=True)
    shows_people = models.BooleanField(default=False)
    confirmed_at = models.DateTimeField(null=True)
    frequency = models.CharField(max_length=10)
    day = models.PositiveSmallIntegerField(default=1)
    hour = models.PositiveSmallIntegerField(default=8)
    zone = models.CharField(max_length=64)
    due_at = models.DateTimeField()
    nonce = models.CharField(max_length=32)
    end_digest = models.CharField(max_length=64, unique=True)
    confirm_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True)
    ended_why = models.CharField(max_length=100, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "lineage", "noun", "membership"],
                condition=models.Q(email="", ended_at=None),
                name="subscription_once_per_person",
            ),
            models.UniqueConstraint(
                fields=["environment", "lineage", "noun", "email"],
                condition=~models.Q(email="") & models.Q(ended_at=None),
                name="subscription_once_per_address",
            ),
            models.CheckConstraint(
                condition=models.Q(noun__in=["report", "dashboard"]), name="subscription_noun_known"
            ),
            models.CheckConstraint(
                condition=models.Q(frequency__in=Frequency.values), name="subscription_frequency_known"
            ),
            models.CheckConstraint(condition=models.Q(hour__lte=23), name="subscription_hour_of_a_day"),
            models.CheckConstraint(condition=models.Q(day__range=(1, 31)), name="subscription_day_of_a_month"),
            models.CheckConstraint(condition=models.Q(email=Lower("email")), name="subscription_email_lower_case"),
        ]
        indexes = [
            models.Index(fields=["due_at"], condition=models.Q(ended_at=None), name="subscription_due"),
            models.Index(fields=["email", "created_at"], condition=~models.Q(email=""), name="subscription_by_email"),
        ]

    def __str__(self) -> str:
        return f"{self.noun} {self.lineage} to {self.to}"

    @property
    def to(self) -> str:
        """The address that gets it."""
        return self.email or self.membership.user.email


class Sending(models.Model):
    """The mail of a subscription for one `interval`, the local day on which it was due. A row is made before anything.

    It is worked off in the order of `turn_at`. `taken_at`: a worker composes it. From `handed_at` on, when the mail is
    given to the mail server, it is never tried again. `done_at` ends it: sent (`sent_at`), or not, as `problem` says.
    """

    subscription = models.ForeignKey(Subscription, models.CASCADE, related_name="sendings")
    interval = models.DateField()
    turn_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    taken_at = models.DateTimeField(null=True)
    handed_at = models.DateTimeField(null=True)
    sent_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)
    problem = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["subscription", "interval"], name="sending_once_per_interval"),
            models.CheckConstraint(
                condition=models.Q(sent_at=None) | models.Q(handed_at__isnull=False), name="sending_handed_before_sent"
            ),
        ]
        indexes = [
            models.Index(fields=["turn_at"], condition=models.Q(done_at=None, handed_at=None), name="sending_by_turn")
        ]

    def __str__(self) -> str:
        return f"{self.subscription} of {self.interval}"
