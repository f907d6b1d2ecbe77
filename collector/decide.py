"""Decides what to store and answer for a request: a pure function of the request and the known environments.

It uses no clock, no network and no database, so tests can try odd requests by the thousand. The shells around it
(collector/asgi.py, collector/wsgi.py) read the request, store the records, and send the answer.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum
from typing import Any, NamedTuple

from collector.environments.known_environments import KnownEnvironment, KnownEnvironments
from collector.protocol import answers, beacons, fields, integrations, server_api
from collector.protocol.answers import Answer
from collector.protocol.errors import BadField, Refused
from collector.protocol.property_bounds import leave_out
from collector.protocol.server_api import Where
from collector.rate_limits import Buckets, price
from collector.request.contents import Open, json_with, open_beacon
from events.records import Identified, Record, Stored


class Request(NamedTuple):
    """A request as it was sent. `headers` have names in lower case; `now` is in unix seconds."""

    method: str
    path: str
    headers: Mapping[bytes, bytes]
    body: bytes
    client: str  # the address it comes from: collector/request/client_address.py
    now: float
    query: bytes = b""  # of the URL, as it was sent


class Outcome(StrEnum):
    """The outcome of a request, as it is counted."""

    ACCEPTED = "accepted"
    EXCLUDED = "excluded"
    BAD = "bad"
    OVER_LIMIT = "over_limit"
    UNAVAILABLE = "unavailable"  # it could not be committed
    CLOSED = "closed"
    UNKNOWN_APP = "unknown_app"
    NOTHING = "nothing"  # a preflight and the like


WITHOUT_ENVIRONMENT = (Outcome.UNKNOWN_APP, Outcome.NOTHING)
COUNTED = tuple(outcome.value for outcome in Outcome if outcome not in WITHOUT_ENVIRONMENT)
"""The outcomes of requests to an environment."""


class Decision(NamedTuple):
    """`answer`, once all of `records` are committed; at once when there are none."""

    answer: Answer
    outcome: Outcome
    records: Sequence[Record] = ()
    environment: KnownEnvironment | None = None
    app_id: str | None = None  # of UNKNOWN_APP: perhaps a new environment that this process has not loaded yet
    rule_id: int | None = None  # of EXCLUDED
    keys: Sequence[str] = ()  # of EXCLUDED: the same in a repeat (collector/counts/excluded.py)
    weight: int = 0  # how many events and the like it brings, as far as it was read
    left_out: int = 0  # how many of its properties are not stored
    tokens: int = 0  # which its environment pays (collector/rate_limits.py), also for what was read and found bad

    def unavailable(self, line: str) -> "Decision":
        """The decision when it cannot be carried out now."""
        return self._replace(answer=answers.unavailable(line), outcome=Outcome.UNAVAILABLE, left_out=0)

    def carried_out(self, stored: Stored) -> "Decision":
        """The decision after its records are stored."""
        done = self.without(stored.repeats)
        left_out = self.left_out + stored.left_out
        return done._replace(left_out=left_out, answer=done.answer.leaving_out(left_out)) if left_out else done

    def without(self, repeats: int) -> "Decision":
        """The decision without `repeats` of its events, which had come before and are not counted again."""
        return self._replace(weight=max(0, self.weight - repeats)) if repeats else self

    def not_storable(self) -> "Decision":
        """The decision when the database refuses its records although they passed all checks."""
        return self._replace(answer=answers.NOT_STORABLE, outcome=Outcome.BAD, left_out=0)


RecordReader = Callable[[Any, Where], list[Record]]


@dataclass(frozen=True, slots=True)
class Endpoint:
    """A path: the function that opens a request, the one that reads its content, and the answers."""

    read: RecordReader | None  # None: any content is accepted and ignored
    open: Open
    excluded: Answer  # to an excluded address
    accepted: Answer = answers.OK
    methods: tuple[str, ...] = ("POST",)


def _tracks(read: RecordReader) -> Endpoint:
    """Excluded addresses get the usual answer, and their events are dropped."""
    return Endpoint(read, json_with("events"), excluded=answers.OK_DROPPED)


def _people(read: RecordReader, many: str | None, accepted: Answer = answers.OK) -> Endpoint:
    """Excluded addresses get a refusal. `many` is the array that several people or customers come in."""
    return Endpoint(read, json_with(many), excluded=answers.EXCLUDED, accepted=accepted)


def _beacon(read: RecordReader | None, excluded: Answer) -> Endpoint:
    """An image that a page asks for; its parameters may come by POST too."""
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


def decide(request: Request, environments: KnownEnvironments, buckets: Buckets) -> Decision:
    """Decide what is stored and answered for a request whose path is one of ENDPOINTS.

    It only asks `buckets` whether an environment owes tokens. The shells take out the cost (`Decision.tokens`).
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
        if seconds := buckets.wait_seconds(environment.environment_id, request.now):
            return Decision(answers.over_limit(seconds), Outcome.OVER_LIMIT, environment=environment, weight=weight)
        tokens = price(weight, opened.size)
        where = Where(environment.environment_id, request.now, request.headers.get(b"user-agent"))
        records = endpoint.read(opened.content, where) if endpoint.read else []
        tokens = price(weight, opened.size, _properties(records))
        left_out = leave_out(records)
    except BadField as bad:
        return Decision(
            answers.bad_request(bad.line), Outcome.BAD, environment=environment, weight=weight, tokens=tokens
        )
    except Refused as refused:
        return Decision(refused.answer, Outcome.BAD, environment=environment, weight=weight, tokens=tokens)
    accepted = opened.answer(endpoint.accepted)
    return Decision(accepted, Outcome.ACCEPTED, records, environment, weight=weight, left_out=left_out, tokens=tokens)


def _properties(records: Sequence[Record]) -> int:
    return sum(len(record.properties) for record in records if not isinstance(record, Identified))


def _unknown(app_id: str) -> Decision:
    shortened = app_id if len(app_id) <= 20 else app_id[:20] + "..."
    return Decision(answers.bad_request(f"app_id {shortened} is not known here"), Outcome.UNKNOWN_APP, app_id=app_id)


def _closed(environment: KnownEnvironment, weight: int) -> Decision:
    closed = answers.bad_request("the account of this app_id is closed")
    return Decision(closed, Outcome.CLOSED, environment=environment, weight=weight)
