"""Everything that changes projects, environments and API keys; and opening an account with its first project."""

from dataclasses import dataclass, replace
from typing import Any

from django.db import transaction
from django.urls import reverse
from django.utils import timezone
from django.utils.text import get_text_list

from accounts import activity
from accounts.leaving import MOST_LISTED, KnownSecret
from accounts.models import Account, Membership, User
from common import jobs
from common.changes import change
from common.counted import counted
from projects import api_keys, registry, removal
from projects.capture import Capture
from projects.models import PRODUCTION, ApiKey, Environment, Project, Removal

SHOWN_ENDING = 4  # characters of an API key's secret that are stored, so that people can recognise the key


@transaction.atomic
def open_account(*, name: str, owner: User, project_name: str, app_id: str = "", time_zone: str = "UTC") -> Project:
    """Create an account, with `owner` as its full-access teammate and a first project. Returns the project.

    Raises IntegrityError if `app_id`, one from Heap, is not free.
    """
    account = Account.objects.create(name=name, time_zone=time_zone)
    Membership.objects.create(account=account, user=owner)
    activity.record(account=account, by=owner, verb="account.open", target=name)
    return create_project(account=account, name=project_name, by=owner, app_id=app_id)


@transaction.atomic
def create_project(*, account: Account, name: str, by: User | None, app_id: str = "") -> Project:
    """Create an empty project with one environment named Production, and return it. `app_id` is one from Heap.

    Raises IntegrityError if the account has a project of that name (case-insensitive), or the app_id is not free.
    """
    project = Project.objects.create(account=account, name=name, time_zone=account.time_zone, created_by=by)
    Environment.objects.create(project=project, name=PRODUCTION, is_production=True, created_by=by, **_brought(app_id))
    activity.record(
        account=account,
        by=by,
        verb="project.create",
        target=name,
        details=_brought(app_id),
        project_number=project.pk,
    )
    return project


def _brought(app_id: str) -> dict[str, str]:
    """The app_id that somebody brought along; without one the environment gets a new one."""
    return {"app_id": app_id} if app_id else {}


@dataclass(frozen=True)
class AddedEnvironment:
    """A new environment, and how many of each kind were copied into it ({"definitions": 14, "reports": 6})."""

    environment: Environment
    copied: dict[str, int]

    @property
    def receipt(self) -> str:
        """ "14 definitions, 2 segments and 6 reports copied, 0 events"."""
        parts = [counted(count, kind.removesuffix("s")) for kind, count in self.copied.items()]
        return f"{get_text_list(parts, 'and') or 'Nothing'} copied, 0 events"


class BeingDeleted(Exception):
    """The project or environment is already being deleted, by another person or by the first of two clicks."""


@transaction.atomic
def add_environment(
    *, project: Project, name: str, source: Environment, by: User, app_id: str = ""
) -> AddedEnvironment:
    """Create an environment and copy the definitions and reports of `source` into it, all or nothing, without data.

    Raises IntegrityError if the project has an environment of that name or `app_id`, one from Heap, is not free,
    ValueError if `source` belongs to another project, BeingDeleted if the project is being deleted.
    """
    if source.project_id != project.pk:
        raise ValueError("the source is not an environment of this project")
    _locked(project)
    environment = Environment.objects.create(
        project=project, name=name, capture=source.capture, created_by=by, **_brought(app_id)
    )
    added = AddedEnvironment(environment, registry.copy(source, environment))
    activity.record(
        account=project.account,
        by=by,
        verb="environment.add",
        target=f"{project.name} › {name}",
        details={"copied": added.copied, "from": source.name, **_brought(app_id)},
        project_number=project.pk,
    )
    return added


class LastOne(Exception):
    """The last environment of a project, or the last project of an account, cannot be deleted. The message says so."""


@transaction.atomic
def change_project(*, project: Project, by: User, **values: Any) -> list[str]:
    """Set `name`, `time_zone`, `week_starts_on` or `leaves_out_robots`; returns those that changed.

    Raises IntegrityError if the account has a project of that name already.
    """
    changed = change(project, values)
    if changed:
        activity.record(
            account=project.account,
            by=by,
            verb="project.change",
            target=project.name,
            details=changed,
            project_number=project.pk,
        )
    return list(changed)


@transaction.atomic
def change_months_kept(*, project: Project, by: User, months: dict[int | None, int | None]) -> bool:
    """Set for how many months events are kept, by environment id; None stands for the project. Whether any changed.

    What is kept no longer is removed by the next nightly run, not before. Raises KeyError for an environment that the
    project does not have.
    """
    environments = {each.pk: each for each in project.environments.live().select_for_update(no_key=True)}
    changed: dict[str, Any] = {}
    for key, kept in months.items():
        thing, name = (project, project.name) if key is None else (environments[key], environments[key].name)
        if values := change(thing, {"months_kept": kept}):
            changed[name] = values["months_kept"]
    if changed:
        activity.record(
            account=project.account,
            by=by,
            verb="project.months_kept",
            target=project.name,
            details=changed,
            project_number=project.pk,
        )
    return bool(changed)


@transaction.atomic
def rename_environment(*, environment: Environment, name: str, by: User) -> None:
    """Rename an environment. Raises IntegrityError if the project has an environment of that name already."""
    project = environment.project
    if changed := change(environment, {"name": name}):
        activity.record(
            account=project.account,
            by=by,
            verb="environment.rename",
            target=f"{project.name} › {name}",
            details=changed,
            project_number=project.pk,
        )


@transaction.atomic
def change_capture(*, environment: Environment, by: User, **changes: bool | tuple[str, ...]) -> bool:
    """Change what the environment's tracker leaves out (names of projects.capture.Capture); whether anything changed.

    It holds at once in the collector, and within an hour in pages.
    """
    stored = Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)
    capture = replace(Capture.from_json(stored.capture), **changes)  # type: ignore[arg-type]  # by name
    changed = change(environment, {"capture": capture.to_json()})
    if changed:
        project = environment.project
        activity.record(
            account=project.account,
            by=by,
            verb="environment.capture",
            target=f"{project.name} › {environment.name}",
            details=changed,
            project_number=project.pk,
        )
    return bool(changed)


@transaction.atomic
def delete_environment(*, environment: Environment, by: User) -> Removal:
    """Close an environment to people and programs at once, and defer a job that removes its rows.

    Raises LastOne for the only environment of its project, BeingDeleted if it is being deleted already.
    """
    project = _locked(environment.project)
    live = project.environments.live()
    if not live.filter(pk=environment.pk).exists():
        raise BeingDeleted
    if not live.exclude(pk=environment.pk).exists():
        raise LastOne(f"{environment.name} is the only environment of {project.name}. Delete the project instead.")
    name = f"{project.name} › {environment.name}"
    return _delete(
        environments=[environment],
        project=project,
        is_whole=False,
        account=environment.project.account,
        name=name,
        by=by,
    )


@transaction.atomic
def delete_project(*, project: Project, by: User) -> Removal:
    """Close a project with all its environments at once, and defer a job that removes its rows.

    Raises LastOne for the only project of its account, BeingDeleted if it is being deleted already.
    """
    account = Account.objects.select_for_update(no_key=True).get(pk=project.account_id)
    _locked(project)
    if not account.projects.live().exclude(pk=project.pk).exists():
        raise LastOne(f"{project.name} is the only project of {account.name}. Create another one first.")
    environments = list(project.environments.live())
    return _delete(environments=environments, project=project, is_whole=True, account=account, name=project.name, by=by)


def _locked(project: Project) -> Project:
    """Lock the project and return its current row, so that additions and deletions run one after the other.

    Raises BeingDeleted.
    """
    current = Project.objects.live().select_for_update(no_key=True).filter(pk=project.pk).first()
    if current is None:
        raise BeingDeleted
    return current


def _delete(
    *, environments: list[Environment], project: Project, is_whole: bool, account: Account, name: str, by: User
) -> Removal:
    """Delete these environments of a project; with `is_whole` they are all, and the project goes too."""
    now = timezone.now()
    scope = {"environment_id": [each.pk for each in environments]} | ({"project_id": [project.pk]} if is_whole else {})
    Environment.objects.filter(pk__in=scope["environment_id"]).update(deleting_at=now)
    if is_whole:
        Project.objects.filter(pk=project.pk).update(deleting_at=now)
    asked = Removal.objects.create(
        account=account,
        name=name,
        scope=scope,
        project_number=project.pk,
        expected=removal.count(scope),
        asked_by=by,
        asked_at=now,
    )
    activity.record(
        account=account,
        by=by,
        verb="project.delete" if is_whole else "environment.delete",
        target=name,
        details={"rows": asked.expected},
        project_number=project.pk,
    )
    jobs.defer_once("projects.remove", removal_id=asked.pk)
    return asked


@transaction.atomic
def create_api_key(*, project: Project, name: str, by: User) -> tuple[ApiKey, str]:
    """Create a key; returns it and its secret, which cannot be shown again.

    Raises IntegrityError if the project has a key in force of that name (case-insensitive).
    """
    secret = api_keys.new_secret()
    key = ApiKey.objects.create(
        project=project, name=name, digest=api_keys.digest(secret), ending=secret[-SHOWN_ENDING:], created_by=by
    )
    _record_api_key(key, by, "api_key.create")
    return key, secret


@transaction.atomic
def revoke_api_key(*, key: ApiKey, by: User | None, program: str = "") -> None:
    """Revoke the key, effective now. A key that was revoked before stays unchanged.

    `by` is None if the program of that name revokes it.
    """
    revoked = ApiKey.objects.filter(pk=key.pk, revoked_at=None).update(revoked_at=timezone.now(), revoked_by=by)
    if revoked:
        _record_api_key(key, by, "api_key.revoke", program)


def revoke_api_keys_of_leaver(account: Account, user: User, program: str) -> None:
    """Revoke the API keys that `user` made in `account`: they have seen the secrets.

    If no program but a teammate removed them, that one was told of the keys, and may let the account's programs go on.
    """
    if not program:
        return
    for key in ApiKey.objects.filter(project__account=account, created_by=user, revoked_at=None).select_related(
        "project__account"
    ):
        revoke_api_key(key=key, by=None, program=program)


def api_keys_of_leaver(account: Account, user: User) -> list[KnownSecret]:
    """The API keys in force that `user` made in `account`."""
    made = ApiKey.objects.in_force().filter(project__account=account, created_by=user).select_related("project")
    return [
        KnownSecret("API key", key.name, reverse("projects:api_key_list", args=[key.project_id]), key.project.name)
        for key in made.order_by("project__name", "name")[:MOST_LISTED]
    ]


def _record_api_key(key: ApiKey, by: User | None, verb: str, program: str = "") -> None:
    project = key.project
    details = {"project": project.name, "ending": key.ending}
    activity.record(
        account=project.account,
        by=by,
        verb=verb,
        target=key.name,
        details=details,
        program=program,
        project_number=project.pk,
    )
