"""When a person, and a session, was last used: to the minute, so that it costs one UPDATE a minute and no more."""

from collections.abc import Callable
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.db.models import Q
from django.http import HttpRequest, HttpResponse
from django.utils import timezone

from accounts.models import Membership, User

APART = timedelta(minutes=1)


def is_stale(seen_at: datetime | None, now: datetime) -> bool:
    """Whether `seen_at` is old enough to be written again."""
    return seen_at is None or seen_at <= now - APART


def note_in_account(membership: Membership) -> None:
    """Note that this teammate is here now. The account seen last is the one that is opened at the next sign-in."""
    now = timezone.now()
    if not is_stale(membership.last_seen_at, now):
        return
    Membership.objects.filter(_stale(now), pk=membership.pk).update(last_seen_at=now)
    membership.last_seen_at = now


def remember_account(membership: Membership) -> None:
    """Make this the account that is opened at the next sign-in, however short ago another one was looked at."""
    Membership.objects.filter(pk=membership.pk).update(last_seen_at=timezone.now())


class LastSeenMiddleware:
    """Note the time on the login and on its session."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # the user whom the request loaded anyway: a page that never asked who is there costs no query here
        user = getattr(request, "_cached_user", None)
        if isinstance(user, User):
            _note(user, request.session.session_key)
        return response


def _note(user: User, session_key: str | None) -> None:
    now = timezone.now()
    if not is_stale(user.last_seen_at, now):
        return
    User.objects.filter(_stale(now), pk=user.pk).update(last_seen_at=now)
    UserSession.objects.filter(session_key=session_key).update(last_seen_at=now)


def _stale(now: datetime) -> Q:
    return Q(last_seen_at=None) | Q(last_seen_at__lte=now - APART)
