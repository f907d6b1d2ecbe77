"""What the collector stores besides events: shared addresses, deletion requests, and counts by hour."""

import uuid

from django.db import models
from django.db.models import Q
from django.utils import timezone

from collector.decide import COUNTED
from collector.protocol.limits import MAX_IDENTITY
from projects.models import ApiKey, Environment


class SharedAddress(models.Model):
    """An address from which visitors of several accounts seemed to come: most likely a proxy that is not trusted yet.

    An address that sends to only one or two accounts is not kept at all.
    """

    address = models.GenericIPAddressField(unique=True)
    accounts = models.PositiveIntegerField()  # at least this many within one minute; the largest number of a day
    seen_at = models.DateTimeField()

    class Meta:
        verbose_name_plural = "shared addresses"

    def __str__(self) -> str:
        return f"{self.address}: {self.accounts} accounts"


class DeletionStatus(models.TextChoices):
    """The progress of a deletion, in the words of the protocol."""

    PENDING = "pending"
    IN_PROGRESS = "in_progress"
    COMPLETE = "complete"


class DeletionRequest(models.Model):
    """A program's request to delete people in all environments of its API key's project, and its progress.

    DeletionTarget holds the identities until the people are erased. Afterwards only numbers remain: of people, and of
    deleted rows per table.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    api_key = models.ForeignKey(ApiKey, models.CASCADE, related_name="deletion_requests")
    people = models.PositiveIntegerField()  # in the request, each counted once, whether or not they are known
    rows = models.JSONField(default=dict)  # {table: rows deleted so far}
    asked_at = models.DateTimeField(default=timezone.now)
    started_at = models.DateTimeField(null=True)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(people__gte=1), name="deletionrequest_names_somebody"),
            models.CheckConstraint(
                condition=Q(done_at=None) | Q(started_at__isnull=False), name="deletionrequest_starts_before_it_ends"
            ),
        ]
        indexes = [models.Index(fields=["asked_at"], condition=Q(done_at=None), name="deletionrequest_unfinished")]

    def __str__(self) -> str:
        return f"Deletion {self.pk}"

    @property
    def status(self) -> DeletionStatus:
        if self.done_at is not None:
            return DeletionStatus.COMPLETE
        return DeletionStatus.PENDING if self.started_at is None else DeletionStatus.IN_PROGRESS


class DeletionTarget(models.Model):
    """A person whom a deletion has not erased yet. The row is deleted as soon as they are erased."""

    request = models.ForeignKey(DeletionRequest, models.CASCADE, related_name="targets")
    identity = models.CharField(max_length=MAX_IDENTITY)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(identity=""), name="deletiontarget_has_an_identity"),
        ]

    def __str__(self) -> str:
        return f"Somebody in {self.request_id}"


class CollectedHour(models.Model):
    """The requests to one environment within one hour (UTC) that had the same outcome.

    The collector writes these rows in a transaction of their own (counts/tally.py). The database itself deletes them
    with their environment (migration 0003), so that a count written at that moment does not block the deletion.
    """

    environment = models.ForeignKey(
        Environment,
        models.CASCADE,
        related_name="collected_hours",
        db_constraint=False,  # the migration creates one with `on delete cascade`
        db_index=False,  # the unique index begins with this column
    )
    hour = models.DateTimeField()
    outcome = models.CharField(max_length=20)
    requests = models.PositiveBigIntegerField()
    events = models.PositiveBigIntegerField()  # includes people and customers, as far as the request was read
    properties_left_out = models.PositiveBigIntegerField(default=0, db_default=0)  # for which there was no room
    texts_cut = models.PositiveBigIntegerField(default=0, db_default=0)
    identities_ignored = models.PositiveBigIntegerField(default=0, db_default=0)  # because they name nobody
    protobufs_refused = models.PositiveBigIntegerField(default=0, db_default=0)  # requests
    robots = models.PositiveBigIntegerField(default=0, db_default=0)  # of the events
    last_at = models.DateTimeField()  # when the last request arrived
    last_seconds = models.FloatField()  # from its arrival to its answer; 0 if nothing had to be committed
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
            models.CheckConstraint(condition=Q(robots__lte=models.F("events")), name="collectedhour_robots_are_events"),
            models.CheckConstraint(
                condition=Q(last_seconds__gte=0, slowest_seconds__gte=models.F("last_seconds")),
                name="collectedhour_slowest_is_slowest",
            ),
        ]
        indexes = [models.Index(fields=["hour"], name="collectedhour_by_hour")]  # to delete old rows
