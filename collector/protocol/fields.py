"""Checks the fields of a request and converts each into the form in which it is stored.

Every function takes the value from the JSON (None if it was missing or null) and raises BadField, whose line begins
with the field's name. docs/collection-api.md lists the bounds.
"""

from collections.abc import Container
from typing import Any

from collector.protocol.errors import BadField, shown
from collector.protocol.limits import (
    FIRST_TIME,
    LARGEST_WHOLE,
    MAX_AHEAD_SECONDS,
    MAX_EVENT,
    MAX_EVENT_BYTES,
    MAX_IDEMPOTENCY_KEY,
    MAX_IDENTITY,
    MAX_KEY,
    MAX_TEXT,
    SMALLEST_WHOLE,
)
from collector.protocol.nested_properties import flattened
from collector.protocol.times import seconds_of, unix_seconds
from events.identity import MAX_VISITOR, actor_of
from events.records import Properties


def is_number(value: Any) -> bool:
    """Whether `value` was a number in JSON. `isinstance` would accept booleans too."""
    return type(value) is int or type(value) is float


def app_id(value: Any) -> str:
    """Digits, as string or number."""
    if type(value) is int and value >= 0:
        value = str(value)
    if value is None:
        raise BadField("app_id is missing")
    if type(value) is not str or not (value.isascii() and value.isdecimal()) or len(value) > MAX_KEY:
        raise BadField("app_id must be digits")
    return value


def event_name(value: Any) -> str:
    if value is None:
        raise BadField("event is missing")
    if type(value) is not str:
        raise BadField("event must be a string")
    if not 0 < len(value) <= MAX_EVENT:
        raise BadField(f"event must have 1 to {MAX_EVENT:,} characters")
    if len(value) * 4 > MAX_EVENT_BYTES and len(value.encode()) > MAX_EVENT_BYTES:
        raise BadField(f"event is longer than {MAX_EVENT_BYTES:,} bytes in UTF-8")
    return value


def identity(value: Any, name: str = "identity") -> str:
    """1 to 255 characters; a number counts as its decimal string."""
    if value is None:
        raise BadField(f"{name} is missing")
    text = _decimal(value) if is_number(value) else value
    if type(text) is not str:
        raise BadField(f"{name} must be a string")
    if not 0 < len(text) <= MAX_IDENTITY:
        raise BadField(f"{name} must have 1 to {MAX_IDENTITY} characters")
    return text


def _decimal(number: int | float) -> str:
    """Both 12 and 12.0 become "12", because JSON does not distinguish them."""
    if isinstance(number, float) and number.is_integer() and abs(number) <= MAX_VISITOR:
        number = int(number)
    return str(number)


def visitor(value: Any, name: str = "user_id") -> int:
    """A decimal string or a number, 0 to 2^53-1."""
    if value is None:
        raise BadField(f"{name} is missing")
    return _natural(value, name, MAX_VISITOR)


def session(value: Any) -> int | None:
    return None if value is None else _natural(value, "session_id", MAX_VISITOR)


def _natural(value: Any, name: str, most: int) -> int:
    is_decimal = type(value) is str and value.isascii() and value.isdecimal() and len(value) <= len(str(most))
    if is_decimal or (type(value) is float and value.is_integer()):
        value = int(value)
    if type(value) is not int or not 0 <= value <= most:
        raise BadField(f"{name} must be a whole number from 0 to {most}")
    return value


def actor(item: dict[str, Any], environment_id: int) -> tuple[int, str | None]:
    """The actor that `identity` or `user_id` names, and the identity if there is one. Exactly one must be given."""
    name, user_id = item.get("identity"), item.get("user_id")
    if name is None:
        if user_id is None:
            raise BadField("identity or user_id is missing")
        return visitor(user_id), None
    if user_id is not None:
        raise BadField("identity and user_id must not be given together")
    name = identity(name)
    return actor_of(environment_id, name), name


def timestamp(value: Any, now: float) -> float:
    """Unix seconds from what collector/protocol/times.py reads; `now` if missing."""
    if value is None:
        return now
    if type(value) is str:
        seconds = seconds_of(value)
    elif is_number(value):
        seconds = unix_seconds(value)
    else:
        raise BadField("timestamp must be an ISO 8601 string or unix time")
    if not FIRST_TIME <= seconds <= now + MAX_AHEAD_SECONDS:
        raise BadField("timestamp must be between 2000-01-01 and a day from now")
    return float(seconds)


def idempotency_key(value: Any) -> str | None:
    if value is None:
        return None
    text = str(value) if type(value) is int else value
    if type(text) is not str or not 0 < len(text) <= MAX_IDEMPOTENCY_KEY:
        raise BadField(f"idempotency_key must be a string of 1 to {MAX_IDEMPOTENCY_KEY:,} characters")
    return text


def properties(value: Any, name: str = "properties", refused: Container[str] = ()) -> Properties:
    """Arrays are joined with `||`, objects flattened with dots. Names in `refused` are in lower case."""
    if value is None:
        return {}
    if type(value) is not dict:
        raise BadField(f"{name} must be an object")
    if refused:
        for key in value:
            if key.lower() in refused:
                raise BadField(f"{name} must not hold {shown(key)}")
    is_flat = True
    for key, item in value.items():
        kind = type(item)
        if not 0 < len(key) <= MAX_KEY:
            raise BadField(f"{name} holds a name that has not 1 to {MAX_KEY:,} characters")
        if kind is str:
            if len(item) > MAX_TEXT:
                raise BadField(f"{name}.{shown(key)} is longer than {MAX_TEXT:,} characters")
        elif kind is dict or kind is list:
            is_flat = False
        elif kind is int and not SMALLEST_WHOLE <= item <= LARGEST_WHOLE:
            raise BadField(f"{name}.{shown(key)} is a whole number of more than 64 bits")
    return value if is_flat else flattened(value, name)
