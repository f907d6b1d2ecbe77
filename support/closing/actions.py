"""Close an account, reopen it during the grace period, and start the purge."""

from datetime import datetime, timedelta

from django.db import transaction
from django.utils import timezone

from accounts import activity
from accounts.models import Account, Membership, User
from common import jobs
from projects import tables
from support.closing import row_counts
from support.closing.models import Closing, ClosingState
from support.visits.models import Visit


class AlreadyClosed(Exception):
    """The account is closed already."""


class NotReopenable(Exception):
    """The account is not closed, its rows are being removed already, or it was closed without days of grace."""


def close(*, account: Account, grace_days: int, asked_by: str, by: User | None) -> Closing:
    """Lock everybody out of `account` at once. After `grace_days` (0 to 90) every row of it is removed.

    `asked_by` says in words who asked for it. `by` is the person who closes it, None on the command line. The
    collector's workers receive a NOTIFY when this commits. Raises AlreadyClosed.
    """
    expected = row_counts.count_rows(account.pk)
    with transaction.atomic():
        return _close(account, grace_days, asked_by, by, expected)


def _close(account: Account, grace_days: int, asked_by: str, by: User | None, expected: dict[str, int]) -> Closing:
    locked = Account.objects.select_for_update().get(pk=account.pk)
    if locked.closed_at is not None:
        raise AlreadyClosed
    now = timezone.now()
    closing = Closing.objects.create(
        account_number=locked.pk,
        account_name=locked.name,
        asked_by=asked_by,
        grace_days=grace_days,
        closed_at=now,
        closed_by=by,
        grace_until=now + timedelta(days=grace_days),
        expected=expected,
    )
    locked.closed_at = account.closed_at = now
    locked.save(update_fields=["closed_at"])
    Visit.objects.filter(account=locked, ended_at=None).update(ended_at=now)
    details = {"asked_by": asked_by, "grace_days": grace_days}
    activity.record(account=locked, by=by, verb="account.close", target=locked.name, details=details)
    for place in Membership.objects.full_access().filter(account=locked):  # one job each: retries repeat no other mail
        jobs.defer("support.mail_closed", closing_id=closing.pk, user_id=place.user_id)
    if grace_days == 0:
        jobs.defer_once("support.purge", closing_id=closing.pk)
    return closing


@transaction.atomic
def reopen(*, closing: Closing, by: User | None) -> Account:
    """Let everybody in again. Nothing was changed meanwhile. Raises NotReopenable once the purge has started."""
    locked = Closing.objects.select_for_update().get(pk=closing.pk)
    account = Account.objects.select_for_update().filter(pk=locked.account_number).first()
    if not locked.may_be_reopened or account is None:
        raise NotReopenable
    locked.state, locked.reopened_at, locked.reopened_by = ClosingState.REOPENED, timezone.now(), by
    locked.save(update_fields=["state", "reopened_at", "reopened_by"])
    account.closed_at = None
    account.save(update_fields=["closed_at"])
    activity.record(account=account, by=by, verb="account.reopen", target=account.name)
    return account


@transaction.atomic
def start_purge(closing_id: int, now: datetime) -> Closing | None:
    """Start the purge if the grace period is over, or continue it. From here there is no way back.

    Returns the closing. Returns None if there is nothing to purge (too early, reopened, done).
    """
    closing = Closing.objects.select_for_update().filter(pk=closing_id).first()
    if closing is None:
        return None
    if closing.state != ClosingState.PURGING:
        if not closing.is_due(now):
            return None
        closing.state, closing.purge_started_at = ClosingState.PURGING, now
    # looked up each time: a project that was being created when the account was closed may exist by now
    for table, ids in tables.scope_of(closing.account_number).as_json().items():
        closing.scope[table] = sorted({*closing.scope.get(table, []), *ids})
    closing.save(update_fields=["state", "purge_started_at", "scope"])
    return closing
