"""Decides what to store and what to answer for a request: a pure function of the request and the known environments.

It uses no clock, no network and no database, so tests can try odd requests by the thousand. Its callers
(collector/asgi.py, collector/wsgi.py) read the request, store the records and send the answer.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any, NamedTuple

from collector.environments.known_environments import KnownEnvironment, KnownEnvironments
from collector.protocol import answers, beacons, fields, integrations, left_out, server_api
from collector.protocol.answers import Answer
from collector.protocol.errors import BadField, Refused
from collector.protocol.limits import MAX_USERS
from collector.protocol.property_bounds import leave_out
from collector.protocol.server_api import Where
from collector.rate_limits import Buckets, price
from collector.request.contents import Contents, Open, json_with, open_beacon
from events.faults import Why
from events.records import Identified, Record, Stored
from projects.capture import Capture

STEP = 250  # events and the like that are read at once: about two milliseconds


class Request(NamedTuple):
    """A request as it was sent. `headers` have names in lower case; `now` is in unix seconds."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    body: bytes
    client: str  # the address it comes from: collector/request/client_address.py
    now: float
    query: bytes = b""  # of the URL, not decoded


class Outcome(StrEnum):
    """The outcome of a request, as it is counted."""

    ACCEPTED = "accepted"
    EXCLUDED = "excluded"
    LEFT_OUT = "left_out"  # by the environment's capture settings
    BAD = "bad"
    OVER_LIMIT = "over_limit"
    UNAVAILABLE = "unavailable"  # it could not be committed
    CLOSED = "closed"
    UNKNOWN_APP = "unknown_app"
    NOTHING = "nothing"  # a preflight, or content that is ignored


WITHOUT_ENVIRONMENT = (Outcome.UNKNOWN_APP, Outcome.NOTHING)
COUNTED = tuple(outcome.value for outcome in Outcome if outcome not in WITHOUT_ENVIRONMENT)
"""The outcomes of requests to an environment."""


class Decision(NamedTuple):
    """What to do with a request: commit all of `records`, then send `answer`."""

    answer: Answer
    outcome: Outcome
    records: Sequence[Record] = ()
    environment: KnownEnvironment | None = None
    app_id: str | None = None  # if UNKNOWN_APP: perhaps a new environment that this process has not loaded yet
    rule_id: int | None = None  # if EXCLUDED
    keys: Sequence[str] = ()  # if EXCLUDED: the keys of its events, to recognise a repeat (counts/excluded.py)
    size: int = 0  # if ACCEPTED: bytes of its content, without compression
    weight: int = 0  # the number of its events, people or customers, as far as it was read
    tokens: int = 0  # that its environment pays (rate_limits.py), even if the request turns out to be invalid
    properties_left_out: int = 0  # for which there was no room

    def unavailable(self, why: Why) -> "Decision":
        """The decision if it cannot be carried out now."""
        return self._replace(answer=answers.unavailable(why), outcome=Outcome.UNAVAILABLE, properties_left_out=0)

    def carried_out(self, stored: Stored) -> "Decision":
        """The decision after its records are stored."""
        done = self.without(stored.repeats)
        left_out = self.properties_left_out + stored.left_out
        if not left_out:
            return done
        return done._replace(properties_left_out=left_out, answer=done.answer.without_properties(left_out))

    def without(self, repeats: int) -> "Decision":
        """The decision, not counting the `repeats` of its events that came before."""
        return self._replace(weight=max(0, self.weight - repeats)) if repeats else self

    def not_storable(self) -> "Decision":
        """The decision if the database refuses its records although they passed all checks."""
        return self._replace(answer=answers.NOT_STORABLE, outcome=Outcome.BAD, properties_left_out=0)


RecordReader = Callable[[Any, Where], list[Record]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """How requests to one path are opened, read and answered."""

    read: RecordReader | None  # None: any content is accepted and ignored
    open: Open
    excluded: Answer  # to an excluded address
    accepted: Answer = answers.OK
    methods: tuple[str, ...] = ("POST",)
    many: str | None = None  # the array that may hold several events, people or customers


def _tracks(read: RecordReader) -> Endpoint:
    """Excluded addresses get the usual answer, and their events are dropped."""
    return Endpoint(read, json_with("events"), excluded=answers.OK_DROPPED, many="events")


def _people(read: RecordReader, many: str | None, accepted: Answer = answers.OK) -> Endpoint:
    """Excluded addresses get a refusal. `many` is the name of the array for several people or customers."""
    return Endpoint(read, json_with(many), excluded=answers.EXCLUDED, accepted=accepted, many=many)


def _beacon(read: RecordReader | None, excluded: Answer) -> Endpoint:
    """A request for an image, which a page makes by GET. The same parameters may come by POST."""
    return Endpoint(read, open_beacon, excluded, accepted=answers.GIF, methods=("GET", "POST"))


ENDPOINTS: dict[str, Endpoint] = {
    "/api/track": _tracks(server_api.track),
    "/api/add_user_properties": _people(server_api.add_user_properties, "users"),
    "/api/add_account_properties": _people(server_api.add_account_properties, "accounts"),
    "/api/v1/identify": _people(server_api.identify, None),
    "/api/identify": _people(server_api.add_user_properties, "users", accepted=answers.OK_OBJECT),
    "/api/integrations/track": _tracks(integrations.track),
    "/api/integrations/add_user_properties": _people(integrations.add_user_properties, "users"),
    "/h": _beacon(beacons.capture, excluded=answers.GIF_DROPPED),
    "/api/identify_v3": _beacon(beacons.identify, excluded=answers.EXCLUDED),
    "/api/add_user_properties_v3": _beacon(beacons.add_user_properties, excluded=answers.EXCLUDED),
    "/api/telemetry": _beacon(None, excluded=answers.GIF_DROPPED),
}


BEACONS = frozenset(path for path, endpoint in ENDPOINTS.items() if endpoint.open is open_beacon)


def decide(request: Request, environments: KnownEnvironments, buckets: Buckets) -> Decision:
    """Decide what is stored and answered for a request to one of ENDPOINTS.

    Only checks in `buckets` whether the environment owes tokens. The callers take out the cost (`Decision.tokens`).
    """
    endpoint = ENDPOINTS[request.path]
    if request.method not in endpoint.methods:
        if request.method == "OPTIONS":
            return Decision(answers.preflight(request.headers), Outcome.NOTHING)
        return Decision(answers.wrong_method(", ".join(endpoint.methods)), Outcome.NOTHING)
    decision = _decision(endpoint, request, environments, buckets)
    if endpoint.read is None and decision.outcome is not Outcome.EXCLUDED:
        return Decision(endpoint.accepted, Outcome.NOTHING)
    return decision


def decide_in_steps(
    request: Request, environments: KnownEnvironments, buckets: Buckets
) -> Generator[None, None, Decision]:
    """Decide the same as `decide` does, and yield whenever something else may be done meanwhile."""
    endpoint = ENDPOINTS[request.path]
    if endpoint.read is None or request.method not in endpoint.methods:
        return decide(request, environments, buckets)
    try:
        opened = endpoint.open(request.headers, request.query, request.body)
    except (BadField, Refused):
        return decide(request, environments, buckets)
    yield
    opens = replace(endpoint, open=lambda headers, query, body: opened)
    try:
        return _decision(replace(opens, read=_put_off), request, environments, buckets)
    except _PutOff as put_off:
        found = yield from _read_in_steps(endpoint, *put_off.args)
    return _decision(replace(opens, read=lambda content, where: found()), request, environments, buckets)


class _PutOff(Exception):
    """The request is to be read now: its content and where it belongs."""


def _put_off(content: Any, where: Where) -> list[Record]:
    raise _PutOff(content, where)


def _read_in_steps(endpoint: Endpoint, content: Any, where: Where) -> Generator[None, None, Callable[[], list[Record]]]:
    """Return a function that returns the records, or raises BadField."""
    read, many = endpoint.read, endpoint.many
    assert read is not None
    items = content.get(many) if many is not None else None
    if type(items) is not list or (many != "events" and len(items) > MAX_USERS):
        return lambda: read(content, where)
    records: list[Record] = []
    for start in range(0, len(items), STEP):
        try:
            records += read(content | {many: items[start : start + STEP]}, where)
        except BadField as bad:
            moved = bad.moved(start)
            return lambda: _raise(moved)
        yield
    return lambda: records


def _raise(error: BadField) -> list[Record]:
    raise error


def _decision(endpoint: Endpoint, request: Request, environments: KnownEnvironments, buckets: Buckets) -> Decision:
    environment, weight, tokens = None, 0, 0
    try:
        opened = endpoint.open(request.headers, request.query, request.body)
        app_id = fields.app_id(opened.app_id)
        environment = environments.get(app_id)
        if environment is None:
            return _unknown(app_id)
        weight = opened.weight
        if environment.is_closed:
            return _closed(environment, weight)
        rule_id = environment.excludes(request.client)
        if rule_id is not None:
            excluded = opened.answer(endpoint.excluded)
            return Decision(
                excluded, Outcome.EXCLUDED, environment=environment, rule_id=rule_id, keys=opened.keys, weight=weight
            )
        if environment.capture is not None and _is_left_out(environment.capture, opened, request):
            dropped = opened.answer(endpoint.accepted).with_headers(answers.LEFT_OUT + answers.EXPOSED)
            return Decision(dropped, Outcome.LEFT_OUT, environment=environment, weight=weight)
        if seconds := buckets.wait_seconds(environment.environment_id, request.now):
            return Decision(answers.over_limit(seconds), Outcome.OVER_LIMIT, environment=environment, weight=weight)
        tokens = price(weight, opened.size)
        where = Where(environment.environment_id, request.now, request.headers.get(b"user-agent"))
        records = endpoint.read(opened.content, where) if endpoint.read else []
        tokens = price(weight, opened.size, _properties(records))
        if environment.capture is not None:
            records = left_out.without(environment.capture, records)
        without_room = leave_out(records)
    except BadField as bad:
        return Decision(
            answers.bad_request(bad.line), Outcome.BAD, environment=environment, weight=weight, tokens=tokens
        )
    except Refused as refused:
        return Decision(refused.answer, Outcome.BAD, environment=environment, weight=weight, tokens=tokens)
    return Decision(
        opened.answer(endpoint.accepted), Outcome.ACCEPTED, records, environment, size=opened.size, weight=weight,
        tokens=tokens, properties_left_out=without_room,
    )  # fmt: skip


def _properties(records: Sequence[Record]) -> int:
    return sum(len(record.properties) for record in records if not isinstance(record, Identified))


def _is_left_out(capture: Capture, opened: Contents, request: Request) -> bool:
    """Whether nothing is captured from this browser, or on this page. Programs name no page, and are not asked."""
    if left_out.refuses(capture, request.headers):
        return True
    if request.path not in BEACONS:
        return False
    site, path = beacons.place(opened.content)
    return not capture.takes(site, path)


def _unknown(app_id: str) -> Decision:
    shortened = app_id if len(app_id) <= 20 else app_id[:20] + "..."
    return Decision(answers.bad_request(f"app_id {shortened} is not known here"), Outcome.UNKNOWN_APP, app_id=app_id)


def _closed(environment: KnownEnvironment, weight: int) -> Decision:
    closed = answers.bad_request("the account of this app_id is closed")
    return Decision(closed, Outcome.CLOSED, environment=environment, weight=weight)
