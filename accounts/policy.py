"""What a teammate may do. The door, the templates and the tests read this table and nothing else."""

from enum import StrEnum

from accounts.models import Membership


class Can(StrEnum):
    """A right inside one account."""

    VIEW = "view"  # look at everything, run queries
    EDIT = "edit"  # definitions, reports, dashboards
    MANAGE = "manage"  # projects, environments, excluded IPs, teammates, settings


READ_ONLY = frozenset({Can.VIEW})
FULL = frozenset(Can)


def rights(membership: Membership) -> frozenset[Can]:
    """Everything that this teammate may do in the account."""
    return READ_ONLY if membership.read_only else FULL
