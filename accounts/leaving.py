"""What ends with a membership that a directory ends (accounts/scim). Apps register what a person would still have."""

from collections.abc import Callable

from accounts.models import Account, User

Ender = Callable[[Account, User, str], None]
_enders: list[Ender] = []


def register_ender(ender: Ender) -> None:
    """Register `ender(account, user, program)`, called in the transaction in which the membership went."""
    _enders.append(ender)


def end_all(*, account: Account, user: User, program: str) -> None:
    """End everything that `user`, who is no teammate of `account` any more, would still have there."""
    for ender in _enders:
        ender(account, user, program)
