"""The server API: turns the JSON body of each endpoint into records.

Each function takes the body of a request whose app_id is known, and raises BadField, which names the wrong part.
A bulk request is valid as a whole or refused as a whole.
"""

from collections.abc import Callable
from typing import Any, TypeVar

from msgspec import Struct, field

from collector.protocol import fields
from collector.protocol.errors import NO_OBJECT, BadField
from collector.protocol.limits import MAX_USERS
from collector.protocol.noted import Noted
from events.identity import actor_of, key_digest
from events.records import CustomerChange, EventRecord, Identified, PersonChange, Record

JsonObject = dict[str, Any]
Item = TypeVar("Item")
NO_USER_PROPERTIES = frozenset({"id"})


class Where(Struct, frozen=True):
    """The environment that a request is for, when it came (unix seconds), and its User-Agent.

    `first` is the place of the first item, where an array is read in several steps.
    """

    environment_id: int
    now: float
    user_agent: bytes | None = None
    noted: Noted = field(default_factory=Noted)
    first: int = 0


def track(body: JsonObject, where: Where) -> list[Record]:
    """One event, or several under `events`."""
    if "events" in body:
        return each(body, "events", where, _event)
    return [_event(body, where)]


def add_user_properties(body: JsonObject, where: Where) -> list[Record]:
    """Properties of one person, or of several under `users`. Creates the person if the identity is new."""
    if "users" in body:
        return each(body, "users", where, _person, MAX_USERS)
    return [_person(body, where)]


def add_account_properties(body: JsonObject, where: Where) -> list[Record]:
    """Properties of one customer, or of several under `accounts`."""
    if "accounts" in body:
        return each(body, "accounts", where, _customer, MAX_USERS)
    return [_customer(body, where)]


def identify(body: JsonObject, where: Where) -> list[Record]:
    """Gives a visitor an identity, for all their past. `timestamp` is checked, but does not limit that."""
    name = fields.somebody(body.get("identity"), where.noted)
    visitor = fields.visitor(body.get("user_id"))
    at = fields.timestamp(body.get("timestamp"), where.now)
    actor = actor_of(where.environment_id, name)
    return [Identified(environment_id=where.environment_id, visitor=visitor, actor_id=actor, identity=name, at=at)]


def each(
    body: JsonObject, name: str, where: Where, read: Callable[[JsonObject, Where], Item], most: int | None = None
) -> list[Item]:
    """Read all objects of the array `name`, at most `most`. Raises BadField, which names the object: `name[3]`.

    In a partial request, objects that are wrong are noted and passed over.
    """
    items = body.get(name)
    if type(items) is not list:
        raise BadField(f"{name} must be an array")
    if most is not None and len(items) > most:
        raise BadField(f"{name} holds more than {most:,}")
    records = []
    for number, item in enumerate(items, where.first):
        try:
            if type(item) is not dict:
                raise BadField(NO_OBJECT)
            records.append(read(item, where))
        except BadField as bad:
            if not where.noted.is_partial:
                raise bad.within(f"{name}[{number}]") from None
            where.noted.refuse(number, bad.line)
    return records


def _event(item: JsonObject, where: Where) -> EventRecord:
    environment_id = where.environment_id
    name = fields.event_name(item.get("event"))
    actor, identity = fields.actor(item, environment_id, where.noted)
    key = fields.idempotency_key(item.get("idempotency_key"))
    return EventRecord(
        environment_id=environment_id,
        time=fields.timestamp(item.get("timestamp"), where.now),
        actor_id=actor,
        identity=identity,
        key=None if key is None else key_digest(environment_id, key),
        session_id=fields.session(item.get("session_id")),
        name=name,
        properties=fields.properties(item.get("properties"), where.noted),
    )


def _person(item: JsonObject, where: Where) -> PersonChange:
    actor, identity = fields.actor(item, where.environment_id, where.noted)
    return PersonChange(
        environment_id=where.environment_id,
        actor_id=actor,
        identity=identity,
        at=where.now,
        properties=fields.properties(item.get("properties"), where.noted, left_out=NO_USER_PROPERTIES),
    )


def _customer(item: JsonObject, where: Where) -> CustomerChange:
    return CustomerChange(
        environment_id=where.environment_id,
        account_id=fields.identity(item.get("account_id"), "account_id"),
        at=where.now,
        properties=fields.properties(item.get("properties"), where.noted),
    )
