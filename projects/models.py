"""Tables of projects, their environments, API keys and API tokens, and of removals (deletions, running or done)."""

import secrets

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models.functions import Lower
from django.utils import timezone

from accounts.models import Access, Account, Invitation, Membership, User
from common.shown_once import ShownOnce

PRODUCTION = "Production"
LIVE = models.Q(deleting_at=None)


def new_app_id() -> str:
    """Ten random digits, the first not zero. Random, so that one cannot be guessed from another."""
    return str(10**9 + secrets.randbelow(9 * 10**9))


class ProjectQuerySet(models.QuerySet["Project"]):
    def live(self) -> "ProjectQuerySet":
        """Projects that are not being deleted."""
        return self.filter(deleting_at=None)


class Project(models.Model):
    """A product that is analysed on its own. Nothing of one project is ever visible from another.

    Once `deleting_at` is set, people and programs no longer see it, and a job removes the rows (projects/removal.py).
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="projects")
    name = models.CharField(max_length=100)
    time_zone = models.CharField(max_length=64, default="UTC")
    week_starts_on = models.PositiveSmallIntegerField(default=1)  # ISO: 1 is Monday, 7 is Sunday
    leaves_out_robots = models.BooleanField(default=True, db_default=True)  # of questions
    months_kept = models.PositiveSmallIntegerField(null=True, blank=True)  # events; null: as the installation does
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    deleting_at = models.DateTimeField(null=True, blank=True)

    objects = ProjectQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("account", Lower("name"), condition=LIVE, name="project_name_once_per_account"),
            models.CheckConstraint(condition=~models.Q(name=""), name="project_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(week_starts_on__range=(1, 7)), name="project_week_starts_on_a_day"
            ),
            models.CheckConstraint(condition=models.Q(months_kept__range=(1, 120)), name="project_months_kept"),
        ]

    def __str__(self) -> str:
        return self.name


class EnvironmentQuerySet(models.QuerySet["Environment"]):
    def live(self) -> "EnvironmentQuerySet":
        """Environments that are not being deleted. Deleting a project deletes all of its environments."""
        return self.filter(deleting_at=None)


class Environment(models.Model):
    """A target for events, identified by `app_id`: Production, or a copy of the project with its own data.

    The `app_id` has ten random digits, or is one that its people bring along from Heap: at most ten digits.
    `deleting_at` works as for a project; from then on the collector refuses the `app_id`.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="environments")
    name = models.CharField(max_length=100)
    app_id = models.CharField(max_length=10, default=new_app_id, unique=True)
    is_production = models.BooleanField(default=False)
    capture = models.JSONField(default=dict, db_default=models.Value({}, models.JSONField()))  # projects/capture.py
    months_kept = models.PositiveSmallIntegerField(null=True, blank=True)  # events; null: as the project does
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    deleting_at = models.DateTimeField(null=True, blank=True)

    objects = EnvironmentQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint("project", Lower("name"), condition=LIVE, name="environment_name_once_per_project"),
            models.UniqueConstraint(
                fields=["project"], condition=LIVE & models.Q(is_production=True), name="environment_one_production"
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="environment_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(app_id__regex=r"^[1-9][0-9]{0,9}$"), name="environment_app_id_up_to_ten_digits"
            ),
            models.CheckConstraint(condition=models.Q(capture__contains={}), name="environment_capture_is_an_object"),
            models.CheckConstraint(condition=models.Q(months_kept__range=(1, 120)), name="environment_months_kept"),
        ]

    def __str__(self) -> str:
        return self.name


class ProjectRole(models.Model):
    """The access that was chosen for one teammate in one project; `access` is '' where the project is hidden from them.

    It holds while the account's `roles_by_project` is on and the teammate is read-only in the account, and is kept
    otherwise. The role of an invitation becomes the teammate's when it is accepted. projects/access.py reads roles.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="roles")
    membership = models.ForeignKey(Membership, models.CASCADE, null=True, related_name="project_roles")
    invitation = models.ForeignKey(Invitation, models.CASCADE, null=True, related_name="project_roles")
    access = models.CharField(max_length=20, choices=Access.choices, blank=True)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["membership", "project"], name="projectrole_once_per_teammate"),
            models.UniqueConstraint(fields=["invitation", "project"], name="projectrole_once_per_invitation"),
            models.CheckConstraint(
                condition=models.Q(membership=None, invitation__isnull=False)
                | models.Q(membership__isnull=False, invitation=None),
                name="projectrole_of_a_teammate_or_an_invitation",
            ),
            models.CheckConstraint(
                condition=models.Q(access__in=["", *Access.values]), name="projectrole_access_is_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.access or 'none'} in {self.project}"


class UsedAppId(models.Model):
    """An app_id that an environment has or had. A trigger writes it, and keeps it from every other account for ever.

    It outlives the environment and the account, because senders do: what they go on sending is nobody else's. So
    `account_number` is no foreign key.
    """

    app_id = models.CharField(max_length=10, primary_key=True)
    account_number = models.BigIntegerField()

    def __str__(self) -> str:
        return self.app_id


class ApiKeyQuerySet(models.QuerySet["ApiKey"]):
    def in_force(self) -> "ApiKeyQuerySet":
        """Keys that work: not revoked, of a project that is not being deleted, in an open account."""
        return self.filter(revoked_at=None, project__deleting_at=None, project__account__closed_at=None)


class ApiKey(ShownOnce):
    """Lets a program of the account use the API of one project, in all its environments."""

    project = models.ForeignKey(Project, models.CASCADE, related_name="api_keys")

    objects = ApiKeyQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "project", Lower("name"), condition=models.Q(revoked_at=None), name="apikey_name_once_per_project"
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="apikey_has_a_name"),
            models.CheckConstraint(condition=models.Q(digest__regex=r"^[0-9a-f]{64}$"), name="apikey_digest_is_sha256"),
            models.CheckConstraint(condition=models.Q(ending__regex=r"^.{4}$"), name="apikey_ending_four_characters"),
            models.CheckConstraint(
                condition=models.Q(revoked_by=None) | models.Q(revoked_at__isnull=False),
                name="apikey_revoked_by_with_a_time",
            ),
        ]


class TokenScope(models.TextChoices):
    """What an API token is for. A request that needs another scope is refused, whatever the token's maker may do."""

    DEFINITIONS = "definitions", "Read environments, definitions, segments, reports and the catalogue"
    QUERIES = "queries", "Run reports and questions"
    PEOPLE = "people", "Read people: lists of them, and questions that name a property of people"
    EXCLUDED_IPS = "excluded_ips", "Read excluded IPs"
    CHANGE_EXCLUDED_IPS = "change_excluded_ips", "Change excluded IPs, as far as you may yourself"


class ApiTokenQuerySet(models.QuerySet["ApiToken"]):
    def in_force(self) -> "ApiTokenQuerySet":
        """Tokens that work: not revoked, of somebody who is a teammate still, for a project that is there.

        Once a membership ends, its tokens have none for ever, also if the same person comes back.
        """
        return self.filter(
            revoked_at=None,
            membership__account=models.F("project__account"),
            membership__user__is_active=True,
            project__deleting_at=None,
            project__account__closed_at=None,
        )


class ApiToken(ShownOnce):
    """Lets a program read one project as a person: what its maker may do now, within `scopes`.

    Without a `membership`, its maker has left.
    """

    project = models.ForeignKey(Project, models.CASCADE, related_name="api_tokens")
    membership = models.ForeignKey(Membership, models.SET_NULL, null=True, related_name="+")
    scopes = ArrayField(models.CharField(max_length=30))  # of TokenScope

    objects = ApiTokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "project", Lower("name"), condition=models.Q(revoked_at=None), name="apitoken_name_once_per_project"
            ),
            models.CheckConstraint(condition=~models.Q(name=""), name="apitoken_has_a_name"),
            models.CheckConstraint(
                condition=models.Q(scopes__contained_by=TokenScope.values, scopes__len__gte=1),
                name="apitoken_scopes_known",
            ),
            models.CheckConstraint(
                condition=models.Q(digest__regex=r"^[0-9a-f]{64}$"), name="apitoken_digest_is_sha256"
            ),
            models.CheckConstraint(condition=models.Q(ending__regex=r"^.{4}$"), name="apitoken_ending_four_characters"),
            models.CheckConstraint(
                condition=models.Q(revoked_by=None) | models.Q(revoked_at__isnull=False),
                name="apitoken_revoked_by_with_a_time",
            ),
        ]

    @property
    def ended_because(self) -> str:
        """Why it opens nothing, although nobody revoked it; "" if that is not so."""
        return "" if self.membership_id else "its maker has left"

    @property
    def scopes_in_short(self) -> list[str]:
        """ "queries", "excluded IPs"."""
        return [each.replace("_", " ").replace("ips", "IPs") for each in self.scopes]


class Removal(models.Model):
    """The deletion of one environment, or of a project with all its environments: scope, progress and receipt.

    `scope` names the rows by the ids they refer to: {"project_id": [7], "environment_id": [12, 13]}. For a single
    environment there is no "project_id". `rows` grows step by step: {table: rows removed}.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="removals")
    name = models.CharField(max_length=210)  # "Web shop" or "Web shop › Staging"
    scope = models.JSONField()
    project_number = models.BigIntegerField(null=True)  # of the project; no foreign key, for the row outlives it
    expected = models.PositiveBigIntegerField()  # number of rows when the deletion was asked for
    rows = models.JSONField(default=dict)
    asked_at = models.DateTimeField(default=timezone.now)
    asked_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    done_at = models.DateTimeField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account", "-asked_at"], name="removal_by_account")]

    def __str__(self) -> str:
        return f"Removal of {self.name}"

    @property
    def removed(self) -> int:
        """Rows removed so far."""
        return sum(self.rows.values())
