"""Recording who did what, in the account's activity. Call `record` inside the transaction of the change itself."""

from datetime import timedelta
from typing import Any

from django.utils import timezone

from accounts.current_request import current_address, in_staff_pages
from accounts.models import Account, Activity, Membership, User

REFUSED = "refused"
REFUSAL_INTERVAL = timedelta(minutes=1)  # the same refusal of the same person is recorded at most once in this time


def record(
    *,
    account: Account,
    by: User | None,
    verb: str,
    target: str = "",
    details: dict[str, Any] | None = None,
    program: str = "",
    project_number: int | None = None,
) -> Activity:
    """Add one row to the account's activity.

    `verb` is "<thing>.<what>" ("environment.add"); `target` names the thing in words; `details` is any JSON.
    `project_number` is the id of the project that it is about: teammates without access to it do not see the row.
    `program` names the program that acted when nobody is signed in. The address of the request, if there is one,
    comes from `accounts.current_request`. Rows are marked as staff's if a staff member acts in the staff pages, or in
    an account that they do not belong to.
    """
    row = _row(account.pk, by, verb, target, details)
    return Activity.objects.create(**row | ({"by_name": program} if program else {}), project_number=project_number)


def record_everywhere(*, user: User, verb: str, target: str = "", details: dict[str, Any] | None = None) -> None:
    """Record a change of the user's own login (password, second factor) in the activity of all their accounts."""
    accounts = user.memberships.values_list("account_id", flat=True)
    Activity.objects.bulk_create(Activity(**_row(account, user, verb, target, details)) for account in accounts)


def record_refusal(
    *,
    account: Account,
    by: User,
    target: str,
    details: dict[str, Any] | None = None,
    project_number: int | None = None,
) -> None:
    """Record that `by` tried something without having the right; at most once a minute for the same `target`.

    The refused change has been rolled back already, so this row has no transaction to share with it.
    """
    recent = Activity.objects.filter(
        account=account, by=by, verb=REFUSED, target=target[:300], at__gt=timezone.now() - REFUSAL_INTERVAL
    )
    if not recent.exists():
        record(account=account, by=by, verb=REFUSED, target=target, details=details, project_number=project_number)


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
