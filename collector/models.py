"""What the collector itself keeps, beside the events."""

from django.db import models
from django.db.models import Q

from collector.decide import COUNTED
from projects.models import Environment


class SharedAddress(models.Model):
    """An address from which visitors of several accounts seemed to come: most likely a proxy that is not trusted yet.

    Addresses that one or two accounts are sent to from are not kept at all.
    """

    address = models.GenericIPAddressField(unique=True)
    accounts = models.PositiveIntegerField()  # at least so many within a minute; the most of one day
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "shared addresses"

    def __str__(self) -> str:
        return f"{self.address}: {self.accounts} accounts"


class CollectedHour(models.Model):
    """What became of the requests to one environment that came within one hour (UTC): one row per outcome.

    Written by the collector beside everything else (tally.py). The database itself removes the rows of an environment
    that goes (migration 0003), so that a count which comes at that moment stops nobody.
    """

    environment = models.ForeignKey(
        Environment,
        models.CASCADE,
        related_name="collected_hours",
        db_constraint=False,  # the migration makes one that cascades
        db_index=False,  # the one for uniqueness begins with it
    )
    hour = models.DateTimeField()
    outcome = models.CharField(max_length=20)
    requests = models.PositiveBigIntegerField()
    events = models.PositiveBigIntegerField()  # and people and customers, as far as anybody has looked
    last_at = models.DateTimeField()  # when the last one came
    last_seconds = models.FloatField()  # from its arrival to its answer; 0 where nothing had to be committed
    slowest_seconds = models.FloatField()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "hour", "outcome"], name="collectedhour_once_per_outcome"),
            models.CheckConstraint(
                condition=Q(outcome__in=COUNTED),
                name="collectedhour_known_outcome",
            ),
            models.CheckConstraint(
                condition=Q(hour__minute=0, hour__second=0), name="collectedhour_begins_with_its_hour"
            ),
            models.CheckConstraint(condition=Q(requests__gt=0), name="collectedhour_counts_something"),
            models.CheckConstraint(
                condition=Q(last_seconds__gte=0, slowest_seconds__gte=models.F("last_seconds")),
                name="collectedhour_slowest_is_slowest",
            ),
        ]
        indexes = [models.Index(fields=["hour"], name="collectedhour_by_hour")]  # for removing the old
