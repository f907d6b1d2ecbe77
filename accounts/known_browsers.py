"""Browsers that have signed in before, recognised by a signed cookie.

Whoever guesses passwords does so from other browsers. So a known one may try its person's password however often
strangers have failed (accounts/sign_in_pauses.py). The cookie signs nobody in.
"""

import secrets
from collections.abc import Callable
from datetime import timedelta

from django.conf import settings
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.utils.crypto import constant_time_compare

from accounts.models import User

COOKIE = "known_browser"
AGE = timedelta(days=365)
MOST_PEOPLE = 5  # who sign in with one browser; the ones who did so last are kept


def remember(request: HttpRequest, user: User) -> None:
    """Let this browser be known to `user` from now on. The middleware below sends the cookie with the answer."""
    browser, stamps = _read(request)
    stamps.pop(str(user.pk), None)
    stamps[str(user.pk)] = user.get_session_auth_hash()
    request.known_browser = browser, dict(list(stamps.items())[-MOST_PEOPLE:])  # type: ignore[attr-defined]


def known_browser(request: HttpRequest, email: str) -> str | None:
    """A name for this browser if the person with this address has signed in with it, under the password they have now.

    A new password makes all browsers strangers, except the one in which it was chosen.
    """
    browser, stamps = _read(request)
    if not stamps:
        return None
    user = User.objects.filter(pk__in=stamps, email=email).first()
    if user is None:
        return None
    valid = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    return browser if any(constant_time_compare(stamps[str(user.pk)], each) for each in valid) else None


def _read(request: HttpRequest) -> tuple[str, dict[str, str]]:
    """The browser's random name, and a stamp of the password for each person's id. Without a cookie, a new name."""
    try:
        browser, stamps = signing.loads(request.COOKIES.get(COOKIE, ""), salt=COOKIE, max_age=AGE)
    except signing.BadSignature:
        return secrets.token_hex(16), {}
    return browser, stamps


class KnownBrowserMiddleware:
    """Send the cookie with the answer to a request in which somebody signed in or chose a password."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if known := getattr(request, "known_browser", None):
            response.set_cookie(
                COOKIE,
                signing.dumps(known, salt=COOKIE),
                max_age=AGE,
                secure=settings.SESSION_COOKIE_SECURE,
                httponly=True,
                samesite="Lax",
            )
        return response
