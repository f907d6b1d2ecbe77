"""Whether people use a second factor, and where they were going when they had to set one up."""

from collections.abc import Iterable

from allauth.account.internal.flows.login import record_authentication
from allauth.mfa.models import Authenticator
from django.conf import settings
from django.http import HttpRequest

WHERE_TO = "second_factor_for"  # session key: the path of the page that asked for one
KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes alone protect nothing


def has_second_factor(user_id: int) -> bool:
    """Whether this login has an authenticator app or a passkey."""
    return bool(Authenticator.objects.filter(user_id=user_id, type__in=KINDS).exists())


def users_with_second_factor(user_ids: Iterable[int]) -> set[int]:
    """Those of `user_ids` that have a second factor, in one query."""
    return set(Authenticator.objects.filter(user_id__in=user_ids, type__in=KINDS).values_list("user_id", flat=True))


def remember_where_to(request: HttpRequest, path: str) -> None:
    """Note the page that asked for a second factor, to lead there once there is one."""
    request.session[WHERE_TO] = path


def where_to(request: HttpRequest) -> str:
    """The page that was noted, once; otherwise the first page. It is a path of this site."""
    return str(request.session.pop(WHERE_TO, settings.LOGIN_REDIRECT_URL))


def note_proof(request: HttpRequest, authenticator: Authenticator) -> None:
    """Who sets one up has just proven that they have it, so this session is asked for no second code."""
    record_authentication(
        request, authenticator.user, method="mfa", id=authenticator.pk, type=authenticator.type, reauthenticated=True
    )
