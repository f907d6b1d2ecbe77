"""The partner form of the server API: other names for the same fields, and several ways to identify a person."""

from typing import Any

from collector.protocol import fields
from collector.protocol.errors import BadField, shown
from collector.protocol.server_api import NO_USER_PROPERTIES, JsonObject, Where, each
from events.identity import MAX_VISITOR, actor_of, key_digest, number_of
from events.records import EventRecord, PersonChange, Record


def track(body: JsonObject, where: Where) -> list[Record]:
    """Events, under `events`."""
    return each(body, "events", where, _event)


def add_user_properties(body: JsonObject, where: Where) -> list[Record]:
    """Properties of people, under `users`."""
    return each(body, "users", where, _person)


def _event(item: JsonObject, where: Where) -> EventRecord:
    actor, identity = _actor(item, where)
    key = fields.idempotency_key(item.get("idempotency_key"))
    return EventRecord(
        environment_id=where.environment_id,
        time=fields.timestamp(item.get("timestamp"), where.now),
        actor_id=actor,
        identity=identity,
        key=None if key is None else key_digest(where.environment_id, key),
        name=fields.event_name(item.get("event")),
        properties=fields.properties(item.get("custom_properties"), where.noted, "custom_properties"),
    )


def _person(item: JsonObject, where: Where) -> PersonChange:
    actor, identity = _actor(item, where)
    return PersonChange(
        environment_id=where.environment_id,
        actor_id=actor,
        identity=identity,
        at=where.now,
        properties=fields.properties(
            item.get("custom_properties"), where.noted, "custom_properties", left_out=NO_USER_PROPERTIES
        ),
    )


def _actor(item: JsonObject, where: Where) -> tuple[int, str | None]:
    """The actor that `user_identifier` names, and the identity if there is one."""
    identifier = item.get("user_identifier")
    if identifier is None:
        raise BadField("user_identifier is missing")
    if type(identifier) is not dict:
        raise BadField("user_identifier must be an object")
    try:
        return _most_reliable(identifier, where)
    except BadField as bad:
        raise bad.within("user_identifier") from None


def _most_reliable(identifier: dict[str, Any], where: Where) -> tuple[int, str | None]:
    """Tries `identity`, `user_id`, `email` and `anonymous_id`, in this order. What names nobody is as missing."""
    nobody = ""
    for name in ("identity", "user_id", "email", "anonymous_id"):
        value = identifier.get(name)
        if value is None or value == "":
            continue
        if name == "user_id":
            return fields.visitor(value), None
        text = fields.identity_or_nobody(value, where.noted, name)
        if text is None:
            nobody = nobody or f"{name} {shown(value)} names nobody, and "
        elif name == "anonymous_id":
            return _visitor_of(text), None
        else:
            return actor_of(where.environment_id, text), text
    raise BadField(f"{nobody}identity, user_id, email or anonymous_id is missing")


def _visitor_of(text: str) -> int:
    """The number of a visitor: `text` itself if it is one, else what stands for it (an id of another system)."""
    if text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= MAX_VISITOR:
        return int(text)
    return number_of(text)
