"""Decides what to store and what to answer for a request: a pure function of the request and the known environments.

It uses no clock, no network and no database, so tests can try odd requests by the thousand. Its callers
(collector/asgi.py, collector/wsgi.py) read the request, store the records and send the answer.
"""

from collections.abc import Callable, Generator, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

from msgspec import Struct, structs

from collector.environments.known_environments import KnownEnvironment, KnownEnvironments
from collector.protocol import answers, beacons, fields, integrations, left_out, mobile, server_api
from collector.protocol.answers import Answer
from collector.protocol.errors import BadField, Refused
from collector.protocol.limits import MAX_USERS
from collector.protocol.noted import Noted
from collector.protocol.property_bounds import leave_out
from collector.protocol.server_api import Where
from collector.rate_limits import price
from collector.request.contents import (
    Contents,
    Open,
    json_contents,
    json_with,
    open_beacon,
    open_messages,
    open_protobuf,
)
from common.token_buckets import Buckets
from events.faults import Why
from events.records import Identified, Record, Stored
from projects.capture import Capture

UNLIMITED = frozenset({"events", "messages"})  # the arrays that may hold any number of items
STEP = 250  # events and the like that are read at once: about two milliseconds


class Request(Struct, frozen=True):
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


class Decision(Struct, frozen=True):
    """What to do with a request: commit all of `records`, then send `answer`."""

    answer: Answer
    outcome: Outcome
    records: Sequence[Record] = ()
    environment: KnownEnvironment | None = None
    app_id: str | None = None  # if UNKNOWN_APP: perhaps a new environment that this process has not loaded yet
    rule_id: int | None = None  # if EXCLUDED
    keys: Sequence[str] = ()  # if EXCLUDED: the keys of its events, to recognise a repeat (counts/excluded.py)
    size: int = 0  # if ACCEPTED: bytes that it brings, without compression
    weight: int = 0  # the number of its events, people or customers, as far as it was read
    tokens: int = 0  # that its environment pays (rate_limits.py), even if the request turns out to be invalid
    properties_left_out: int = 0  # for which there was no room
    noted: Noted | None = None  # what else was changed, if anything was

    def unavailable(self, why: Why) -> "Decision":
        """The decision if it cannot be carried out now."""
        return self._not_stored(answers.unavailable(why), Outcome.UNAVAILABLE)

    def carried_out(self, stored: Stored) -> "Decision":
        """The decision after its records are stored."""
        done = self.without(stored.repeats)
        left_out, noted = self.properties_left_out + stored.left_out, self.noted or NOTHING_NOTED
        if not (left_out or noted.texts_cut or noted.nobodies):
            return done
        answer = done.answer.telling(left_out=left_out, cut=noted.texts_cut, nobodies=noted.nobodies)
        return structs.replace(done, properties_left_out=left_out, answer=answer)

    def without(self, repeats: int) -> "Decision":
        """The decision, not counting the `repeats` of its events that came before."""
        return structs.replace(self, weight=max(0, self.weight - repeats)) if repeats else self

    def not_storable(self) -> "Decision":
        """The decision if the database refuses its records although they passed all checks."""
        return self._not_stored(answers.NOT_STORABLE, Outcome.BAD)

    def _not_stored(self, answer: Answer, outcome: Outcome) -> "Decision":
        weight = self.weight + (self.noted.refused if self.noted else 0)
        return structs.replace(self, answer=answer, outcome=outcome, weight=weight, properties_left_out=0, noted=None)


NOTHING_NOTED = Noted()
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


PROTOBUF = tuple(
    f"/api/{sdk}/{call}"
    for sdk in ("integrations/android", "capture/v2")
    for call in ("track", "identify", "add_user_properties")
)


def _protobuf() -> Endpoint:
    """What SDKs send in a form that is not read here: refused, wherever it comes from, and counted."""
    return Endpoint(mobile.protobuf, open_protobuf, excluded=answers.PROTOBUF)


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
    "/api/integrations/ios/track": Endpoint(
        mobile.ios_track, open_messages, excluded=answers.OK_DROPPED, many="messages"
    ),
    **{path: _protobuf() for path in PROTOBUF},
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


def decide_read(
    content: dict[str, Any], request: Request, environments: KnownEnvironments, buckets: Buckets
) -> Decision:
    """Decide the same as `decide` does for a request of the server API whose body is read already."""
    endpoint = ENDPOINTS[request.path]
    opened = json_contents(endpoint.many)(content, 0)
    return _decision(replace(endpoint, open=lambda *_: opened), request, environments, buckets)


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
    opens, noted = replace(endpoint, open=lambda headers, query, body: opened), _noted(endpoint, opened, request)
    try:
        return _decision(replace(opens, read=_put_off), request, environments, buckets, noted)
    except _PutOff as put_off:
        found = yield from _read_in_steps(endpoint, *put_off.args)
    return _decision(replace(opens, read=lambda content, where: found()), request, environments, buckets, noted)


class _PutOff(Exception):
    """The request is to be read now: its content and where it belongs."""


def _put_off(content: Any, where: Where) -> list[Record]:
    raise _PutOff(content, where)


def _read_in_steps(endpoint: Endpoint, content: Any, where: Where) -> Generator[None, None, Callable[[], list[Record]]]:
    """Return a function that returns the records, or raises BadField."""
    read, many = endpoint.read, endpoint.many
    assert read is not None
    items = content.get(many) if many is not None else None
    if type(items) is not list or (many not in UNLIMITED and len(items) > MAX_USERS):
        return lambda: read(content, where)
    records: list[Record] = []
    for first in range(0, len(items), STEP):
        try:
            records += read(content | {many: items[first : first + STEP]}, structs.replace(where, first=first))
        except BadField as error:
            bad = error
            return lambda: _raise(bad)
        yield
    return lambda: records


def _raise(error: BadField) -> list[Record]:
    raise error


def _noted(endpoint: Endpoint, opened: Contents, request: Request) -> Noted:
    """Where to note what is changed. Items can be bad one by one where the sender says so and there are several."""
    if not request.query:
        return Noted()
    is_partial = b"partial=1" in request.query.split(b"&")
    return Noted(is_partial=is_partial and endpoint.many is not None and endpoint.many in opened.content)


def _decision(
    endpoint: Endpoint,
    request: Request,
    environments: KnownEnvironments,
    buckets: Buckets,
    noted: Noted | None = None,
) -> Decision:
    environment, weight, where = None, 0, None
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
        if noted is None:
            noted = _noted(endpoint, opened, request)
        where = Where(environment.environment_id, request.now, request.headers.get(b"user-agent"), noted)
        records = endpoint.read(opened.content, where) if endpoint.read else []
        if noted.refused and not records:
            raise BadField(f"none of the {weight:,} {endpoint.many} can be stored; the first: {noted.listed[0][1]}")
        size = opened.size + noted.grown
        tokens = price(weight, size, _properties(records))
        if environment.capture is not None:
            records = left_out.without(environment.capture, records)
        without_room = leave_out(records)
    except BadField as bad:
        refusal = answers.bad_request(bad.line)
    except Refused as refused:
        refusal = refused.answer
    else:
        answer = opened.answer(endpoint.accepted)
        if noted.is_partial:
            weight -= noted.refused
            answer = answers.partly(weight, noted.refused, noted.listed)
        return Decision(
            answer, Outcome.ACCEPTED, records, environment, size=size, weight=weight, tokens=tokens,
            properties_left_out=without_room, noted=noted or None,
        )  # fmt: skip
    tokens = price(weight, opened.size) if where is not None else 0  # its content was read
    return _refused(refusal, environment, weight, tokens, noted)


def _refused(
    answer: Answer, environment: KnownEnvironment | None, weight: int, tokens: int, noted: Noted | None
) -> Decision:
    if noted is not None:
        noted = structs.replace(noted, refused=0, texts_cut=0, is_robot=False, listed=[])
    return Decision(answer, Outcome.BAD, environment=environment, weight=weight, tokens=tokens, noted=noted or None)


def _properties(records: Sequence[Record]) -> int:
    count = 0
    for record in records:
        if not isinstance(record, Identified):
            count += len(record.properties)
    return count


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
