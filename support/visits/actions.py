"""Starting and ending a visit, and allowing or forbidding visits to an account."""

import hashlib

from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts import activity
from accounts.door import signed_in_user
from accounts.models import Account, User
from support.visits.models import VISIT, SupportAccess, Visit

SESSION_KEY = "support_visit"  # the id of the session's visit


class VisitsForbidden(Exception):
    """The account does not let support look into it."""


def allowed(account: Account) -> bool:
    """Whether this account allows visits."""
    access = SupportAccess.objects.filter(account=account).first()
    return access is None or access.visits_allowed


@transaction.atomic
def start(*, request: HttpRequest, account: Account, reason: str) -> Visit:
    """Let the session of `request` look at `account` for half an hour. Raises VisitsForbidden."""
    Account.objects.select_for_update().get(pk=account.pk)  # another request may be forbidding visits right now
    if not allowed(account):
        raise VisitsForbidden
    by = signed_in_user(request)
    end(request=request)
    now = timezone.now()
    visit = Visit.objects.create(
        account=account,
        by=by,
        by_name=str(by),
        reason=reason,
        session_digest=session_digest(request),
        started_at=now,
        ends_at=now + VISIT,
    )
    activity.record(account=account, by=by, verb="support.visit", target=reason, details={"minutes": 30})
    request.session[SESSION_KEY] = visit.pk
    return visit


@transaction.atomic
def end(*, request: HttpRequest) -> Visit | None:
    """End the session's visit, and return it; None if there is none."""
    number = request.session.pop(SESSION_KEY, None)
    if number is None:
        return None
    visit = (
        Visit.objects.select_for_update()
        .filter(pk=number, session_digest=session_digest(request), ended_at=None)
        .select_related("account")
        .first()
    )
    if visit is None:
        return None
    visit.ended_at = timezone.now()
    visit.save(update_fields=["ended_at"])
    activity.record(account=visit.account, by=signed_in_user(request), verb="support.visit_end", target=visit.reason)
    return visit


@transaction.atomic
def allow(*, account: Account, allowed: bool, by: User) -> None:
    """Allow or forbid visits to the account from now on. Forbidding also ends the current visits."""
    Account.objects.select_for_update().get(pk=account.pk)
    now = timezone.now()
    SupportAccess.objects.update_or_create(
        account=account, defaults={"visits_allowed": allowed, "changed_at": now, "changed_by": by}
    )
    if not allowed:
        Visit.objects.filter(account=account, ended_at=None).update(ended_at=now)
    verb = "support.allow_visits" if allowed else "support.forbid_visits"
    activity.record(account=account, by=by, verb=verb)


def session_digest(request: HttpRequest) -> str:
    """The digest by which a visit recognises its session. Creates a key if the session has none yet."""
    if not request.session.session_key:
        request.session.create()
    return hashlib.sha256(str(request.session.session_key).encode()).hexdigest()
