"""The collected data as Django models. The writers of this app write the rows, never `save()`.

SQL creates the tables (events/migrations/sql), with partitions, covering indexes and composite keys.
"""

from django.db import models
from django.utils import timezone

from events.columns import TEXTS


def optional_text() -> models.TextField:
    """A text column that is null if it does not apply, which costs no space. '' is a value that was sent."""
    return models.TextField(null=True)


class Kind(models.TextChoices):
    CUSTOM = "custom"
    PAGEVIEW = "pageview"
    CLICK = "click"
    CHANGE = "change"
    SUBMIT = "submit"


class Event(models.Model):
    """One thing that an actor did at `time`.

    `actor_id` is the actor that the event named: a visitor's number, or the negative hash of an identity
    (events/identity.py). The visitor may have been identified since, so read `coalesce(merges.to_actor, actor_id)`.
    `name` is set for custom events and empty for others. If it is too long for an index, it holds what stands for it,
    and `long_name` all of it (events/names.py). The text columns (events/columns.py) are null if they do not
    apply.

    `id` is below zero if a robot caused it (its `device` is "robot"): the indexes hold it, so leaving robots out costs
    nothing. Ids are in the order of arrival, for robots too.
    """

    pk = models.CompositePrimaryKey("environment_id", "time", "id")
    environment_id = models.BigIntegerField()
    time = models.DateTimeField()
    id = models.BigIntegerField()
    actor_id = models.BigIntegerField()
    session_id = models.BigIntegerField(null=True)
    pageview_id = models.BigIntegerField(null=True)
    received_at = models.DateTimeField(default=timezone.now)
    kind = models.TextField(choices=Kind, default=Kind.CUSTOM)
    name = models.TextField(default="")
    long_name = optional_text()
    properties = models.JSONField(default=dict)

    class Meta:
        db_table = "events"


for _column in TEXTS:
    Event.add_to_class(_column, optional_text())


class Person(models.Model):
    """A visitor (`actor_id` 0 and up, no identity) or an identified person (`actor_id` negative).

    An identified visitor has no row of their own: properties and `first_seen_at` move to the identity's row.
    `first_seen_at` and `last_seen_at` are times of events: null for those who have properties alone.
    `last_seen_at` is exact to a minute, so that not every event updates it.
    `is_robot` says that all events of a visitor came from robots; null while none has come.
    """

    pk = models.CompositePrimaryKey("environment_id", "actor_id")
    environment_id = models.BigIntegerField()
    actor_id = models.BigIntegerField()
    identity = optional_text()
    properties = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField(null=True)
    last_seen_at = models.DateTimeField(null=True)
    is_robot = models.BooleanField(null=True)

    class Meta:
        db_table = "people"
        verbose_name_plural = "people"


class Merge(models.Model):
    """The visitor `from_actor`, with their past, belongs to the identity `to_actor`. The first merge wins."""

    pk = models.CompositePrimaryKey("environment_id", "from_actor")
    environment_id = models.BigIntegerField()
    from_actor = models.BigIntegerField()
    to_actor = models.BigIntegerField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "merges"


class Customer(models.Model):
    """A customer of the account that collects, with its properties. Heap's API calls it an "account"."""

    pk = models.CompositePrimaryKey("environment_id", "account_id")
    environment_id = models.BigIntegerField()
    account_id = models.TextField()
    properties = models.JSONField(default=dict)
    first_seen_at = models.DateTimeField()
    last_seen_at = models.DateTimeField()

    class Meta:
        db_table = "customers"


class IdempotencyKey(models.Model):
    """An idempotency key that was received; `digest` is 128 bits of its hash. It expires after 7 days."""

    pk = models.CompositePrimaryKey("environment_id", "digest")
    environment_id = models.BigIntegerField()
    digest = models.UUIDField()
    at = models.DateTimeField(default=timezone.now)

    class Meta:
        db_table = "idempotency_keys"
