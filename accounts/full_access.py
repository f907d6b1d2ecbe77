"""Every open account always keeps a teammate with full access.

Code that takes rights away runs inside `keeping_full_access`. A trigger in the database (migration 0004) enforces the
same rule for changes that bypass this module.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import Account, Membership, User


class LastFullAccess(Exception):
    """The change would leave nobody with full access in `accounts`."""

    def __init__(self, accounts: list[Account]) -> None:
        super().__init__(", ".join(account.name for account in accounts))
        self.accounts = accounts


class LastWayBack(LastFullAccess):
    """The change would leave `accounts`, which require single sign-on, without their way back (accounts/sso)."""


@contextmanager
def keeping_full_access(account_ids: Iterable[int]) -> Iterator[None]:
    """Run a change that takes rights away, in a transaction; undo it with LastFullAccess if nobody keeps full access.

    Or with LastWayBack, which is one too, if nobody could get in once the provider of single sign-on is gone.

    The accounts' rows are locked first, in order, so that two such changes of one account run one after the other
    and the later one sees what the earlier one did.
    """
    ids = sorted(set(account_ids))
    with transaction.atomic():
        list(Account.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))
        yield
        if left_without := list(_without_full_access(ids)):
            raise LastFullAccess(left_without)
        if locked_in := list(_without_way_back(ids)):
            raise LastWayBack(locked_in)


def require_full_access(account: Account, by: User) -> None:
    """Raise PermissionDenied unless `by` has full access now. Call it while the account is locked.

    The door checked this earlier, but the right may have been taken away since.
    """
    if not account.memberships.full_access().filter(user=by).exists():
        raise PermissionDenied


def _without_full_access(account_ids: list[int]) -> Iterable[Account]:
    full = Membership.objects.full_access().filter(account=OuterRef("pk"))
    return Account.objects.open().filter(~Exists(full), pk__in=account_ids).order_by("name")


def _without_way_back(account_ids: list[int]) -> Iterable[Account]:
    kept = Membership.objects.full_access().filter(account=OuterRef("pk"), way_back__isnull=False)
    return Account.objects.open().filter(~Exists(kept), pk__in=account_ids, require_sso=True).order_by("name")
