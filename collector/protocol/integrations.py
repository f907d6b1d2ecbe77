"""The partner form of the server API: other names for the same fields, and several ways to identify a person."""

from hashlib import blake2b
from typing import Any

from collector.protocol import fields
from collector.protocol.errors import BadField
from collector.protocol.server_api import USER_PROPERTIES_REFUSED, JsonObject, Where, each
from events.identity import MAX_VISITOR, actor_of, key_digest
from events.records import EventRecord, PersonChange, Record


def track(body: JsonObject, where: Where) -> list[Record]:
    """Events, under `events`."""
    return each(body, "events", where, _event)


def add_user_properties(body: JsonObject, where: Where) -> list[Record]:
    """Properties of people, under `users`."""
    return each(body, "users", where, _person)


def _event(item: JsonObject, where: Where) -> EventRecord:
    actor, identity = _actor(item, where.environment_id)
    key = fields.idempotency_key(item.get("idempotency_key"))
    return EventRecord(
        environment_id=where.environment_id,
        time=fields.timestamp(item.get("timestamp"), where.now),
        actor_id=actor,
        identity=identity,
        key=None if key is None else key_digest(where.environment_id, key),
        name=fields.event_name(item.get("event")),
        properties=fields.properties(item.get("custom_properties"), "custom_properties"),
    )


def _person(item: JsonObject, where: Where) -> PersonChange:
    actor, identity = _actor(item, where.environment_id)
    return PersonChange(
        environment_id=where.environment_id,
        actor_id=actor,
        identity=identity,
        at=where.now,
        properties=fields.properties(
            item.get("custom_properties"), "custom_properties", refused=USER_PROPERTIES_REFUSED
        ),
    )


def _actor(item: JsonObject, environment_id: int) -> tuple[int, str | None]:
    """The actor that `user_identifier` names, and the identity if there is one."""
    identifier = item.get("user_identifier")
    if identifier is None:
        raise BadField("user_identifier is missing")
    if type(identifier) is not dict:
        raise BadField("user_identifier must be an object")
    try:
        return _most_reliable(identifier, environment_id)
    except BadField as bad:
        raise bad.within("user_identifier") from None


def _most_reliable(identifier: dict[str, Any], environment_id: int) -> tuple[int, str | None]:
    """Tries `identity`, `user_id`, `email` and `anonymous_id`, in this order."""
    if identifier.get("identity") is None and identifier.get("user_id") is not None:
        return fields.visitor(identifier["user_id"]), None
    for name in ("identity", "email"):
        if identifier.get(name) is not None:
            identity = fields.identity(identifier[name], name)
            return actor_of(environment_id, identity), identity
    if identifier.get("anonymous_id") is None:
        raise BadField("identity, user_id, email or anonymous_id is missing")
    return _visitor_of(fields.identity(identifier["anonymous_id"], "anonymous_id")), None


def _visitor_of(text: str) -> int:
    """The number of a visitor: `text` itself if it is one, else (an id of another system) 53 bits of its hash."""
    if text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= MAX_VISITOR:
        return int(text)
    return int.from_bytes(blake2b(text.encode(), digest_size=8, person=b"anonymous").digest()) & MAX_VISITOR
