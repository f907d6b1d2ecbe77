"""What ends with a membership that others end, by hand or by SCIM, and what stays although the person knows it.

Apps register both, because accounts knows nothing of them.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass

from accounts.models import Account, User

Ender = Callable[[Account, User, str], None]
Lister = Callable[[Account, User], Iterable["KnownSecret"]]
_enders: list[Ender] = []
_listers: list[Lister] = []
MOST_LISTED = 50  # of each kind


@dataclass(frozen=True)
class KnownSecret:
    """A secret of the account that a person knows. It opens as much as before when they have left."""

    what: str  # "API key"
    name: str
    url: str  # of the page where it can be revoked
    where: str = ""  # the project that it belongs to


def register_ender(ender: Ender) -> None:
    """Register `ender(account, user, program)`, called in the transaction in which the membership went.

    `program` is "" if a teammate ended it, who was shown what stays.
    """
    _enders.append(ender)


def register_kept(lister: Lister) -> None:
    """Register `lister(account, user)`, which finds what `user` knows; at most MOST_LISTED, by one query."""
    _listers.append(lister)


def end_all(*, account: Account, user: User, program: str = "") -> None:
    """End what `user`, who is no teammate of `account` any more, would still have there."""
    for ender in _enders:
        ender(account, user, program)


def what_stays(*, account: Account, user: User) -> list[KnownSecret]:
    """What to revoke by hand if it should open nothing any more."""
    return [each for lister in _listers for each in lister(account, user)]
