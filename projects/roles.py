"""Choosing who reaches which project (projects/access.py says what it means), for teammates and for invitations."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from django.db import transaction
from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import QueryDict

from accounts import activity
from accounts.full_access import lock_for
from accounts.models import Access, Account, Invitation, Membership, RolesByProject, User
from accounts.policy import has_roles
from projects.access import reached_projects
from projects.models import Project, ProjectRole
from projects.role_forms import MOST_PROJECTS, NO_ACCESS, RolesForm

Holder = Membership | Invitation
VERB = "teammate.role"
AT_ONCE = 1_000  # roles in one statement


def roles_of(holder: Holder, projects: Iterable[Project]) -> dict[int, str]:
    """What is chosen for a teammate or an invitation in these projects: the access by id; '' for none."""
    found = ProjectRole.objects.filter(**{_kind(holder): holder}, project__in=list(projects))
    return dict(found.values_list("project_id", "access"))


@transaction.atomic
def choose(*, holders: Sequence[Holder], chosen: Mapping[Project, str], by: User) -> int:
    """Set the access of teammates, or of invitations, in projects of their account; returns in how many it changed.

    It holds from their next request on. The access is one of Access, or '' for none. Holders who are gone meanwhile
    are left out. Raises PermissionDenied if `by` has lost the right meanwhile.
    """
    if not holders or not chosen:
        return 0
    account = lock_for(by, holders[0].account)
    kind, current = _kind(holders[0]), _locked(holders)
    wanted = {(each.pk, project): access for each in current for project, access in chosen.items()}
    kept = ProjectRole.objects.filter(**{f"{kind}__in": current}, project__in=list(chosen))
    before = {(getattr(role, f"{kind}_id"), role.project): role.access for role in kept.select_related("project")}
    changed = {key: access for key, access in wanted.items() if before.get(key) != access}
    ProjectRole.objects.bulk_create(
        [
            ProjectRole(project=project, access=access, **{f"{kind}_id": pk})
            for (pk, project), access in changed.items()
        ],
        update_conflicts=True,
        unique_fields=[kind, "project"],
        update_fields=["access"],
        batch_size=AT_ONCE,
    )
    projects = {project for _, project in changed}
    for project in sorted(projects, key=lambda each: each.name):
        activity.record(
            account=account,
            by=by,
            verb=VERB,
            target=f"{project.name}: {_who(current)}",
            details={"access": in_words(chosen[project])},
            project_number=project.pk,
        )
    return len(projects)


def _kind(holder: Holder) -> str:
    return "membership" if isinstance(holder, Membership) else "invitation"


def _locked(holders: Sequence[Holder]) -> list[Any]:
    """Those that are still there: teammates who have not left, invitations that nobody answered."""
    ids = [each.pk for each in holders]
    if isinstance(holders[0], Membership):
        teammates = Membership.objects.select_for_update(of=("self",)).select_related("user")
        return list(teammates.filter(pk__in=ids).order_by("pk"))
    return list(Invitation.objects.open().select_for_update().filter(pk__in=ids).order_by("pk"))


def _who(holders: Sequence[Holder]) -> str:
    first, more = holders[0], len(holders) - 1
    address = first.user.email if isinstance(first, Membership) else first.email
    return f"{address} and {more:,} more" if more else address


def usual(account: Account) -> str:
    """The access where nothing is chosen, as ProjectRole stores it."""
    return "" if account.roles_by_project == RolesByProject.NONE else Access.READ_ONLY


def in_words(access: str) -> str:
    return Access(access).label if access else NO_ACCESS


class Roles:
    """What accounts ask about access by project; see accounts/by_project.py."""

    def reached(self, membership: Membership) -> QuerySet[Project] | None:
        return reached_projects(membership) if has_roles(membership) else None

    def form(self, account: Account, data: QueryDict | None) -> BaseForm | None:
        """None too where an account has more projects than a form takes: then they are chosen after inviting."""
        if account.roles_by_project == RolesByProject.OFF:
            return None
        projects = list(account.projects.live().order_by("name", "pk")[: MOST_PROJECTS + 1])
        return RolesForm(data, projects=projects, usual=usual(account)) if len(projects) <= MOST_PROJECTS else None

    def offer(self, form: BaseForm, invitations: Iterable[Invitation], by: User) -> None:
        """An invitation that is renewed gets what is chosen now, and keeps the rest."""
        assert isinstance(form, RolesForm)
        choose(holders=list(invitations), chosen=form.chosen, by=by)

    def join(self, invitation: Invitation, membership: Membership) -> None:
        invitation.project_roles.update(invitation=None, membership=membership)
