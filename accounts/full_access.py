"""Nothing may leave an account without a teammate with full access.

Whatever takes rights away does it inside `keeping_full_access`. A trigger in the database (migration 0004) refuses
the same for whatever goes past this.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager

from django.core.exceptions import PermissionDenied
from django.db import transaction
from django.db.models import Exists, OuterRef

from accounts.models import Account, Membership, User


class LastFullAccess(Exception):
    """The change would leave `accounts` without anybody who has full access."""

    def __init__(self, accounts: list[Account]) -> None:
        super().__init__(", ".join(account.name for account in accounts))
        self.accounts = accounts


@contextmanager
def keeping_full_access(account_ids: Iterable[int]) -> Iterator[None]:
    """Run a change that takes rights away, in a transaction; raise LastFullAccess and undo it if it took too many.

    The accounts' rows are locked first, in order, so that two such changes of one account come one after the other
    and the later one sees what the earlier one did.
    """
    ids = sorted(set(account_ids))
    with transaction.atomic():
        list(Account.objects.select_for_update(no_key=True).filter(pk__in=ids).order_by("pk").values_list("pk"))
        yield
        if left_without := list(_without_full_access(ids)):
            raise LastFullAccess(left_without)


def require_full_access(account: Account, by: User) -> None:
    """Raise PermissionDenied unless `by` has full access now; call it under the lock.

    The door has looked before, but somebody may have taken the right away since.
    """
    if not account.memberships.full_access().filter(user=by).exists():
        raise PermissionDenied


def _without_full_access(account_ids: list[int]) -> Iterable[Account]:
    full = Membership.objects.full_access().filter(account=OuterRef("pk"))
    return Account.objects.open().filter(~Exists(full), pk__in=account_ids).order_by("name")
