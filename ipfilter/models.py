"""Tables of excluded IPs: the lists with their text as typed, their rules, and how many events each rule kept out."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account, User
from ipfilter.rules.lists import MAX_CANONICAL_LENGTH, MAX_LINE_LENGTH
from projects.models import Environment


class ExcludedIPList(models.Model):
    """One list: the account's own (`environment` is null), which applies in all environments, or one environment's.

    `version` grows with every save, so that two people who edit at once do not undo each other's work. A trigger
    (migration 0003) sets `stamp` to a new number whenever a rule of the list is added, changed or deleted, by any
    program. Workers compare it to see if their compiled rules are out of date. Another trigger refuses an environment
    of another account.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="excluded_ip_lists")
    environment = models.OneToOneField(Environment, models.CASCADE, null=True, related_name="excluded_ip_list")
    text = models.TextField(blank=True)
    version = models.PositiveIntegerField(default=0)
    stamp = models.BigIntegerField(default=0, db_default=0, editable=False)
    saved_at = models.DateTimeField(default=timezone.now)
    saved_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account"], condition=Q(environment=None), name="excludediplist_one_account_list"
            ),
        ]


class ExcludedIP(models.Model):
    """One rule in force. A rule that stays when the list is saved keeps its row, so its counters continue."""

    list = models.ForeignKey(ExcludedIPList, models.CASCADE, related_name="rules")
    canonical = models.CharField(max_length=MAX_CANONICAL_LENGTH)  # ipfilter/rules/lists.py: the rule's identity
    source = models.CharField(max_length=MAX_LINE_LENGTH)  # as typed
    note = models.CharField(max_length=MAX_LINE_LENGTH, blank=True)
    position = models.PositiveIntegerField()  # order in the list, from 0
    added_at = models.DateTimeField(default=timezone.now)
    added_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [models.UniqueConstraint(fields=["list", "canonical"], name="excludedip_once_per_list")]
        verbose_name = "excluded IP"
        verbose_name_plural = "excluded IPs"

    def __str__(self) -> str:
        return self.source


class KeptOut(models.Model):
    """How many events one rule kept out of one environment on one day (UTC), and when it last did.

    Written by the collector apart from events (counters.py). When a rule or an environment is deleted, the database
    itself deletes these rows (migration 0003), so that a counter written at that moment does not block the deletion.
    """

    rule = models.ForeignKey(ExcludedIP, models.CASCADE, related_name="kept_out")
    environment = models.ForeignKey(Environment, models.CASCADE, related_name="kept_out")
    day = models.DateField()
    count = models.PositiveBigIntegerField()
    last_at = models.DateTimeField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["rule", "environment", "day"], name="keptout_once_per_day"),
            models.CheckConstraint(condition=Q(count__gt=0), name="keptout_counts_something"),
        ]
        verbose_name_plural = "kept out"
