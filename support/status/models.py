"""The results of the checks, by minute and by day, and the incidents that staff write."""

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from accounts.models import User


class Component(models.TextChoices):
    """The three parts on the status page."""

    CONSOLE = "console", "Console"
    COLLECTION = "collection", "Collection"
    QUERIES = "queries", "Queries"


class State(models.IntegerChoices):
    """How well a part works. A greater number is worse."""

    UP = 0, "Up"
    DEGRADED = 1, "Degraded"
    DOWN = 2, "Down"


class Sample(models.Model):
    """The result of one minute's check of one part. Of two results the worse one stays. Deleted after two days."""

    component = models.CharField(max_length=20, choices=Component.choices)
    at = models.DateTimeField()  # the start of the minute
    state = models.SmallIntegerField(choices=State.choices)
    reason = models.CharField(max_length=300, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["component", "at"], name="sample_once_a_minute"),
            models.CheckConstraint(condition=Q(state__in=State.values), name="sample_state_known"),
            models.CheckConstraint(condition=Q(component__in=Component.values), name="sample_component_known"),
        ]
        indexes = [models.Index(fields=["at"], name="sample_by_time")]


class Day(models.Model):
    """How many minutes of one day (UTC) a part was up, degraded and down. Minutes without a check are not counted."""

    component = models.CharField(max_length=20, choices=Component.choices)
    on = models.DateField()
    minutes_up = models.IntegerField(default=0)
    minutes_degraded = models.IntegerField(default=0)
    minutes_down = models.IntegerField(default=0)

    class Meta:
        constraints = [models.UniqueConstraint(fields=["component", "on"], name="day_once_per_component")]


class BackupKind(models.TextChoices):
    DUMP = "dump", "Backup"
    BASE = "base", "Base backup"


class BackupQuerySet(models.QuerySet["Backup"]):
    def good(self) -> "BackupQuerySet":
        return self.filter(bytes__isnull=False, lost_at=None)


class Backup(models.Model):
    """One try to make a backup by the schedule. It is good once its size is known, unless its file was lost since.

    One that has not ended runs, or was killed, or is in a database that it was restored into.
    """

    kind = models.CharField(max_length=10, choices=BackupKind.choices)
    name = models.CharField(max_length=100)  # of the file or folder
    started_at = models.DateTimeField()  # the moment that it holds
    ended_at = models.DateTimeField(null=True)
    bytes = models.BigIntegerField(null=True)
    problem = models.TextField(blank=True)  # why it is none
    lost_at = models.DateTimeField(null=True)  # when it was noticed that the file is gone

    objects = BackupQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(kind__in=BackupKind.values), name="backup_kind_known"),
            models.CheckConstraint(
                condition=Q(ended_at=None, bytes=None, problem="")
                | Q(ended_at__isnull=False, bytes__isnull=False, problem="")
                | (Q(ended_at__isnull=False, bytes=None) & ~Q(problem="")),
                name="backup_runs_or_is_good_or_failed",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class Impact(models.TextChoices):
    """The effect of an incident on the parts it concerns, while it lasts."""

    NONE = "none", "Everything works: for information"
    DEGRADED = "degraded", "Degraded"
    DOWN = "down", "Down"


class Incident(models.Model):
    """A public note by staff. The status page shows it until it ends, whatever is measured."""

    title = models.CharField(max_length=150)
    console = models.BooleanField(default=False)
    collection = models.BooleanField(default=False)
    queries = models.BooleanField(default=False)
    impact = models.CharField(max_length=10, choices=Impact.choices, default=Impact.DEGRADED)
    started_at = models.DateTimeField(default=timezone.now)
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(title=""), name="incident_has_a_title"),
            models.CheckConstraint(condition=Q(impact__in=Impact.values), name="incident_impact_known"),
            models.CheckConstraint(
                condition=Q(ended_at=None) | Q(ended_at__gte=F("started_at")), name="incident_ends_after_its_start"
            ),
        ]
        indexes = [models.Index(fields=["-started_at"], name="incident_by_start")]

    def __str__(self) -> str:
        return self.title

    def components(self) -> list[Component]:
        """The parts it concerns."""
        return [each for each in Component if getattr(self, each.value)]


class IncidentUpdate(models.Model):
    """The news about an incident at one time."""

    incident = models.ForeignKey(Incident, models.CASCADE, related_name="updates")
    text = models.TextField(max_length=2_000)
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, models.SET_NULL, null=True, editable=False, related_name="+")

    class Meta:
        ordering = ["-at", "-pk"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="incidentupdate_has_text")]

    def __str__(self) -> str:
        return self.text[:60]
