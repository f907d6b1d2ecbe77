"""When a person and their session were last active. Accurate to the minute, so it costs at most one UPDATE a minute."""

from collections.abc import Callable
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import Membership, User
from common.database import stored_if_possible

WHAT = "when somebody was last seen"
APART = timedelta(minutes=1)


def is_stale(seen_at: datetime | None, now: datetime) -> bool:
    """Whether `seen_at` is old enough to be updated."""
    return seen_at is None or seen_at <= now - APART


def note_in_account(membership: Membership) -> None:
    """Record that this teammate is active now. The next sign-in opens the account that was used last."""
    now = timezone.now()
    if not is_stale(membership.last_seen_at, now):
        return
    with stored_if_possible(WHAT):
        Membership.objects.filter(_stale(now), pk=membership.pk).update(last_seen_at=now)
    membership.last_seen_at = now


def remember_account(membership: Membership) -> None:
    """Make the next sign-in open this account, even if another one was looked at less than a minute ago."""
    with stored_if_possible(WHAT):
        Membership.objects.filter(pk=membership.pk).update(last_seen_at=timezone.now())


class LastSeenMiddleware:
    """Record the time on the login and on its session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # use the user that the request has already loaded: a page that never asked for the user costs no query here
        user = getattr(request, "_cached_user", None)
        if isinstance(user, User):
            _note(user, request.session.session_key)
        return response


def _note(user: User, session_key: str | None) -> None:
    now = timezone.now()
    if not is_stale(user.last_seen_at, now):
        return
    with stored_if_possible(WHAT):
        User.objects.filter(_stale(now), pk=user.pk).update(last_seen_at=now)
        UserSession.objects.filter(session_key=session_key).update(last_seen_at=now)


def _stale(now: datetime) -> Q:
    return Q(last_seen_at=None) | Q(last_seen_at__lte=now - APART)
