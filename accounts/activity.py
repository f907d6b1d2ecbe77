"""Writing down who did what. Call `record` inside the transaction of the change that it tells."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.models import Account, Activity, Membership, User
from accounts.request_address import current_address, in_staff_pages

REFUSED = "refused"
REFUSALS_APART = timedelta(minutes=1)  # the same refusal of the same person is written once in this time


def record(
    *,
    account: Account,
    by: User | None,
    verb: str,
    target: str = "",
    details: dict[str, Any] | None = None,
    program: str = "",
) -> Activity:
    """Add one row to the account's activity.

    `verb` is "<thing>.<what>" ("environment.add"); `target` names the thing in words; `details` is any JSON.
    `program` says in words what acted where nobody is signed in. The address of the request, where there is one,
    comes from `accounts.request_address`. What staff does in an account that it does not belong to, or in the staff's
    pages, is marked as staff's.
    """
    row = _row(account.pk, by, verb, target, details)
    return Activity.objects.create(**row | ({"by_name": program} if program else {}))


def record_everywhere(*, user: User, verb: str, target: str = "", details: dict[str, Any] | None = None) -> None:
    """Write what somebody did to their own login (a password, a second factor) into all their accounts."""
    accounts = user.memberships.values_list("account_id", flat=True)
    Activity.objects.bulk_create(Activity(**_row(account, user, verb, target, details)) for account in accounts)


def record_refusal(*, account: Account, by: User, target: str, details: dict[str, Any] | None = None) -> None:
    """Write that `by` tried something without the right to; at most once a minute for the same `target`.

    The change that was refused has been rolled back, so this stands alone.
    """
    recent = Activity.objects.filter(
        account=account, by=by, verb=REFUSED, target=target[:300], at__gt=timezone.now() - REFUSALS_APART
    )
    if not recent.exists():
        record(account=account, by=by, verb=REFUSED, target=target, details=details)


def _row(account_id: int, by: User | None, verb: str, target: str, details: dict[str, Any] | None) -> dict[str, Any]:
    return {
        "account_id": account_id,
        "by": by,
        "by_email": by.email if by else "",
        "by_name": by.name if by else "",
        "as_staff": _as_staff(account_id, by),
        "verb": verb,
        "target": target[:300],
        "details": details or {},
        "address": current_address(),
    }


def _as_staff(account_id: int, by: User | None) -> bool:
    if by is None or not by.is_staff:
        return False
    return in_staff_pages() or not Membership.objects.filter(account_id=account_id, user=by).exists()
