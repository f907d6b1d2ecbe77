"""The API for programs with an API key: get an access token, delete people and ask for the progress, import events.

Plain Django views: these requests are few, so they use no batch writer. Only an import asks whether the address is
excluded, because it collects. No answer has CORS headers: a web page cannot keep a key secret from its visitors.
"""

import base64
import binascii
import time
import uuid
from http import HTTPStatus
from io import BufferedReader, BytesIO

from allauth.core import ratelimit
from django.conf import settings
from django.http import HttpRequest, HttpResponse, JsonResponse

from collector import deletions
from collector.imports.importer import Importer, ImportRefused, ImportReport
from collector.imports.lines import BadFile
from collector.imports.turns import RETRY_SECONDS, ImportTurns
from collector.models import DeletionRequest
from collector.protocol import answers, fields, server_api
from collector.protocol.errors import BadField, Refused
from collector.protocol.limits import MAX_DELETION_BYTES, MAX_DELETIONS
from collector.request import access_tokens
from collector.request.client_address import TrustedProxies, client_address
from collector.request.paths import ROOT
from collector.views.programs import endpoint, in_environment, json_body, refusal, refused_by_collector, with_token
from common import links
from common.credentials import credentials
from events.faults import Unavailable
from events.imports import Months
from projects import api_keys
from projects.models import ApiKey, Environment

ATTEMPTS = "api_key"  # in ACCOUNT_RATE_LIMITS, where it is a limit per minute
RETRY_AFTER_SECONDS = 60
MAX_IMPORT_BYTES = 10 * 2**20  # as sent: what heapadmin/pages.py takes
MAX_IMPORT_PLAIN_BYTES = 64 * 2**20  # without compression
IMPORT_SECONDS = 20.0  # then the sender is told to go on: an import keeps a thread of a page busy
MAX_DIGITS = 9
IMPORT_TRIES = 2  # of what the database does not do at once

REPORTED = (
    "lines", "stored", "repeats", "excluded", "bad", "properties_left_out", "texts_cut", "identities_ignored",
)  # fmt: skip

import_turns = ImportTurns()


@endpoint("POST")
def auth_token(request: HttpRequest) -> HttpResponse:
    """Exchange app_id and API key, by HTTP Basic, for an access token.

    Failures are counted by client address, not by app_id: pages show the app_id, so anyone could lock its owner out.
    """
    if not ratelimit.consume(request, action=ATTEMPTS, dry_run=True):
        return refusal(429, "too many failed attempts", {"Retry-After": str(RETRY_AFTER_SECONDS)})
    app_id, secret = _basic(request)
    key = api_keys.find(app_id=app_id, secret=secret)
    if key is None:
        ratelimit.consume(request, action=ATTEMPTS)
        line = "app_id and API key do not belong together, or the key is no longer in force"
        return refusal(401, line, {"WWW-Authenticate": 'Basic realm="Heapadmin API", charset="UTF-8"'})
    return JsonResponse({"access_token": access_tokens.issue(key)})


@endpoint("POST")
@with_token
def user_deletion(request: HttpRequest, key: ApiKey) -> HttpResponse:
    """Request the deletion of people. Answers when the request is committed; a job then deletes them."""
    try:
        identities = _identities(json_body(request, MAX_DELETION_BYTES))
    except BadField as bad:
        return refusal(400, bad.line)
    except Refused as refused:
        return refused_by_collector(refused)
    asked = deletions.ask(key=key, identities=identities)
    location = {"deletion_request_location": links.absolute(f"{ROOT}deletion_status/{asked.pk}")}
    return JsonResponse({"deletion_request_id": asked.pk, "status": asked.status} | location, status=201)


@endpoint("GET")
@with_token
def deletion_status(request: HttpRequest, key: ApiKey, request_id: str) -> HttpResponse:
    """The progress of a deletion that any key of the same project asked for."""
    asked = _asked(key, request_id)
    if asked is None:
        return refusal(404, "no such deletion in this project")
    return JsonResponse(
        {
            "deletion_request_id": asked.pk,
            "status": asked.status,
            "users": asked.people,
            "users_done": asked.people - asked.targets.count(),
            "rows_deleted": asked.rows,
            "requested_at": asked.asked_at,
            "started_at": asked.started_at,
            "completed_at": asked.done_at,
        }
    )


@endpoint("POST")
@with_token
@in_environment
def import_events(request: HttpRequest, key: ApiKey, environment: Environment) -> HttpResponse:
    """Import events of the past (NDJSON, plain or gzip) into the environment `?app_id=…` of the key's project.

    Answers when all is stored. To send the same again stores nothing twice, so whatever fails can be sent again.
    """
    from_line = request.GET.get("from_line", "1")
    if not (from_line.isascii() and from_line.isdecimal() and len(from_line) <= MAX_DIGITS):
        return refusal(400, "from_line must be the number of a line")
    body = request.read(MAX_IMPORT_BYTES + 1)
    if len(body) > MAX_IMPORT_BYTES:
        return refusal(413, f"the body is larger than {MAX_IMPORT_BYTES:,} bytes: send it in pieces")
    with import_turns.turn(key.project_id) as has_turn:
        if not has_turn:
            return refusal(429, "another import is running", {"Retry-After": str(RETRY_SECONDS)})
        importer = Importer(environment.app_id, _address(request), tries=IMPORT_TRIES, months=Months(IMPORT_TRIES))
        return _imported(importer, body, int(from_line))


def _imported(importer: Importer, body: bytes, from_line: int) -> HttpResponse:
    report, until = importer.report, time.monotonic() + IMPORT_SECONDS
    lines = importer.run(BufferedReader(BytesIO(body)), from_line=from_line, most_bytes=MAX_IMPORT_PLAIN_BYTES)
    try:
        for _ in lines:
            if time.monotonic() > until:
                return _broken_off(503, "this takes long", report)
    except ImportRefused as refused:
        answer = refused.answer
        kind = dict(answer.headers)[b"content-type"].decode()
        return HttpResponse(answer.body, status=answer.status, content_type=kind)
    except BadFile as bad:
        return _broken_off(400, str(bad), report)
    except Unavailable as error:
        return _broken_off(503, error.why, report)
    finally:
        importer.write_counts()
    return _told(report)


def _broken_off(status: int, reason: str, report: ImportReport) -> HttpResponse:
    """Not all of a body was read: how far it is done, so that the sender can go on with the next line."""
    line = f"{reason}; up to line {report.last_line} all is done: go on with from_line={report.last_line + 1}"
    headers = {"X-Heapadmin-Lines-Done": str(report.last_line)}
    if status == HTTPStatus.SERVICE_UNAVAILABLE:
        headers["Retry-After"] = str(answers.RETRY_AFTER_SECONDS)
    return refusal(status, line, headers)


def _told(report: ImportReport) -> HttpResponse:
    """What became of the events. 400 if all of them are bad, as for a bulk request with `partial=1`."""
    none_is_good = report.bad and not (report.stored or report.repeats or report.excluded)
    counts = {name: getattr(report, name) for name in REPORTED}
    errors = [{"line": line, "reason": reason} for line, reason in report.reasons]
    return JsonResponse(counts | {"errors": errors}, status=400 if none_is_good else 200)


def _address(request: HttpRequest) -> str:
    """Whose request it is, as for live events."""
    headers = [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in request.headers.items()]
    return client_address(request.META.get("REMOTE_ADDR"), headers, TrustedProxies.parse(settings.TRUSTED_PROXIES))


def _asked(key: ApiKey, request_id: str) -> DeletionRequest | None:
    try:
        wanted = uuid.UUID(request_id)
    except ValueError:
        return None
    return DeletionRequest.objects.filter(api_key__project=key.project, pk=wanted).first()


def _identities(body: server_api.JsonObject) -> list[str]:
    """The identities that a request names. Raises BadField."""
    nowhere = server_api.Where(environment_id=0, now=0)  # people are deleted in all environments of a project
    identities = server_api.each(
        body, "users", nowhere, lambda user, _: fields.identity(user.get("identity")), MAX_DELETIONS
    )
    if not identities:
        raise BadField("users must not be empty")
    return identities


def _basic(request: HttpRequest) -> tuple[str, str]:
    """The app_id and the API key; empty texts if they are missing or malformed."""
    try:
        text = base64.b64decode(credentials(request, "basic"), validate=True).decode()
    except (binascii.Error, ValueError):
        return "", ""
    user, _, password = text.partition(":")
    return (user, password) if user.isascii() and user.isdecimal() else ("", "")
