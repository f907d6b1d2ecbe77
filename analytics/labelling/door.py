"""The door for the script on a site: CORS, the token, bounds, and refusals in words (docs/labelling.md).

No cookie is read, so a page can do nothing with a session that it does not hold a token for.
"""

import json
import logging
from collections.abc import Callable
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.core.exceptions import PermissionDenied
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from accounts import current_request, rate_limits
from analytics.definitions.bodies import JsonBody
from analytics.labelling import tickets
from analytics.labelling.models import MAX_ORIGIN, ConfirmedSite
from analytics.labelling.tickets import Labeller
from analytics.questions.conditions import BadQuery
from analytics.store.failures import QueryBusy, QueryFailed, QueryTimeout
from common.credentials import credentials
from common.database import in_one_line

log = logging.getLogger(__name__)

REQUESTS, GUESSES = "labelling", "label_open"  # in ACCOUNT_RATE_LIMITS
MAX_BYTES = 64 * 2**10  # of a body
WAIT_SECONDS, RETRY_SECONDS = "60", "5"
KEPT_SECONDS = "600"  # how long a browser asks no more whether it may
OVER = "Labelling is over: it lasts 30 minutes, and ends with your session. Open the page again from the console."
BEGUN = "This link has been used, or is over. Open the page again from the console."
SLOW = "Counting took too long. Narrower conditions are faster."


class ScriptRefused(Exception):
    """A request that is refused, with the reason in words."""

    def __init__(self, status: int, error: str, *, headers: dict[str, str] | None = None, **more: Any) -> None:
        super().__init__(error)
        self.status, self.headers, self.body = status, headers, {"error": error} | more


ScriptView = Callable[[HttpRequest, Labeller, JsonBody], JsonBody]


def label_endpoint(view: ScriptView) -> Callable[[HttpRequest], HttpResponse]:
    """The view of one path for the script. `view` gets whose token it is, and the body; what it gives is the answer."""

    def checked(request: HttpRequest, origin: str) -> JsonBody:
        labeller = _labeller(request, origin)
        return view(request, labeller, body_of(request))

    return answered(checked)


def answered(view: Callable[[HttpRequest, str], JsonBody]) -> Callable[[HttpRequest], HttpResponse]:
    """The view of a path without a token. `view` gets the origin, that of a site which somebody has confirmed."""

    @csrf_exempt
    @login_not_required
    @never_cache
    def answer(request: HttpRequest) -> HttpResponse:
        origin = request.headers.get("Origin", "")
        try:
            is_known = _is_known(origin)
            response = (
                _answer(request, origin, view) if is_known else _json(403, {"error": "This site is not confirmed."})
            )
        except OperationalError as error:
            log.warning("Labelling was answered 503: %s", in_one_line(error))
            return _json(503, {"error": "The database does not answer."}, {"Retry-After": RETRY_SECONDS})
        response["Vary"] = "Origin"
        if is_known:
            response["Access-Control-Allow-Origin"] = origin
            response["Access-Control-Expose-Headers"] = "Retry-After"
        return response

    return answer


def _answer(request: HttpRequest, origin: str, view: Callable[[HttpRequest, str], JsonBody]) -> HttpResponse:
    if request.method == "OPTIONS":
        response = HttpResponse(status=204)
        response["Access-Control-Allow-Methods"] = "POST, OPTIONS"
        response["Access-Control-Allow-Headers"] = "Authorization, Content-Type"
        response["Access-Control-Max-Age"] = KEPT_SECONDS
        return response
    if request.method != "POST":
        return _json(405, {"error": "Use POST."}, {"Allow": "POST, OPTIONS"})
    try:
        return _json(200, view(request, origin))
    except ScriptRefused as refused:
        return _json(refused.status, refused.body, refused.headers)
    except BadQuery as error:
        return _json(400, {"error": error.message, "at": error.at})
    except QueryFailed as error:
        status, words, headers = failure(error)
        return _json(status, {"error": words}, headers)


def failure(error: QueryFailed) -> tuple[int, str, dict[str, str] | None]:
    """Why nothing was counted: a status, words, headers."""
    if isinstance(error, QueryTimeout) and not isinstance(error, QueryBusy):
        return 422, SLOW, None
    return 503, error.message, {"Retry-After": RETRY_SECONDS}


def body_of(request: HttpRequest) -> JsonBody:
    """The object in the body. Raises ScriptRefused."""
    raw = request.read(MAX_BYTES + 1)
    if len(raw) > MAX_BYTES:
        raise ScriptRefused(413, f"The request is larger than {MAX_BYTES:,} bytes.")
    try:
        sent = json.loads(raw)
    except (ValueError, RecursionError):
        raise ScriptRefused(400, "Send a JSON object.") from None
    if not isinstance(sent, dict):
        raise ScriptRefused(400, "Send a JSON object.")
    return sent


def limit_guesses(request: HttpRequest) -> None:
    """Raises ScriptRefused for an address that tries many tickets, or tokens that are not in force."""
    try:
        may = rate_limits.may_go_on(request, GUESSES)
    except PermissionDenied:  # no address to count by
        may = None
    if not may:
        raise ScriptRefused(429, "Too many links are opened from here.", headers={"Retry-After": WAIT_SECONDS})


def _labeller(request: HttpRequest, origin: str) -> Labeller:
    labeller = tickets.find(credentials(request, "bearer"))
    if labeller is None:
        limit_guesses(request)
        raise ScriptRefused(401, OVER, headers={"WWW-Authenticate": 'Bearer realm="Heapadmin"'})
    if labeller.ticket.site.origin != origin:
        raise ScriptRefused(403, "This is for another site.")
    current_request.note_person(labeller.ticket.user_id)  # who has the places for questions (analytics/store/places.py)
    if not rate_limits.may_go_on(request, REQUESTS, key=str(labeller.ticket.pk)):
        raise ScriptRefused(429, "Too many requests in a minute.", headers={"Retry-After": WAIT_SECONDS})
    return labeller


def _is_known(origin: str) -> bool:
    is_storable = len(origin) <= MAX_ORIGIN and origin.isascii() and "\0" not in origin
    return is_storable and ConfirmedSite.objects.filter(origin=origin).exists()


def _json(status: int, body: JsonBody, headers: dict[str, str] | None = None) -> HttpResponse:
    return JsonResponse(body, status=status, headers=headers)
