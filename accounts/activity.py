"""Writing down who did what. Call `record` inside the transaction of the change that it tells."""

from typing import Any

from accounts.models import Account, Activity, User


def record(
    *, account: Account, by: User | None, verb: str, target: str = "", details: dict[str, Any] | None = None
) -> Activity:
    """Add one row to the account's activity.

    `verb` is "<thing>.<what>" ("environment.add"); `target` names the thing in words; `details` is any JSON.
    The address of the request, where there is one, comes from `accounts.request_address`.
    """
    from accounts.request_address import current_address

    return Activity.objects.create(
        account=account,
        by=by,
        by_email=by.email if by else "",
        verb=verb,
        target=target[:300],
        details=details or {},
        address=current_address(),
    )
