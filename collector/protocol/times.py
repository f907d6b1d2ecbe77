"""The time of an event, as programs write it: ISO 8601 and its relatives, or unix time."""

import re
from datetime import UTC, datetime

from collector.protocol.errors import BadField, shown

MILLISECONDS_FROM = 10**11  # in seconds this is the year 5138, in milliseconds 1973
MICROSECONDS_FROM = 10**14  # in milliseconds this is the year 5138, in microseconds 1973
DAY_SECONDS = 86_400
DATE_DIGITS = 8  # 20261128 is a date: as unix seconds it would be of 1970, which is out of bounds

_UNIX = re.compile(r"[0-9]{1,16}(\.[0-9]{1,20})?")
_SPACE_BEFORE_OFFSET = re.compile(r" +(?=[+-][0-9]{2}:?[0-9]{2}$)")
_CLOCK = re.compile(r"([0-9W-]+[T ])([0-9]{2})(:?[0-9]{2})(?:(:?)([0-9]{2}))?([.,][0-9]+)?(.*)")


def unix_seconds(number: float) -> float:
    """Seconds from unix seconds, milliseconds or microseconds: their size tells which."""
    if number < MILLISECONDS_FROM:
        return number
    return number / (1_000 if number < MICROSECONDS_FROM else 1_000_000)


def seconds_of(text: str) -> float:
    """Unix seconds of a time in words or digits. Without an offset it is UTC. Raises BadField."""
    if text[4:5] != "-" and len(text) != DATE_DIGITS and _UNIX.fullmatch(text):
        return unix_seconds(float(text))
    late = 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment, late = _odd(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp() + late


def _odd(text: str) -> tuple[datetime, int]:
    """A time that Python does not read by itself, and the seconds to add: for a leap second, or 24:00."""
    plain = text.strip().upper()
    for name in ("UTC", "GMT"):
        if plain.endswith(name):
            plain = plain.removesuffix(name).rstrip() + "Z"
    plain, late = _SPACE_BEFORE_OFFSET.sub("", plain), 0
    if found := _CLOCK.fullmatch(plain):
        day, hour, minute, colon, second, fraction, zone = (part or "" for part in found.groups())
        if hour == "24" and not (minute + second + fraction).strip(":.,0"):
            hour, late = "00", DAY_SECONDS
        elif second == "60":
            second, late = "59", 1
        plain = f"{day}{hour}{minute}{colon}{second}{fraction}{zone}"
    try:
        return datetime.fromisoformat(plain), late
    except ValueError:
        raise BadField(f"timestamp {shown(text)} is not an ISO 8601 time") from None
