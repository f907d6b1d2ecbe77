"""The collecting paths for hosts without an event loop: `runserver` and WSGI workers. Slower, but just as durable.

Under ASGI these views are never reached, because collector/asgi.py answers the paths before Django.
"""

import logging
import threading
import time

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.db import DatabaseError, Error, connection
from django.http import HttpRequest, HttpResponse
from django.views.decorators.csrf import csrf_exempt

from collector.counts.excluded import RecentlyExcluded, count
from collector.counts.last_hour import FILE_NAME, LastHour, Reporter
from collector.counts.tally import Tally
from collector.decide import Decision, Outcome, Request, decide
from collector.environments.known_environments import ENVIRONMENTS_SQL, KnownEnvironments, known_environments
from collector.protocol import answers
from collector.protocol.answers import Answer
from collector.protocol.limits import MAX_BODY_BYTES
from collector.rate_limits import Buckets
from collector.request.bodies import BODY_TOO_LARGE
from collector.request.client_address import TrustedProxies, client_address
from collector.request.paths import squeezed
from collector.tracker import tracker
from common.database import in_one_line
from common.periodic_writer import TimedWriter
from events.blocking_writer import store
from events.catalogue.announcements import Announcements
from events.faults import NotStorable, Unavailable, Why
from ipfilter.counters import Counters
from ipfilter.rules_cache import LISTS_SQL, RULES_SQL, CompiledLists

log = logging.getLogger(__name__)

MAX_AGE_SECONDS = 0.5  # of the cached environments and excluded IPs


class CachedEnvironments:
    """The environments, read again when they are older than MAX_AGE_SECONDS. All threads of a process share it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._environments: KnownEnvironments = {}
        self._lists = CompiledLists()
        self._read_at = float("-inf")

    def get(self, max_age_seconds: float = MAX_AGE_SECONDS) -> KnownEnvironments:
        """Raises django.db.Error when the database does not answer."""
        with self._lock:
            now = time.monotonic()
            if now - self._read_at > max_age_seconds:
                with connection.cursor() as cursor:
                    cursor.execute(ENVIRONMENTS_SQL)
                    environment_rows = cursor.fetchall()
                    cursor.execute(LISTS_SQL)
                    list_rows = cursor.fetchall()
                    cursor.execute(RULES_SQL, [self._lists.stale(list_rows)])
                    self._environments = known_environments(
                        environment_rows, self._lists.renew(list_rows, cursor.fetchall())
                    )
                self._read_at = now
            return self._environments


cached_environments = CachedEnvironments()
reporter = Reporter(LastHour(settings.DATA_DIR / FILE_NAME))
kept_out, recently_excluded, tally = Counters(), RecentlyExcluded(), Tally(reporter)
announcements = Announcements()
writer = TimedWriter(kept_out, tally, announcements)
buckets = Buckets(settings.EVENTS_PER_SECOND / settings.WEB_WORKERS)


@csrf_exempt
@login_not_required
def collect(request: HttpRequest) -> HttpResponse:
    """Answer a request to a collecting path. Its records are committed before this returns."""
    return _response(_answer(request))


@csrf_exempt
@login_not_required
def script(request: HttpRequest) -> HttpResponse:
    """Answer a request for the tracker script."""
    try:
        environments = cached_environments.get()
    except DatabaseError:
        environments = {}  # pages need the script all the same, and the collector leaves out what it should
    return _response(tracker(request.method or "", squeezed(request.path), dict(_headers(request)), environments))


def _response(answer: Answer) -> HttpResponse:
    response = HttpResponse(answer.body, status=answer.status)
    del response[
        "Content-Type"
    ]  # Django's text/html: in a 304, browsers would take it for that of the script they keep
    for name, value in answer.headers:
        response[name.decode()] = value.decode()
    return response


def _headers(request: HttpRequest) -> list[tuple[bytes, bytes]]:
    return [(name.lower().encode(), value.encode("latin-1", "replace")) for name, value in request.headers.items()]


def _answer(request: HttpRequest) -> Answer:
    path = squeezed(request.path)
    body = request.read(MAX_BODY_BYTES + 1)
    if len(body) > MAX_BODY_BYTES:
        return _counted(path, Decision(BODY_TOO_LARGE, Outcome.BAD), time.time())
    headers = _headers(request)
    trusted = TrustedProxies.parse(settings.TRUSTED_PROXIES)
    client = client_address(request.META.get("REMOTE_ADDR"), headers, trusted)
    query = request.META.get("QUERY_STRING", "").encode("latin-1", "replace")
    asked = Request(request.method or "", path, dict(headers), body, client, time.time(), query)
    try:
        decision = _decision(asked)
    except Error as error:
        log.warning("Environments cannot be read from the database: %s", in_one_line(error))
        decision = Decision(answers.unavailable(Why.NO_ANSWER), Outcome.UNAVAILABLE)
    decision = _stored(decision)
    seconds = max(0.0, time.time() - asked.now) if decision.records else 0.0
    return _counted(asked.path, decision, asked.now, seconds)


def _counted(path: str, decision: Decision, at: float, seconds: float = 0.0) -> Answer:
    """Count the outcome of a request that arrived at `at`. Returns its answer."""
    reporter.start()  # here, in the process that serves: its parent has no threads
    with writer.adding():
        decision = recently_excluded.once(decision)
        count(kept_out, decision, at)
        tally.add(path, decision, at, seconds)
    return decision.answer


def _decision(request: Request) -> Decision:
    """Decide, and take the cost out of the bucket. Raises django.db.Error if the database does not answer."""
    decision = decide(request, cached_environments.get(), buckets)
    if decision.outcome is Outcome.UNKNOWN_APP:
        decision = decide(request, cached_environments.get(max_age_seconds=0.05), buckets)
    if decision.environment is not None:
        with writer.adding():
            buckets.take(decision.environment.environment_id, decision.tokens, request.now)
    return decision


def _stored(decision: Decision) -> Decision:
    """Commit the records. Returns the decision without repeats, or a refusal if they cannot be stored."""
    try:
        if decision.records:
            decision = decision.carried_out(store(decision.records))
            with writer.adding():
                announcements.note(decision.records)
    except NotStorable:
        return decision.not_storable()
    except Unavailable as error:
        return decision.unavailable(error.why)
    return decision
