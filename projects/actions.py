"""What changes projects and environments."""

from dataclasses import dataclass

from django.db import transaction

from accounts import activity
from accounts.models import Account, Membership, User
from projects import registry
from projects.models import PRODUCTION, Environment, Project


@transaction.atomic
def open_account(*, name: str, owner: User, project_name: str) -> Project:
    """Make an account with `owner` as its full-access teammate and a first project; returns the project."""
    account = Account.objects.create(name=name)
    Membership.objects.create(account=account, user=owner)
    activity.record(account=account, by=owner, verb="account.open", target=name)
    return create_project(account=account, name=project_name, by=owner)


@transaction.atomic
def create_project(*, account: Account, name: str, by: User | None) -> Project:
    """Make a project, a clean slate with one environment named Production, and return it.

    Raises IntegrityError when the account has a project of that name (without regard to case).
    """
    project = Project.objects.create(account=account, name=name, time_zone=account.time_zone, created_by=by)
    Environment.objects.create(project=project, name=PRODUCTION, is_production=True, created_by=by)
    activity.record(account=account, by=by, verb="project.create", target=name)
    return project


@dataclass(frozen=True)
class AddedEnvironment:
    """A new environment, and how many of each kind were copied into it ({"definitions": 14, "reports": 6})."""

    environment: Environment
    copied: dict[str, int]

    @property
    def receipt(self) -> str:
        """ "14 definitions and 6 reports copied, 0 events"."""
        parts = [f"{count:,} {kind if count != 1 else kind.removesuffix('s')}" for kind, count in self.copied.items()]
        return f"{' and '.join(parts) or 'Nothing'} copied, 0 events"


@transaction.atomic
def add_environment(*, project: Project, name: str, source: Environment, by: User) -> AddedEnvironment:
    """Make an environment and copy the definitions and reports of `source` into it, all or nothing; no data.

    Raises IntegrityError when the project has an environment of that name, ValueError when `source` is of
    another project.
    """
    if source.project_id != project.pk:
        raise ValueError("the source is not an environment of this project")
    environment = Environment.objects.create(project=project, name=name, created_by=by)
    added = AddedEnvironment(environment, registry.copy(source, environment))
    activity.record(
        account=project.account,
        by=by,
        verb="environment.add",
        target=f"{project.name} › {name}",
        details={"copied": added.copied, "from": source.name},
    )
    return added
