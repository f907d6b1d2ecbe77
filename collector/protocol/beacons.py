"""Beacons: turns the parameters that a tracker in a web page sends into records.

As in server_api.py, each function takes the parameters of a request whose app_id is known, and raises BadField.
Texts that describe a page or an element are cut if they are too long, because the page cannot prevent them.
"""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qsl

import msgspec

from collector.protocol import fields
from collector.protocol.errors import BadField, shown
from collector.protocol.limits import MAX_EVENTS_IN_BEACON, MAX_HIERARCHY, MAX_TEXT
from collector.protocol.parameters import BeaconParameters
from collector.protocol.server_api import NO_USER_PROPERTIES, Where
from collector.protocol.times import by_our_clock
from common.user_agent import agent_of
from events.columns import UTM
from events.identity import actor_of, key_digest
from events.records import ROBOT, EventRecord, Identified, PersonChange, Properties, Record

TARGET = {  # parameter of an event: column
    "n": "target_tag",
    "c": "target_class",
    "i": "target_id",
    "h": "target_href",
    "x": "target_text",
    "y": "target_hierarchy",
}
UTM_LETTERS = {
    "us": "utm_source",
    "um": "utm_medium",
    "ut": "utm_term",
    "ua": "utm_campaign",
    "uc": "utm_content",
}
Context = dict[str, str]
KINDS = frozenset({"pageview", "click", "change", "submit"})
_NUMBER = re.compile(r"-?[0-9]{1,20}(\.[0-9]+)?")


def capture(sent: BeaconParameters, where: Where) -> list[Record]:
    """`/h`: the numbered events of a page, and a pageview if `z` is given or there are no events."""
    visitor = fields.tracker_id(sent.get("u"), "u")
    events = sent.events()
    if len(events) > MAX_EVENTS_IN_BEACON:
        raise BadField(f"the beacon holds more than {MAX_EVENTS_IN_BEACON:,} events")
    page = _page(sent, where) | {"actor_id": visitor}
    if len(events) > 1:
        where.noted.grown += (len(events) - 1) * sum(len(text.encode()) for text in page.values() if type(text) is str)
    records: list[Record] = _identified(sent, visitor, where)
    if "z" in sent or not events:
        records.append(_pageview(sent, page, where))
    for number, event in events:
        records.append(_event(event, number, sent, page, where))
    return records


def identify(sent: BeaconParameters, where: Where) -> list[Record]:
    """`/api/identify_v3`: gives the visitor an identity."""
    visitor = fields.tracker_id(sent.get("u"), "u")
    fields.somebody(sent.get("i"), where.noted, "i")
    return _identified(sent, visitor, where)


def add_user_properties(sent: BeaconParameters, where: Where) -> list[Record]:
    """`/api/add_user_properties_v3`: `_plan=pro` sets `plan` for the visitor, or for their identity if known."""
    visitor = fields.tracker_id(sent.get("u"), "u")
    given: Properties = {name[1:]: value for name, value in sent.items() if name.startswith("_")}
    given |= _literals(sent.pairs("l"), "l")
    properties = fields.properties(given, where.noted, "_", left_out=NO_USER_PROPERTIES)
    change = PersonChange(
        environment_id=where.environment_id, actor_id=visitor, at=_moment(sent, None, where), properties=properties
    )
    return [*_identified(sent, visitor, where), change]


def place(sent: BeaconParameters) -> tuple[str, str]:
    """The site and the path of the page, empty where it does not say."""
    page = sent.context("pp")
    return sent.get("d") or page.get("d") or "", sent.get("h") or page.get("h") or ""


def count(sent: BeaconParameters) -> int:
    """How many records a beacon brings, before they are read; at least 1."""
    return len(sent.events()) + ("z" in sent) or 1


def keys(sent: BeaconParameters) -> list[str]:
    """Keys of its pageview and its events. They are the same if the beacon is sent again."""
    visitor = sent.get("u")
    found = [(event.get("id"), event.get("ts") or sent.get("ts")) for _, event in sent.events()]
    if "z" in sent:
        found.append((sent.get("v"), sent.get("ts")))
    return [f"{visitor} {number} {at}" for number, at in found if number and at]


# --- The parts of a beacon ----------------------------------------------------------------------------------------
def _identified(sent: BeaconParameters, visitor: int, where: Where) -> list[Record]:
    """Every beacon with `i` identifies its visitor, because the beacon of `identify` may have been lost."""
    given = sent.get("i")
    if given is None or (name := fields.identity_or_nobody(given, where.noted, "i")) is None:
        return []
    actor, at = actor_of(where.environment_id, name), _moment(sent, None, where)
    return [
        Identified(environment_id=where.environment_id, visitor=visitor, actor_id=actor, identity=name, at=at),
    ]


def _page(sent: BeaconParameters, where: Where) -> dict[str, Any]:
    """The columns that are the same for all events of a beacon. Apps send by libraries, and are no robots."""
    page, session = sent.context("pp"), sent.context("sp")
    query = sent.get("q") or page.get("q")
    agent, platform = agent_of(where.user_agent), _cut(sent.get("b"))
    where.noted.is_robot = agent.is_robot and platform in (None, "web")
    return {
        "environment_id": where.environment_id,
        "session_id": _natural(sent.get("s"), "s"),
        "pageview_id": _natural(sent.get("v"), "v"),
        "domain": _cut(sent.get("d") or page.get("d") or session.get("d")),
        "path": _cut(sent.get("h") or page.get("h")),
        "query": _cut(query),
        "hash": _cut(sent.get("g") or page.get("g")),
        "title": _cut(sent.get("t") or page.get("t")),
        "referrer": _cut(sent.get("r") or page.get("r") or session.get("r")),
        "platform": platform,
        "browser": agent.browser,
        "os": agent.os,
        "device": ROBOT if where.noted.is_robot else agent.device,
        **_campaign(sent, query, page, session),
    }


def _campaign(sent: BeaconParameters, query: str | None, page: Context, session: Context) -> dict[str, str | None]:
    """The campaign of the page, else of the page where the session began. Queries name it, or pairs of letters do."""
    return (
        _utm(query)
        or _letters({letters: sent.get(letters) or page.get(letters) for letters in UTM_LETTERS})
        or _utm(session.get("q"))
        or _letters(session)
    )


def _utm(query: str | None) -> dict[str, str | None]:
    if not query or "utm_" not in query:
        return {}
    found = dict(parse_qsl(query.removeprefix("?")[:MAX_HIERARCHY], errors="replace"))
    return {name: _cut(found[name].replace("\0", "")) for name in UTM if found.get(name)}


def _letters(given: Mapping[str, str | None]) -> dict[str, str | None]:
    return {column: _cut(given[letters]) for letters, column in UTM_LETTERS.items() if given.get(letters)}


def _pageview(sent: BeaconParameters, page: dict[str, Any], where: Where) -> EventRecord:
    at = sent.get("ts")
    key = None
    if at and page["pageview_id"] is not None:
        key = _key(where, page["actor_id"], "pageview", page["pageview_id"], at)
    return EventRecord(
        kind="pageview",
        time=_moment(sent, at, where),
        key=key,
        properties=fields.properties(_properties(sent, ""), where.noted, "k"),
        **page,
    )


def _event(
    event: BeaconParameters, number: int, sent: BeaconParameters, page: dict[str, Any], where: Where
) -> EventRecord:
    """A pageview, click, change or submit, or else a custom event. With `e`, any name is a custom event's."""
    name = event.get("t")
    is_captured = name in KINDS and "e" not in event
    at, number_sent = event.get("ts") or sent.get("ts"), event.get("id")
    target: dict[str, Any] = {
        column: _cut(event.get(parameter), MAX_HIERARCHY if parameter == "y" else MAX_TEXT)
        for parameter, column in TARGET.items()
    }
    try:
        name = "" if is_captured else fields.event_name(name)
    except BadField as bad:
        raise BadField(bad.line.replace("event", f"t{number}", 1)) from None
    return EventRecord(
        kind=(event.get("t") or "") if is_captured else "custom",
        name=name,
        time=_moment(sent, at, where),
        key=None if number_sent is None else _key(where, page["actor_id"], "event", number_sent[:MAX_TEXT], at),
        properties=fields.properties(_properties(event, str(number)), where.noted, f"k{number}"),
        **page,
        **target,
    )


def _key(where: Where, *parts: object) -> str:
    """An idempotency key. A beacon that is sent again because its answer was lost has the same ids and times."""
    return key_digest(where.environment_id, "beacon " + " ".join(map(str, parts)))


def _moment(sent: BeaconParameters, at: str | None, where: Where) -> float:
    """When an event happened, in unix seconds by our clock."""
    happened, left = _milliseconds(at or sent.get("ts"), "ts"), _milliseconds(sent.get("st"), "st")
    if happened is None:
        return where.now
    if left is None:
        return fields.timestamp(happened, where.now)
    return by_our_clock(happened / 1000, left / 1000, where.now)


def _milliseconds(text: str | None, name: str) -> float | None:
    if text is None:
        return None
    if not _NUMBER.fullmatch(text):
        raise BadField(f"{name} must be unix milliseconds")
    return float(text)


def _natural(text: str | None, name: str) -> int | None:
    return None if text is None else fields.tracker_id(text, name)


def _properties(sent: BeaconParameters, number: str) -> Properties:
    """Properties from pairs: `k` repeats name and text; `l` repeats name and number, boolean or null as JSON."""
    texts: Properties = dict(sent.pairs("k"))
    return texts | _literals(sent.pairs("l"), f"l{number}")


def _literals(pairs: dict[str, str], name: str) -> Properties:
    literals: Properties = {}
    for key, text in pairs.items():
        try:
            value = msgspec.json.decode(text.encode(), type=int | float | bool | None)
        except msgspec.MsgspecError:
            raise BadField(f"{name}.{shown(key)} must be a number, true, false or null") from None
        literals[key] = value
    return literals


def _cut(text: str | None, most: int = MAX_TEXT) -> str | None:
    return text[:most] if text else None
