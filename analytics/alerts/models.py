"""What is stored of alerts. Django finds it through AnalyticsConfig.import_models."""

import uuid

from django.db import models
from django.utils import timezone

from accounts.models import Membership, User
from projects.models import Environment

MAX_ALERTS = 50  # of an environment
MAX_WEBHOOKS = 10  # of an environment
MAX_EVENT = 2_500  # characters of a reference to an event
MAX_URL = 500  # characters


class Watches(models.TextChoices):
    REPORT = "report", "A number of a report"
    SILENCE = "silence", "No events for some time"
    DEFINITION = "definition", "A definition that stopped matching"


class Figure(models.TextChoices):
    """Which number of a report: that of one interval alone, or that of the report's whole range up to its end."""

    INTERVAL = "interval"
    TOTAL = "total"


class AlertRule(models.TextChoices):
    """How the number has to be. Of those that rise, fall or change, it is the difference from the period before."""

    ABOVE = "above", "is above"
    BELOW = "below", "is below"
    ROSE = "rose", "rose by more than"
    FELL = "fell", "fell by more than"
    CHANGED = "changed", "changed by more than"
    LASTS = "lasts", "lasts for"  # silence: at least so long

    @property
    def is_of_difference(self) -> bool:
        return self in (AlertRule.ROSE, AlertRule.FELL, AlertRule.CHANGED)


class Webhook(models.Model):
    """An address to which alerts are told. Its secret is derived from `nonce` (webhooks/secrets.py), never stored.

    While a secret is being changed, the one of `old_nonce` signs too, until `old_until`. The address may hold a secret
    itself: pages show its host alone, and exports leave it out. After `failures` attempts in a row nothing is sent
    until `paused_until`. `claimed_until`: somebody is sending to it. It ended when it answered 410.
    """

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="webhooks")
    name = models.CharField(max_length=100)
    secret_url = models.CharField(max_length=MAX_URL)
    nonce = models.CharField(max_length=32)
    old_nonce = models.CharField(max_length=32, blank=True)
    old_until = models.DateTimeField(null=True)
    failures = models.PositiveIntegerField(default=0)
    paused_until = models.DateTimeField(null=True)
    claimed_until = models.DateTimeField(null=True)
    tried_at = models.DateTimeField(null=True)
    ended_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "name"], name="webhook_name_once_per_environment"),
            models.CheckConstraint(condition=~models.Q(name=""), name="webhook_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(old_nonce="", old_until=None)
                | (~models.Q(old_nonce="") & models.Q(old_until__isnull=False)),
                name="webhook_old_secret_and_until_together",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Alert(models.Model):
    """One thing that is watched. It is about this environment alone: copying an environment leaves it.

    watches report      the `figure` of the report of this lineage, by `rule`, each `unit`
            silence     hours without events: any (`event` is ''), or those of a reference; each hour
            definition  days without a match of the definition of this lineage; each day

    `fires_at` and `over_at` are the thresholds (rules.py). `judged_until` is the end of the interval judged last, and
    `value` what it had, None if there was none. `problem` says why it could not be judged. `attempts` counts tries at
    the interval that is due. `version` grows when what is judged changes.
    """

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="alerts")
    name = models.CharField(max_length=200)
    watches = models.CharField(max_length=10, choices=Watches)
    lineage = models.UUIDField(null=True)
    event = models.CharField(max_length=MAX_EVENT, blank=True)
    figure = models.CharField(max_length=10, choices=Figure, blank=True)
    rule = models.CharField(max_length=10, choices=AlertRule)
    in_percent = models.BooleanField(default=False)
    fires_at = models.FloatField()
    over_at = models.FloatField()
    unit = models.CharField(max_length=10)
    webhooks = models.ManyToManyField(Webhook, related_name="alerts")

    is_on = models.BooleanField(default=True)
    is_firing = models.BooleanField(default=False)
    turned_at = models.DateTimeField(null=True)  # when it fired, or was over
    value = models.FloatField(null=True)
    problem = models.CharField(max_length=300, blank=True)
    attempts = models.PositiveSmallIntegerField(default=0)
    judged_until = models.DateTimeField(null=True)
    next_at = models.DateTimeField(default=timezone.now)
    version = models.PositiveIntegerField(default=1)

    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(name=""), name="alert_has_a_name"),
            models.CheckConstraint(condition=models.Q(rule__in=AlertRule.values), name="alert_rule_known"),
            models.CheckConstraint(condition=models.Q(unit__in=["hour", "day", "week"]), name="alert_unit_known"),
            models.CheckConstraint(
                condition=models.Q(watches=Watches.REPORT, lineage__isnull=False, figure__in=Figure.values)
                | models.Q(watches=Watches.SILENCE, lineage=None, figure="", rule=AlertRule.LASTS, unit="hour")
                | models.Q(
                    watches=Watches.DEFINITION, lineage__isnull=False, figure="", rule=AlertRule.LASTS, unit="day"
                ),
                name="alert_watches_one_thing",
            ),
            models.CheckConstraint(
                condition=models.Q(rule=AlertRule.BELOW, over_at__gte=models.F("fires_at"))
                | (~models.Q(rule=AlertRule.BELOW) & models.Q(over_at__lte=models.F("fires_at"))),
                name="alert_over_on_the_other_side",
            ),
        ]
        indexes = [models.Index(fields=["next_at"], condition=models.Q(is_on=True), name="alert_due")]

    def __str__(self) -> str:
        return self.name


class AlertRecipient(models.Model):
    """A teammate who is told by mail, while they reach the project. Who leaves the account is told nothing any more."""

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="recipients")
    membership = models.ForeignKey(Membership, models.CASCADE, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["alert", "membership"], name="alert_recipient_once")]


class ChangeKind(models.TextChoices):
    FIRED = "fired", "fired"
    OVER = "over", "is over"
    UNANSWERED = "unanswered", "cannot be judged"


class AlertChange(models.Model):
    """An alert fired, was over, or could not be judged, at the end of an interval. It is told once, as it was then.

    `told`: {"name", "watched", "words", "when", "value", "starts", "ends"}, from which mails and webhooks are made.
    """

    alert = models.ForeignKey(Alert, models.CASCADE, related_name="changes")
    interval_end = models.DateTimeField()
    change = models.CharField(max_length=10, choices=ChangeKind)
    told = models.JSONField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["alert", "interval_end", "change"], name="alert_change_once"),
            models.CheckConstraint(condition=models.Q(change__in=ChangeKind.values), name="alert_change_known"),
        ]
        indexes = [models.Index(fields=["at"], name="alertchange_by_age")]


class DeliveryState(models.TextChoices):
    WAITING = "waiting", "waiting"
    SENDING = "sending", "being sent"
    SENT = "sent", "sent"
    FAILED = "failed", "failed"
    DROPPED = "dropped", "not sent"  # nobody may, or can, be told any more


class AlertDelivery(models.Model):
    """One change told to one teammate by mail, or to one webhook; without a change, a test of the webhook.

    `number` is the message's id, the same at each attempt. `answer` is the HTTP status of the last attempt, `problem`
    says in words what went wrong. Nothing of what was sent, nor of what was answered, is kept.
    """

    change = models.ForeignKey(AlertChange, models.CASCADE, null=True, related_name="deliveries")
    membership = models.ForeignKey(Membership, models.CASCADE, null=True, related_name="+")
    webhook = models.ForeignKey(Webhook, models.CASCADE, null=True, related_name="deliveries")
    number = models.UUIDField(default=uuid.uuid4, unique=True)
    state = models.CharField(max_length=10, choices=DeliveryState, default=DeliveryState.WAITING)
    attempts = models.PositiveSmallIntegerField(default=0)
    answer = models.PositiveSmallIntegerField(null=True)
    problem = models.CharField(max_length=200, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    tried_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["change", "membership"], name="alert_delivery_once_per_teammate"),
            models.UniqueConstraint(fields=["change", "webhook"], name="alert_delivery_once_per_webhook"),
            models.CheckConstraint(
                condition=models.Q(state__in=DeliveryState.values), name="alert_delivery_state_known"
            ),
            models.CheckConstraint(
                condition=models.Q(membership__isnull=False, webhook=None, change__isnull=False)
                | models.Q(membership=None, webhook__isnull=False),
                name="alert_delivery_to_one",
            ),
        ]
        indexes = [
            models.Index(
                fields=["webhook", "created_at"], condition=models.Q(state="waiting"), name="alert_delivery_waiting"
            ),
            models.Index(fields=["created_at"], name="alert_delivery_by_age"),
        ]
