"""What people keep in an environment: definitions, segments, reports, dashboards, and notes.

A `body` refers to other definitions and segments by `lineage` only, which is unique per environment: so copying an
environment rewrites nothing, and nothing can point into another environment.
"""

import uuid
from datetime import UTC, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.fields.json import KeyTransform
from django.db.models.lookups import LessThanOrEqual
from django.utils import timezone

from accounts.models import User
from common.local_days import midnight
from projects.models import Environment

MAX_TAGS = 10
MAX_TAG = 30  # characters
MAX_DESCRIPTION = 2_000  # characters
MOST_NOTES = 20_000  # on names, in an environment: twice as many as the catalogue has room for
SHARED_NOUNS = ["report", "dashboard"]  # what a shared link may show
NAME_KINDS = ["event", "kind", "builtin", "property", "user"]  # as references begin (definitions/catalogue_names.py)


class Kept(models.Model):
    """A named row of one environment. `version` grows with every save, so that saving an old version is refused.

    `tags` are short words (definitions/tags.py), in order and without a repetition. They are added and taken away one
    by one, not saved as a whole, so they change without a new version.
    """

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="+")
    lineage = models.UUIDField(default=uuid.uuid4)
    name = models.CharField(max_length=200)
    notes = models.TextField(blank=True)
    tags = ArrayField(models.CharField(max_length=MAX_TAG), default=list, db_default=[], blank=True)
    body = models.JSONField(default=dict)
    version = models.PositiveIntegerField(default=1)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        abstract = True

    def __str__(self) -> str:
        return self.name


def kept_constraints(thing: str) -> list[Any]:
    return [
        models.UniqueConstraint(fields=["environment", "lineage"], name=f"{thing}_lineage_once_per_environment"),
        models.UniqueConstraint(fields=["environment", "id"], name=f"{thing}_environment_and_id"),
        models.CheckConstraint(condition=~models.Q(name=""), name=f"{thing}_has_a_name"),
        models.CheckConstraint(condition=models.Q(version__gte=1), name=f"{thing}_version_from_1"),
        models.CheckConstraint(condition=models.Q(tags__len__lte=MAX_TAGS), name=f"{thing}_tags_few"),
    ]


class Definition(Kept):
    """A named event: the union of some selections (`bodies.DefinitionBody`). Retroactive: it reads all past data.

    At `looked_at`, a night, its last event in 90 days was that of `matched_at`, None if there was none.
    """

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="definitions")
    looked_at = models.DateTimeField(null=True)
    matched_at = models.DateTimeField(null=True)

    class Meta:
        constraints = kept_constraints("definition")
        indexes = [models.Index(fields=["environment", "name"], name="definition_by_name")]


class Segment(Kept):
    """A named group of people: conditions on their properties and on what they did (`bodies.SegmentBody`)."""

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="segments")

    class Meta:
        constraints = kept_constraints("segment")
        indexes = [models.Index(fields=["environment", "name"], name="segment_by_name")]


MAX_MEMBERS = 100_000  # of a segment
MOST_MEMBERS = 1_000_000  # of all fixed segments of an environment


class SegmentMember(models.Model):
    """An actor of a fixed segment, as they were listed: the person is whoever they are merged into today.

    People are data, so a copy of the segment in another environment has none. They go with the segment, and with the
    person (analytics/erasure.py).
    """

    pk = models.CompositePrimaryKey("environment_id", "lineage", "actor_id")
    environment_id = models.BigIntegerField()
    lineage = models.UUIDField()
    actor_id = models.BigIntegerField()

    class Meta:
        indexes = [models.Index(fields=["environment_id", "actor_id"], name="segmentmember_by_actor")]


class ReportKind(models.TextChoices):
    GRAPH = "graph"
    FUNNEL = "funnel"
    PATHS = "paths"
    RETENTION = "retention"
    STICKINESS = "stickiness"
    LIFECYCLE = "lifecycle"
    SESSIONS = "sessions"
    USERS = "users"


class Report(Kept):
    """A saved query: `kind` and its URL parameters, `body` = {"parameters": [[name, value], …]} (parameters.encode)."""

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="reports")
    kind = models.CharField(max_length=10, choices=ReportKind)

    class Meta:
        constraints = [
            *kept_constraints("report"),
            models.CheckConstraint(condition=models.Q(kind__in=ReportKind.values), name="report_kind_known"),
        ]
        indexes = [models.Index(fields=["environment", "name"], name="report_by_name")]


MAX_DASHBOARDS = 20  # of an environment
MAX_TILES = 40  # of a dashboard
LAST = 32_000  # the position of dashboards that nobody has put anywhere


class Dashboard(Kept):
    """Tiles in an order. `body` = {"tiles": [Tile.to_json(), …], "range": [[name, value], …]} (dashboards/tiles.py).

    Without "tiles" it shows what the environment has (dashboards/starters.py); without "range", each report its own.
    Dashboards are ordered by `position`, then by age. An environment without a row has one named Overview all the same
    (dashboards/kept.py).
    """

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="dashboards")
    position = models.PositiveSmallIntegerField(default=LAST)

    class Meta:
        constraints = [
            *kept_constraints("dashboard"),
            models.CheckConstraint(
                condition=LessThanOrEqual(
                    models.Func(
                        KeyTransform("tiles", "body"),
                        function="jsonb_array_length",
                        output_field=models.IntegerField(),
                    ),
                    MAX_TILES,
                ),
                name="dashboard_tiles_few",
            ),
        ]


MODELS: dict[str, type[Definition] | type[Segment] | type[Report] | type[Dashboard]] = {  # by noun (lineages.py)
    "definition": Definition,
    "segment": Segment,
    "report": Report,
    "dashboard": Dashboard,
}


class NameNote(models.Model):
    """What people say of a name in the catalogue of an environment: what it means, whether it is checked or hidden.

    `kind` and `name` are the two parts of a reference, as in "event:Signed up" or "property:plan". A hidden name is
    offered nowhere, but questions that name it are answered. A note stays when its name has no events any more.
    """

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="name_notes")
    kind = models.CharField(max_length=10, choices=[(kind, kind) for kind in NAME_KINDS])
    name = models.TextField()  # of at most 2,400 bytes, as the catalogue has it
    description = models.CharField(max_length=MAX_DESCRIPTION, blank=True)
    is_hidden = models.BooleanField(default=False)
    verified_at = models.DateTimeField(null=True)
    verified_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["environment", "kind", "name"], name="name_noted_once_per_environment"),
            models.CheckConstraint(condition=models.Q(kind__in=NAME_KINDS), name="name_kind_known"),
            models.CheckConstraint(condition=~models.Q(name=""), name="name_noted_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(verified_by=None) | models.Q(verified_at__isnull=False),
                name="name_verified_by_and_at_together",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"


MAX_NOTE = 500  # characters


class Note(models.Model):
    """What happened at some time, in one line: a deploy, a campaign, an outage. The environment's charts mark it.

    `at` is a moment. For a whole day (`is_day`) it is midnight UTC of that date in any time zone, so that the day stays
    the same when the project's time zone changes. `program` names the program that made it, if no person did.
    """

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="notes")
    at = models.DateTimeField()
    is_day = models.BooleanField()
    text = models.CharField(max_length=MAX_NOTE)
    program = models.CharField(max_length=120, blank=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    changed_at = models.DateTimeField(default=timezone.now)
    changed_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~models.Q(text=""), name="note_has_a_text"),
            models.CheckConstraint(
                condition=models.Q(at__gte=datetime(1999, 12, 31, tzinfo=UTC), at__lt=datetime(2200, 1, 1, tzinfo=UTC)),
                name="note_within_the_calendar",
            ),
            models.CheckConstraint(
                condition=models.Q(is_day=False) | models.Q(at__time=time(0)), name="note_of_a_day_at_midnight"
            ),
        ]
        indexes = [models.Index(fields=["environment", "at"], name="note_by_time")]

    def __str__(self) -> str:
        return self.text

    def begins(self, zone: ZoneInfo) -> datetime:
        """The moment, or the first one of the day in this time zone; in UTC."""
        return midnight(self.at.astimezone(UTC).date(), zone) if self.is_day else self.at

    def when(self, zone: ZoneInfo) -> str:
        """ "Tue 3 Mar 2026", or "Tue 3 Mar 2026, 14:05 CET"."""
        local = self.at.astimezone(UTC if self.is_day else zone)
        return f"{local:%a} {local.day} {local:%b %Y}" + ("" if self.is_day else f"{local:, %H:%M %Z}")


class Pin(models.Model):
    """Where servers of the version before dashboards kept a report on the only dashboard. Nothing reads it any more.

    Its rows became tiles in migration 0017. The table goes with a later version. A composite foreign key (migration
    0001) keeps a report and its pin in one environment.
    """

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="pins")
    report = models.OneToOneField(Report, models.CASCADE, related_name="pin")
    position = models.PositiveIntegerField()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment", "position"],
                name="pin_position_once_per_environment",
                deferrable=models.Deferrable.DEFERRED,
            ),
        ]


class SharedLinkQuerySet(models.QuerySet["SharedLink"]):
    def in_force(self) -> "SharedLinkQuerySet":
        """Links that open something: not ended, not expired, in an environment that is there, allowed by its account.

        The report or dashboard may be gone all the same.
        """
        return self.filter(
            models.Q(expires_at=None) | models.Q(expires_at__gt=timezone.now()),
            ended_at=None,
            environment__deleting_at=None,
            environment__project__deleting_at=None,
            environment__project__account__closed_at=None,
            environment__project__account__allows_shared_links=True,
        )


class SharedLink(models.Model):
    """Shows a report or a dashboard (`noun`, `lineage`) to people without a login who have its secret.

    The secret is derived from `nonce`, and only its digest is stored (analytics/shared_links/secret.py). `password` is
    hashed; empty if none is asked for. It belongs to the account: it stays when its maker leaves. Ended links are kept,
    to show what was open and when.
    """

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="shared_links")
    noun = models.CharField(max_length=10, choices=[(noun, noun) for noun in SHARED_NOUNS])
    lineage = models.UUIDField()
    name = models.CharField(max_length=100)  # for whom it is
    nonce = models.CharField(max_length=64)
    digest = models.CharField(max_length=64, unique=True)
    password = models.CharField(max_length=128, blank=True)
    shows_people = models.BooleanField(default=False)
    shows_notes = models.BooleanField(default=False)  # those on the time axis
    expires_at = models.DateTimeField(null=True)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    ended_at = models.DateTimeField(null=True)
    ended_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    last_viewed_at = models.DateTimeField(null=True)

    objects = SharedLinkQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=models.Q(noun__in=SHARED_NOUNS), name="sharedlink_noun_known"),
            models.CheckConstraint(condition=~models.Q(name=""), name="sharedlink_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(digest__regex=r"^[0-9a-f]{64}$"), name="sharedlink_digest_is_sha256"
            ),
            models.CheckConstraint(
                condition=models.Q(ended_by=None) | models.Q(ended_at__isnull=False),
                name="sharedlink_ended_by_with_a_time",
            ),
        ]
        indexes = [models.Index(fields=["environment", "noun", "lineage"], name="sharedlink_by_what_it_shows")]

    def __str__(self) -> str:
        return self.name

    @property
    def last_moment(self) -> datetime | None:
        """Within its last day."""
        return self.expires_at and self.expires_at - timedelta(seconds=1)


class SharedLinkViews(models.Model):
    """How often a shared link was opened on a day of its project's time zone."""

    link = models.ForeignKey(SharedLink, models.CASCADE, related_name="views")
    day = models.DateField()
    views = models.PositiveIntegerField()

    class Meta:
        constraints = [models.UniqueConstraint(fields=["link", "day"], name="sharedlinkviews_day_once")]

    def __str__(self) -> str:
        return f"{self.views} on {self.day}"


class Carry(models.Model):
    """A carry-over from another environment of the project into `environment`. It can be undone once.

    `changes` lists the rows that were written: [{"noun", "lineage", "version", "tags", "before"}]. `version` and `tags`
    are the new ones; `before` is the replaced content ({"name", "notes", "tags", "body", "kind"}), or null for a new
    row. Carries of before there were tags lack both.
    """

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="carries")
    source_name = models.CharField(max_length=100)
    changes = models.JSONField()
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    undone_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["environment", "-at"], name="carry_by_environment")]

    def __str__(self) -> str:
        return f"{len(self.changes):,} carried over from {self.source_name}"


class Expiry(models.Model):
    """Removing an environment's events from `before` a moment, because they are kept no longer: progress and receipt.

    `rows` grows step by step: {table: rows removed}.
    """

    environment = models.ForeignKey(Environment, models.CASCADE, related_name="expiries")
    before = models.DateTimeField()
    rows = models.JSONField(default=dict)
    started_at = models.DateTimeField(default=timezone.now)
    done_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["environment"], condition=models.Q(done_at=None), name="expiry_one_at_a_time"
            ),
        ]

    def __str__(self) -> str:
        return f"Expiry of {self.environment_id} before {self.before:%d %b %Y}"
