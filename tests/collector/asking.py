"""Requests to the pure `decide`, and environments for them."""

import json
from urllib.parse import urlencode

from collector.decide import Request, decide
from collector.environments.known_environments import KnownEnvironment
from common.token_buckets import Buckets
from ipfilter.rules.lists import compile_rules, parse

NOW = 1_790_000_000.0  # 2026-09-21
APP_ID = "1234567890"
CLOSED = "2222222222"
OUTSIDE, EXCLUDED = "198.51.100.1", "203.0.113.9"
RULES = compile_rules((number, rule.triples) for number, rule in enumerate(parse(EXCLUDED).rules, start=41))
ENVIRONMENTS = {
    APP_ID: KnownEnvironment(7, 3, 1, is_closed=False, rules=(RULES,)),
    CLOSED: KnownEnvironment(8, 4, 2, is_closed=True, rules=()),
}
UNLIMITED = Buckets(0)
JSON = {b"content-type": b"application/json"}


def ask(path, payload, *, method="POST", headers=None, client=OUTSIDE, now=NOW, buckets=UNLIMITED):
    """Decide about `payload`: bytes as they are, anything else as JSON."""
    body = payload if isinstance(payload, bytes) else json.dumps(payload).encode()
    return decide(Request(method, path, JSON if headers is None else headers, body, client, now), ENVIRONMENTS, buckets)


def track(**fields):
    """Decide about one event; a field that is None is left out."""
    given = {"app_id": APP_ID, "event": "E", "identity": "ann"} | fields
    return ask("/api/track", {name: value for name, value in given.items() if value is not None})


def line(decision):
    """The line of a 400 that says what is wrong."""
    assert decision.answer.status == 400, decision
    assert not decision.records
    title, line, rest = decision.answer.body.decode().split("\n")
    assert (title, rest) == ("Bad Request", "")
    return line


def beacon(path, parameters, *, method="GET", body=b"", headers=(), client=OUTSIDE, now=NOW, buckets=UNLIMITED):
    """Decide about a beacon: a query string, or {name: value or values}."""
    query = parameters if isinstance(parameters, str) else urlencode({"a": APP_ID, "u": 1} | parameters, doseq=True)
    return decide(Request(method, path, dict(headers), body, client, now, query.encode()), ENVIRONMENTS, buckets)


def capturing(capture, path, payload, **headers):
    """Decide about a request to an environment that leaves out what `capture` says. A dict is a beacon's parameters."""
    environments = {APP_ID: KnownEnvironment(7, 3, 1, is_closed=False, rules=(), capture=capture)}
    sent = {name.replace("_", "-").encode(): value.encode() for name, value in headers.items()}
    if path.startswith("/api/") and not path.endswith("_v3"):
        body = json.dumps({"app_id": APP_ID} | payload).encode()
        return decide(Request("POST", path, JSON | sent, body, OUTSIDE, NOW), environments, UNLIMITED)
    query = urlencode({"a": APP_ID, "u": 1} | payload, doseq=True).encode()
    return decide(Request("GET", path, sent, b"", OUTSIDE, NOW, query), environments, UNLIMITED)
