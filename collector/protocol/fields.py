"""Checks the fields of a request and converts each into the form in which it is stored.

Every function takes the value from the JSON (None if it was missing or null) and raises BadField, whose line begins
with the field's name. docs/collection-api.md lists the bounds.
"""

import re
from collections.abc import Container
from typing import Any

from collector.protocol.errors import BadField, shown
from collector.protocol.limits import (
    FIRST_TIME,
    LARGEST_WHOLE,
    MAX_AHEAD_SECONDS,
    MAX_EVENT,
    MAX_IDEMPOTENCY_KEY,
    MAX_IDENTITY,
    MAX_KEY,
    MAX_TEXT,
    MAX_TRACKER_ID,
    SMALLEST_WHOLE,
)
from collector.protocol.nested_properties import flattened
from collector.protocol.nobody import names_nobody
from collector.protocol.noted import Noted
from collector.protocol.times import seconds_of, unix_seconds
from events.identity import MAX_VISITOR, actor_of, number_of
from events.records import Properties

_UUID = re.compile(r"[0-9a-f]{8}(-?)[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{4}\1[0-9a-f]{12}", re.IGNORECASE | re.ASCII)


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
    """1 to 1,024 characters; a number counts as its decimal string."""
    if value is None:
        raise BadField("event is missing")
    if type(value) is not str and not is_number(value):
        raise BadField("event must be a string")
    name: str = value if type(value) is str else _decimal(value)
    if not 0 < len(name) <= MAX_EVENT:
        raise BadField(f"event must have 1 to {MAX_EVENT:,} characters")
    return name


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


def _decimal(number: float) -> str:
    """Both 12 and 12.0 become "12", because JSON does not distinguish them."""
    if isinstance(number, float) and number.is_integer() and abs(number) <= MAX_VISITOR:
        number = int(number)
    return str(number)


def visitor(value: Any, name: str = "user_id") -> int:
    """A decimal string or a number, 0 to 2^53-1."""
    if value is None:
        raise BadField(f"{name} is missing")
    return _natural(value, name, MAX_VISITOR)


def tracker_id(value: Any, name: str) -> int:
    """The id of a visitor, page or session from any tracker. Some need 54 bits: these are folded into 53."""
    if value is None:
        raise BadField(f"{name} is missing")
    number = _natural(value, name, MAX_TRACKER_ID)
    return number if number <= MAX_VISITOR else number_of(str(number))


def session(value: Any) -> int | None:
    """As a visitor, or a UUID, which is hashed into such a number."""
    if value is None or value == "":
        return None
    if type(value) is str and _UUID.fullmatch(value):
        return number_of(value.replace("-", "").lower())
    return _natural(value, "session_id", MAX_VISITOR)


def _natural(value: Any, name: str, most: int) -> int:
    is_decimal = type(value) is str and value.isascii() and value.isdecimal() and len(value) <= len(str(most))
    if is_decimal or (type(value) is float and value.is_integer()):
        value = int(value)
    if type(value) is not int or not 0 <= value <= most:
        raise BadField(f"{name} must be a whole number from 0 to {most}")
    return value


def actor(item: dict[str, Any], environment_id: int, noted: Noted) -> tuple[int, str | None]:
    """The actor that `identity` or `user_id` names, and the identity if there is one. Exactly one must be given.

    An identity that names nobody is as none, and noted.
    """
    name, user_id = item.get("identity"), item.get("user_id")
    if user_id == "":
        user_id = None
    if name is None:
        if user_id is None:
            raise BadField("identity or user_id is missing")
        return visitor(user_id), None
    if name == "" and user_id is not None:
        return visitor(user_id), None
    known = identity_or_nobody(name, noted)
    if known is None:
        if user_id is None:
            raise BadField(f"identity {shown(name)} names nobody, and user_id is missing")
        return visitor(user_id), None
    if user_id is not None:
        raise BadField("identity and user_id must not be given together")
    return actor_of(environment_id, known), known


def identity_or_nobody(value: Any, noted: Noted, name: str = "identity") -> str | None:
    """An identity; None if it names nobody, which is noted."""
    text = identity(value, name)
    if names_nobody(text):
        noted.nobodies += 1
        return None
    return text


def somebody(value: Any, noted: Noted, name: str = "identity") -> str:
    """An identity for a visitor, whose past cannot be taken away from it again. It must name somebody."""
    text = identity_or_nobody(value, noted, name)
    if text is None:
        raise BadField(f"{name} {shown(value)} names nobody: everybody who is sent under it would become one person")
    return text


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
    return seconds


def idempotency_key(value: Any) -> str | None:
    if value is None or value == "":
        return None
    text = str(value) if type(value) is int else value
    if type(text) is not str or not 0 < len(text) <= MAX_IDEMPOTENCY_KEY:
        raise BadField(f"idempotency_key must be a string of 1 to {MAX_IDEMPOTENCY_KEY:,} characters")
    return text


def properties(value: Any, noted: Noted, name: str = "properties", left_out: Container[str] = ()) -> Properties:
    """Arrays are joined with `||`, objects flattened with dots, long texts cut. Names `left_out` are in lower case."""
    if type(value) is not dict:
        if value is None or value == []:  # an empty array is how PHP writes an empty object
            return {}
        raise BadField(f"{name} must be an object")
    if left_out:
        value = {key: item for key, item in value.items() if key.lower() not in left_out}
    is_flat = True
    for key, item in value.items():
        kind = type(item)
        if not 0 < len(key) <= MAX_KEY:
            raise BadField(f"{name} holds a name that has not 1 to {MAX_KEY:,} characters")
        if kind is str:
            if len(item) > MAX_TEXT:
                is_flat = False
        elif kind is dict or kind is list:
            is_flat = False
        elif kind is int and not SMALLEST_WHOLE <= item <= LARGEST_WHOLE:
            raise BadField(f"{name}.{shown(key)} is a whole number of more than 64 bits")
    return value if is_flat else flattened(value, name, noted)
