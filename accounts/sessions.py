"""Sessions: they last while they are used, but not for ever, because somebody else may have got hold of one.

While the database cannot store anything, those that are there work.
"""

from datetime import UTC, datetime, timedelta
from typing import Any, cast

from allauth.account.views import INTERNAL_RESET_SESSION_KEY
from django.conf import settings
from django.contrib.auth import HASH_SESSION_KEY, SESSION_KEY
from django.contrib.sessions import middleware
from django.contrib.sessions.backends import db
from django.contrib.sessions.backends.base import UpdateError
from django.db import DatabaseError
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.utils.cache import patch_vary_headers
from django.utils.crypto import constant_time_compare

from accounts.models import User
from common.database import cannot_store
from common.htmx import comes_by_itself

READING = ("GET", "HEAD")
SIGNED_IN_AT = "signed_in_at"  # session key: seconds since 1970
LASTING = (SESSION_KEY, INTERNAL_RESET_SESSION_KEY)  # somebody is signed in, or came by a mail for a new password
OTHERS_SECONDS = 60 * 60  # of sessions without these: everybody can begin such, at a provider or with a passkey
RENEWALS = 50  # at most, in the time that an unused session lasts: not every page costs an UPDATE


class SessionStore(db.SessionStore):
    ends_at: datetime | None = None  # of the stored session, once it was read

    def _get_session_from_db(self) -> Any:
        stored = super()._get_session_from_db()  # type: ignore[misc]  # the stubs do not know it
        self.ends_at = stored.expire_date if stored else None
        return stored

    def get_expiry_age(self, **kwargs: Any) -> int:
        """How many seconds the session lasts if it is saved now."""
        age: int = super().get_expiry_age(**kwargs)
        if not any(key in self for key in LASTING):
            age = min(age, OTHERS_SECONDS)
        return max(0, min(age, self.seconds_to_longest()))

    def get_expiry_date(self, **kwargs: Any) -> datetime:
        """The same as a moment."""
        return timezone.now() + timedelta(seconds=self.get_expiry_age(**kwargs))

    def seconds_to_longest(self) -> int:
        """How long until a new sign-in is needed, however much the session is used (SESSION_DAYS)."""
        signed_in_at = self.get(SIGNED_IN_AT)
        since = timezone.now() - datetime.fromtimestamp(signed_in_at, UTC) if signed_in_at else timedelta()
        return int((timedelta(days=settings.SESSION_DAYS) - since).total_seconds())

    def seconds_left(self) -> int:
        """How long the session still lasts if nobody uses it."""
        if self.modified or self.ends_at is None:
            return int(self.get_expiry_age())
        return max(0, int((self.ends_at - timezone.now()).total_seconds()))

    def is_due(self) -> bool:
        """Whether enough of the session's time has passed to renew it, or it was promised more than it may have."""
        age = self.get_expiry_age()
        return not age - age / RENEWALS <= self.seconds_left() <= age + 60

    def save(self, must_create: bool = False) -> None:
        """Raises the database's error if there is no room. Django says then that somebody deleted the session."""
        try:
            super().save(must_create)
        except UpdateError as error:
            if isinstance(error.__context__, DatabaseError) and cannot_store(error.__context__):
                raise error.__context__ from error.__context__.__cause__
            raise


def renew(request: HttpRequest) -> None:
    """Let the session last from now on, if this request is a use of it and enough of its time has passed."""
    session = cast(SessionStore, request.session)
    if not comes_by_itself(request) and session.is_due():
        session.setdefault(SIGNED_IN_AT, int(timezone.now().timestamp()))  # before SESSION_DAYS nobody noted it
        session.modified = True


def note_sign_in(sender: Any, request: HttpRequest, **_: Any) -> None:
    """Count the days of the session from now on. Connected to Django's signal of a sign-in."""
    request.session[SIGNED_IN_AT] = int(timezone.now().timestamp())


def as_request(user: User, session_key: str) -> HttpRequest | None:
    """A request as this session would make it now, for what acts for it without its cookie; None if it is over.

    It is over too once the password has changed, or the login is switched off. Nothing is written.
    """
    session = SessionStore(session_key)
    if not user.is_active or session.get(SESSION_KEY) != str(user.pk) or session.seconds_left() <= 0:
        return None
    valid = (user.get_session_auth_hash(), *user.get_session_auth_fallback_hash())
    if not any(constant_time_compare(session.get(HASH_SESSION_KEY, ""), each) for each in valid):
        return None
    request = HttpRequest()
    request.user, request.session = user, session
    return request


class SessionMiddleware(middleware.SessionMiddleware):
    def process_response(self, request: HttpRequest, response: HttpResponse) -> Any:
        """Renew a session that is used. A page comes all the same if the session cannot note something."""
        if request.session.accessed:
            renew(request)
        try:
            return super().process_response(request, response)
        except DatabaseError as error:
            if request.method not in READING or not cannot_store(error):
                raise
        patch_vary_headers(response, ["Cookie"])
        return response
