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
    actor, identity = _who(item, where.environment_id)
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
    actor, identity = _who(item, where.environment_id)
    return PersonChange(
        environment_id=where.environment_id,
        actor_id=actor,
        identity=identity,
        at=where.now,
        properties=fields.properties(
            item.get("custom_properties"), "custom_properties", refused=USER_PROPERTIES_REFUSED
        ),
    )


def _who(item: JsonObject, environment_id: int) -> tuple[int, str | None]:
    """The actor that `user_identifier` names, by its most reliable part, and the identity if there is one."""
    said = item.get("user_identifier")
    if said is None:
        raise BadField("user_identifier is missing")
    if type(said) is not dict:
        raise BadField("user_identifier must be an object")
    try:
        return _named(said, environment_id)
    except BadField as bad:
        raise bad.within("user_identifier") from None


def _named(said: dict[str, Any], environment_id: int) -> tuple[int, str | None]:
    if said.get("identity") is None and said.get("user_id") is not None:
        return fields.visitor(said["user_id"]), None
    for name in ("identity", "email"):
        if said.get(name) is not None:
            identity = fields.identity(said[name], name)
            return actor_of(environment_id, identity), identity
    if said.get("anonymous_id") is None:
        raise BadField("identity, user_id, email or anonymous_id is missing")
    return _anonymous(fields.identity(said["anonymous_id"], "anonymous_id")), None


def _anonymous(text: str) -> int:
    """A visitor's number: as it is, or, for the ids of other systems, 53 bits of a hash."""
    if text.isascii() and text.isdecimal() and len(text) <= 16 and int(text) <= MAX_VISITOR:
        return int(text)
    return int.from_bytes(blake2b(text.encode(), digest_size=8, person=b"anonymous").digest()) & MAX_VISITOR
