"""What depends on access by project, which an app above knows and registers here (projects/roles.py)."""

from collections.abc import Iterable
from typing import Any, Protocol

from django.db.models import QuerySet
from django.forms import BaseForm
from django.http import QueryDict

from accounts.models import Account, Invitation, Membership, User


class ByProject(Protocol):
    """Access by project, as far as accounts deal with it."""

    def reached(self, membership: Membership) -> QuerySet[Any] | None:
        """The projects that this teammate reaches; None for all, those of the past among them."""

    def form(self, account: Account, data: QueryDict | None) -> BaseForm | None:
        """The form that chooses projects for people to invite; None if the account has nothing to choose."""

    def offer(self, form: BaseForm, invitations: Iterable[Invitation], by: User) -> None:
        """Keep what a valid form chose, for when these invitations are accepted."""

    def join(self, invitation: Invitation, membership: Membership) -> None:
        """Give a new teammate what was chosen for their invitation."""


_registered: list[ByProject] = []


def register(by_project: ByProject) -> None:
    """Register the one app that knows access by project."""
    _registered[:] = [by_project]


def known() -> ByProject:
    """What was registered."""
    return _registered[0]
