"""What all endpoints of SCIM share: who asks, how much, the body, and errors in SCIM's form.

A directory's server calls them: no session, no CSRF token, no CORS.
"""

import logging
import time
from collections.abc import Callable
from functools import wraps
from typing import Any

import orjson
from allauth.core.internal import ratelimit
from django.contrib.auth.decorators import login_not_required
from django.db import IntegrityError, OperationalError
from django.http import HttpRequest, HttpResponse
from django.http.request import UnreadablePostError
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from pydantic import ValidationError
from scim2_models import Error, SCIMException

from accounts.actions.invitations import TooManyInvitations
from accounts.full_access import LastFullAccess
from accounts.scim import people, tokens
from accounts.scim.models import ScimToken
from common.database import in_one_line
from common.token_buckets import Buckets

log = logging.getLogger(__name__)

ATTEMPTS = "scim"  # in ACCOUNT_RATE_LIMITS: failed attempts per address
PER_SECOND = 25.0  # requests of one token and one worker, in the long run; Entra ID asks services for as many
MAX_BYTES = 64 * 1024
MOST_DEEP = 8  # lists and objects within each other; a PATCH needs five
LONGEST_NAME = 300  # characters of the name of an attribute, or of a path: parsers recurse
RETRY_AFTER_SECONDS = 60
MEDIA_TYPE = "application/scim+json"

buckets = Buckets(PER_SECOND)

ScimView = Callable[..., HttpResponse]
Payload = dict[str, Any]


class ScimRefused(Exception):
    """The request is answered by an error: its status, words, SCIM's keyword, and headers."""

    def __init__(self, status: int, detail: str, scim_type: str = "", headers: dict[str, str] | None = None) -> None:
        super().__init__(detail)
        self.status, self.detail, self.scim_type, self.headers = status, detail, scim_type, headers


IN_WORDS: dict[type[Exception], tuple[int, str]] = {
    people.TokenOver: (401, "the token is not in force any more"),
    people.NotThere: (404, "no such user"),
    people.NotOurs: (403, "the address is of no domain that this account has proven: see its Settings"),
    people.TooManyPeople: (403, f"an account may have {people.MOST_PEOPLE:,} people by SCIM"),
    people.MustStay: (
        409,
        "this person is a way back into the account if single sign-on fails; a teammate with full access has to take "
        "that from them first",
    ),
    LastFullAccess: (
        409,
        "nobody else has full access to this account; a teammate has to get it before this one can leave",
    ),
}


def endpoint(*methods: str) -> Callable[[ScimView], ScimView]:
    """Decorate a view for directories, which gets the token. It may raise everything that is named here."""

    def decorate(view: ScimView) -> ScimView:
        @csrf_exempt
        @login_not_required
        @never_cache
        @wraps(view)
        def checked(request: HttpRequest, **kwargs: str) -> HttpResponse:
            try:
                token = _token(request)
                if request.method not in methods:
                    raise ScimRefused(405, f"use {', '.join(methods)}", headers={"Allow": ", ".join(methods)})
                return view(request, token, **kwargs)
            except Exception as error:
                return _refusal(error)

        return checked

    return decorate


def _token(request: HttpRequest) -> ScimToken:
    """The token in force that the request shows. Failures are counted by address, requests by token.

    Failures hold up no token that is right: the servers of a large directory ask for many accounts from one address.
    """
    scheme, _, secret = request.headers.get("Authorization", "").partition(" ")
    token = tokens.find(secret.strip()) if scheme.lower() == "bearer" else None
    if token is None and not ratelimit.consume(request, app="allauth.account", action=ATTEMPTS, limit_get=True):
        raise ScimRefused(429, "too many failed attempts", headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    if token is None:
        raise ScimRefused(
            401,
            "the token is missing or wrong, was revoked, or its account is closed",
            headers={"WWW-Authenticate": 'Bearer realm="Heapadmin SCIM"'},
        )
    now = time.time()
    if wait := buckets.wait_seconds(token.pk, now):
        raise ScimRefused(429, "too many requests", headers={"Retry-After": str(wait)})
    buckets.take(token.pk, 1, now)
    return token


def body_of(request: HttpRequest) -> Payload:
    """The JSON object of a request. Raises ScimRefused."""
    try:
        text = request.read(MAX_BYTES + 1)
    except UnreadablePostError as error:
        raise ScimRefused(400, "the body broke off", "invalidSyntax") from error
    if len(text) > MAX_BYTES:
        raise ScimRefused(413, f"the body is larger than {MAX_BYTES:,} bytes")
    try:
        body = orjson.loads(text)
    except orjson.JSONDecodeError as error:
        raise ScimRefused(400, f"the body is no JSON: {error}", "invalidSyntax") from error
    if not isinstance(body, dict):
        raise ScimRefused(400, "the body must be a JSON object", "invalidSyntax")
    _require_modest(body, MOST_DEEP)
    return body


def _require_modest(value: Any, depth: int) -> None:
    """Raise ScimRefused for what nests deeply, or has long names: parsing such would take long, or never end well."""
    if isinstance(value, dict | list) and depth == 0:
        raise ScimRefused(400, f"lists and objects may be in each other {MOST_DEEP} times", "invalidSyntax")
    if isinstance(value, list):
        for each in value:
            _require_modest(each, depth - 1)
    elif isinstance(value, dict):
        for name, each in value.items():
            if len(name) > LONGEST_NAME or (name.lower() == "path" and len(str(each)) > LONGEST_NAME):
                raise ScimRefused(400, f"a name or path has more than {LONGEST_NAME} characters", "invalidPath")
            _require_modest(each, depth - 1)


def answer(payload: Payload, status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    return HttpResponse(orjson.dumps(payload), status=status, content_type=MEDIA_TYPE, headers=headers)


def _refusal(error: Exception) -> HttpResponse:
    """The answer to a request that raised `error`. Raises it again if it is our mistake."""
    if isinstance(error, ScimRefused):
        return _error(error.status, error.detail, error.scim_type, error.headers)
    if isinstance(error, ValidationError):
        first = Error.from_validation_errors(error)[0]
        return _error(int(first.status or 400), first.detail or "", first.scim_type or "")
    if isinstance(error, SCIMException):
        return _error(error.status, error.detail, error.scim_type)
    if isinstance(error, tuple(IN_WORDS)):
        return _error(_of_kind(error)[0], words_of(error))
    if isinstance(error, people.Taken):
        return _error(409, f"another user has this {error}", "uniqueness")
    if isinstance(error, IntegrityError):  # somebody else took the address at the same moment
        return _error(409, "another user has this userName or address", "uniqueness")
    if isinstance(error, TooManyInvitations):
        words = "this address has a login of its own and would be invited, and the account invites too many people"
        return _error(429, words, headers={"Retry-After": "3600"})
    if isinstance(error, OperationalError):
        log.warning("SCIM was answered 503: %s", in_one_line(error))
        return _error(503, "the database does not answer just now", headers={"Retry-After": "5"})
    raise error


def words_of(error: Exception) -> str:
    """The words for an error that IN_WORDS has."""
    return _of_kind(error)[1]


def _of_kind(error: Exception) -> tuple[int, str]:
    return next(answer for kind, answer in IN_WORDS.items() if isinstance(error, kind))


def _error(status: int, detail: str, scim_type: str = "", headers: dict[str, str] | None = None) -> HttpResponse:
    payload = Error(status=status, detail=detail, scim_type=scim_type or None).model_dump()
    return answer(payload, status, headers)
