"""The rights of a teammate, as one table. The door, the templates and the tests all use it and nothing else.

In an account a teammate has one access. In a project they may have another one (projects/access.py), which adds to it.
"""

from dataclasses import dataclass
from enum import StrEnum

from accounts.models import Access, Account, Membership, RolesByProject, WhoMayInvite
from accounts.second_factor import has_second_factor


class Can(StrEnum):
    """A right inside one account."""

    VIEW = "view"  # look at everything, run queries
    EDIT = "edit"  # definitions, reports, dashboards
    MANAGE = "manage"  # projects, environments, API keys, excluded IPs, teammates, settings
    INVITE = "invite"  # invite people to the account
    LEAVE = "leave"  # give up their own membership


READ_ONLY = frozenset({Can.VIEW, Can.LEAVE})
FULL = frozenset(Can)
FULL_IN_PROJECT = READ_ONLY | {Can.EDIT, Can.MANAGE}  # of a teammate who is read-only in the account


@dataclass(frozen=True)
class PolicyLine:
    """One line of "What can this person do?": the words, and the right it needs."""

    words: str
    needs: Can
    is_of_projects: bool = False  # their access to a project decides, where it is chosen by project


POLICY = (
    PolicyLine("View reports, dashboards, people and the live view, and run queries", Can.VIEW, is_of_projects=True),
    PolicyLine("View definitions, excluded IPs, teammates and activity", Can.VIEW),
    PolicyLine("Export results as CSV", Can.VIEW, is_of_projects=True),
    PolicyLine("Create, change and delete definitions, reports and dashboards", Can.EDIT, is_of_projects=True),
    PolicyLine("Send reports and dashboards by mail to other addresses", Can.EDIT, is_of_projects=True),
    PolicyLine("Change and delete projects; create, change and delete environments", Can.MANAGE, is_of_projects=True),
    PolicyLine("Create API tokens for programs that read, and revoke their own", Can.VIEW, is_of_projects=True),
    PolicyLine("Create and revoke API keys, and revoke everybody's API tokens", Can.MANAGE, is_of_projects=True),
    PolicyLine("Change the excluded IPs of environments", Can.MANAGE, is_of_projects=True),
    PolicyLine("Change the excluded IPs of the account", Can.MANAGE),
    PolicyLine("Create projects", Can.MANAGE),
    PolicyLine("Switch teammates between full access and read-only, and remove them", Can.MANAGE),
    PolicyLine("Rename the account and change its settings", Can.MANAGE),
    PolicyLine("Invite teammates", Can.INVITE),
    PolicyLine("Leave the account", Can.LEAVE),
)


def rights(membership: Membership, here: Access | None = None) -> frozenset[Can]:
    """Everything that this teammate may do in the account; or in a project, where their access is `here`."""
    if membership.access is Access.READ_ONLY:
        return FULL_IN_PROJECT if here is Access.FULL else READ_ONLY
    return FULL if _may_invite(membership) else FULL - {Can.INVITE}


def has_roles(membership: Membership) -> bool:
    """Whether this teammate's access is chosen project by project.

    It is not of those with full access to the account, who have it everywhere, nor of support's visits.
    """
    account: Account = membership.account
    is_by_project = account.roles_by_project != RolesByProject.OFF
    return is_by_project and membership.access is Access.READ_ONLY and membership.pk is not None


def _may_invite(membership: Membership) -> bool:
    account: Account = membership.account
    if account.who_may_invite == WhoMayInvite.SECOND_FACTOR:
        return has_second_factor(membership.user_id)
    return account.who_may_invite == WhoMayInvite.FULL


def what_can(membership: Membership) -> list[tuple[str, str]]:
    """The whole table for one teammate: (words, "yes", "no" or "by project")."""
    granted, by_project = rights(membership), has_roles(membership)
    return [
        (line.words, "by project" if by_project and line.is_of_projects else "yes" if line.needs in granted else "no")
        for line in POLICY
    ]
