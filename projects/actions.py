"""What changes projects and environments."""

from django.db import transaction

from accounts import activity
from accounts.models import Account, User
from projects.models import PRODUCTION, Environment, Project


@transaction.atomic
def create_project(*, account: Account, name: str, by: User | None) -> Project:
    """Make a project, a clean slate with one environment named Production, and return it.

    Raises IntegrityError when the account has a project of that name (without regard to case).
    """
    project = Project.objects.create(account=account, name=name, created_by=by)
    Environment.objects.create(project=project, name=PRODUCTION, is_production=True, created_by=by)
    activity.record(account=account, by=by, verb="project.create", target=name)
    return project
