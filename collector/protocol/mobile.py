"""Mobile apps: batches of Heap's classic SDK for iOS, which are JSON. Those of other SDKs are protobuf, and refused.

What an app sends beside its events (pages, identities, properties of people) comes as beacons.
"""

from typing import Any

from collector.protocol import answers, fields
from collector.protocol.errors import BadField, Refused
from collector.protocol.limits import MAX_HIERARCHY, MAX_TEXT
from collector.protocol.server_api import JsonObject, Where, each
from collector.protocol.times import by_our_clock, seconds_of, unix_seconds
from events.identity import actor_of, key_digest
from events.records import EventRecord, Identified, Properties, Record

CLICKS = ("touchEvent", "touch")
CUSTOM = ("customEvent", "custom", "sourceCustomEvent")  # their name is the app's own
UNWRAPPED = frozenset({"string", "bool", "boolean", "int", "integer", "double", "float", "number"})


def ios_track(body: JsonObject, where: Where) -> list[Record]:
    """`{sentTime, messages}`: events, each with its page, session and visitor. They are all of one environment."""
    sent = _seconds(body.get("sentTime"), "sentTime")
    read = each(body, "messages", where, lambda message, _: _message(message, sent, body.get("app_id"), where))
    return [record for records in read for record in records]


def protobuf(content: Any, where: Where) -> list[Record]:
    where.noted.protobufs += 1
    raise Refused(answers.PROTOBUF)


def _message(message: JsonObject, sent: float | None, app_id: Any, where: Where) -> list[Record]:
    if message.get("envId") is None:
        raise BadField("envId is missing")
    if message["envId"] != app_id:
        raise BadField("envId is not that of the others")
    user = _object(message, "user")
    visitor = fields.tracker_id(user.get("id"), "user.id")
    at = _moment(message, sent, where)
    identified = _identified(user.get("identity"), visitor, at, where)
    if message.get("event") is None and message.get("pageviewInfo") is None:  # the beginning of a session
        return identified
    number = message.get("id")
    page, device = _object(message, "pageviewInfo"), _object(message, "deviceInfo")
    kind, columns, properties = _event(_object(message, "event"), where)
    event = EventRecord(
        environment_id=where.environment_id,
        time=at,
        actor_id=visitor,
        key=None if number is None else key_digest(where.environment_id, f"ios {visitor} {number}"),
        session_id=_id(_object(message, "sessionInfo"), "sessionInfo"),
        pageview_id=_id(page, "pageviewInfo"),
        kind=kind,
        path=_text(page.get("viewController")),
        title=_text(page.get("title")),
        platform="ios",
        os="iOS",
        device="tablet" if "iPad" in str(device.get("phoneModel")) else "mobile",
        properties=fields.properties(_plain(message.get("properties")), where.noted) | properties,
        **columns,
    )
    return [*identified, event]


def _identified(identity: Any, visitor: int, at: float, where: Where) -> list[Record]:
    if identity is None or identity == "":
        return []
    name = fields.identity_or_nobody(identity, where.noted, "user.identity")
    if name is None:
        return []
    environment_id = where.environment_id
    actor = actor_of(environment_id, name)
    return [Identified(environment_id=environment_id, visitor=visitor, actor_id=actor, identity=name, at=at)]


def _event(event: JsonObject, where: Where) -> tuple[str, dict[str, Any], Properties]:
    """Kind, further columns and properties. An event of a kind that is not known is a custom one of that name."""
    form = next((name for name, value in event.items() if type(value) is dict), None)
    if form is None:
        return "pageview", {}, {}
    given = event[form]
    named = given.get("name") or given.get("type")
    properties = fields.properties(_plain(given.get("sourceProperties")), where.noted)
    if form in CLICKS or (form == "sourceEvent" and named in CLICKS):
        return "click", _target(given), properties
    if form in CUSTOM and given.get("name") is None:
        raise BadField("event.name is missing")
    for own in ("properties", "customProperties"):
        properties |= fields.properties(_plain(given.get(own)), where.noted)
    return "custom", {"name": fields.event_name(named or form)}, properties


def _target(given: JsonObject) -> dict[str, str | None]:
    """The element that was touched, and those around it, as a page's tracker describes them."""
    ancestry = _object(given, "viewAncestry").get("ancestry")
    around = ancestry if type(ancestry) is list else []
    classes = [str(each.get("class")) for each in around if type(each) is dict and each.get("class")]
    hierarchy = "".join(f"@{name};|" for name in classes)
    return {
        "target_tag": _text(given.get("targetView")),
        "target_id": _text(given.get("targetIvar")),
        "target_text": _text(given.get("targetText")),
        "target_hierarchy": hierarchy[:MAX_HIERARCHY] or None,
    }


def _moment(message: JsonObject, sent: float | None, where: Where) -> float:
    happened = _seconds(message.get("timestamp"), "timestamp")
    if happened is None:
        return where.now
    return fields.timestamp(happened, where.now) if sent is None else by_our_clock(happened, sent, where.now)


def _seconds(value: Any, name: str) -> float | None:
    """Unix time as the SDK writes it: mostly milliseconds, as text. Its clock may be wrong."""
    if value is None or value == "":
        return None
    if type(value) is str:
        return seconds_of(value)
    if not fields.is_number(value):
        raise BadField(f"{name} must be unix time")
    return unix_seconds(value)


def _id(given: JsonObject, name: str) -> int | None:
    return None if given.get("id") is None else fields.tracker_id(given["id"], f"{name}.id")


def _object(given: JsonObject, name: str) -> JsonObject:
    """The object of that name; an empty one where it is missing. Raises BadField."""
    found = given.get(name)
    if found is None:
        return {}
    if type(found) is not dict:
        raise BadField(f"{name} must be an object")
    return found


def _plain(properties: Any) -> Any:
    """Properties whose values are written with their types: {"a": {"string": "x"}} is {"a": "x"}."""
    if type(properties) is not dict:
        return properties
    return {name: _unwrapped(value) for name, value in properties.items()}


def _unwrapped(value: Any) -> Any:
    if type(value) is dict and len(value) == 1 and value.keys() <= UNWRAPPED:
        return next(iter(value.values()))
    return value


def _text(value: Any) -> str | None:
    return value[:MAX_TEXT] if type(value) is str and value else None
