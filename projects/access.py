"""Who reaches which project, and with what access. Everything that asks this asks here.

Where an account has roles by project (Account.roles_by_project), its read-only teammates have in each project what was
chosen for them there, or else what the account says for all that is not chosen. A project to which they have no access
does not exist for them. Those with full access to the account have it in every project.
"""

from django.db.models import Exists, OuterRef, Q, QuerySet

from accounts.models import Access, Membership, RolesByProject, User
from accounts.policy import has_roles
from accounts.second_factor import has_second_factor
from accounts.sso.models import IdentityProvider, SsoIdentity, WayBack
from projects.models import Environment, Project, ProjectRole


def access_in(user: User, project: Project) -> Access | None:
    """What `user` may do in `project` now; None if nothing. For what acts for people without a request."""
    membership = Membership.objects.select_related("account").filter(account=project.account_id, user=user).first()
    if membership is None:
        return None
    membership.user = user
    return access_without_request(membership, project)


def access_without_request(membership: Membership, project: Project) -> Access | None:
    """The same for a teammate, whose account and user are loaded.

    None too where the door lets nobody in: the account is closed, the project is being deleted, the login is switched
    off, or the account requires single sign-on or a second factor that the person does not have.
    """
    account = membership.account
    if account.closed_at is not None or project.deleting_at is not None or not membership.user.is_active:
        return None
    if (account.require_sso or account.require_second_factor) and not _meets_the_rules(membership):
        return None
    return access(membership, project)


def _meets_the_rules(membership: Membership) -> bool:
    """Whether the person could sign in as the account requires. Whoever comes through its own provider has met all."""
    account = membership.account
    providers = IdentityProvider.objects.usable().filter(account=account)
    if SsoIdentity.objects.filter(provider__in=providers, user=membership.user_id).exists():
        return True
    if account.require_sso and not WayBack.objects.filter(membership=membership).exists():
        return False
    return has_second_factor(membership.user_id)


def access(membership: Membership, project: Project) -> Access | None:
    """What a teammate may do in a project of their account; None if nothing."""
    if not has_roles(membership):
        return membership.access
    role = ProjectRole.objects.filter(membership=membership, project=project).first()
    return where_chosen(membership, role.access if role else None)


def where_chosen(membership: Membership, chosen: str | None) -> Access | None:
    """The access of a teammate with roles in a project where `chosen` is their role's; None: nothing is chosen."""
    if chosen is None:
        return None if membership.account.roles_by_project == RolesByProject.NONE else membership.access
    return Access(chosen) if chosen else None


def reached_projects(membership: Membership) -> QuerySet[Project]:
    """The projects of the account that a teammate reaches, those being deleted among them."""
    projects = Project.objects.filter(account=membership.account_id)
    if not has_roles(membership):
        return projects
    roles = ProjectRole.objects.filter(membership=membership, project=OuterRef("pk"))
    if membership.account.roles_by_project == RolesByProject.NONE:
        return projects.filter(Exists(roles.exclude(access="")))
    return projects.exclude(Exists(roles.filter(access="")))


def reached_environments(membership: Membership) -> QuerySet[Environment]:
    """The environments that a teammate reaches, without those being deleted."""
    return Environment.objects.live().filter(project__in=reached_projects(membership))


def reaching_teammates(project: Project) -> QuerySet[Membership]:
    """The teammates who reach a project, without those whose login is switched off."""
    account = project.account
    teammates = Membership.objects.filter(account=account, user__is_active=True)
    roles = ProjectRole.objects.filter(membership=OuterRef("pk"), project=project)
    if account.roles_by_project == RolesByProject.NONE:
        return teammates.filter(Q(read_only=False) | Exists(roles.exclude(access="")))
    if account.roles_by_project == RolesByProject.READ_ONLY:
        return teammates.exclude(Q(read_only=True) & Exists(roles.filter(access="")))
    return teammates


def full_in(membership: Membership) -> set[int]:
    """Of a teammate with roles: the ids of the projects in which they have full access."""
    roles = ProjectRole.objects.filter(membership=membership, access=Access.FULL) if has_roles(membership) else ()
    return {role.project_id for role in roles}
