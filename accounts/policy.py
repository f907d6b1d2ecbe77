"""The rights of a teammate, as one table. The door, the templates and the tests all use it and nothing else."""

from dataclasses import dataclass
from enum import StrEnum

from accounts.models import Account, Membership, WhoMayInvite
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


@dataclass(frozen=True)
class PolicyLine:
    """One line of "What can this person do?": the words, and the right it needs."""

    words: str
    needs: Can


POLICY = (
    PolicyLine("View reports, dashboards, people and the live view, and run queries", Can.VIEW),
    PolicyLine("View definitions, excluded IPs, teammates and activity", Can.VIEW),
    PolicyLine("Export results as CSV", Can.VIEW),
    PolicyLine("Create, change and delete definitions, reports and dashboards", Can.EDIT),
    PolicyLine("Create, rename and delete projects and environments", Can.MANAGE),
    PolicyLine("Create API tokens for programs that read, and revoke their own", Can.VIEW),
    PolicyLine("Create and revoke API keys, and revoke everybody's API tokens", Can.MANAGE),
    PolicyLine("Change the excluded IPs", Can.MANAGE),
    PolicyLine("Switch teammates between full access and read-only, and remove them", Can.MANAGE),
    PolicyLine("Rename the account and change its settings", Can.MANAGE),
    PolicyLine("Invite teammates", Can.INVITE),
    PolicyLine("Leave the account", Can.LEAVE),
)


def rights(membership: Membership) -> frozenset[Can]:
    """Everything that this teammate may do in the account."""
    if membership.read_only:
        return READ_ONLY
    return FULL if _may_invite(membership) else FULL - {Can.INVITE}


def _may_invite(membership: Membership) -> bool:
    account: Account = membership.account
    if account.who_may_invite == WhoMayInvite.SECOND_FACTOR:
        return has_second_factor(membership.user_id)
    return account.who_may_invite == WhoMayInvite.FULL


def what_can(membership: Membership) -> list[tuple[str, bool]]:
    """The whole table for one teammate: (words, whether this teammate may)."""
    granted = rights(membership)
    return [(line.words, line.needs in granted) for line in POLICY]
