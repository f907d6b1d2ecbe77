"""The time of an event, as programs write it: ISO 8601 and its relatives, or unix time."""

import re
from datetime import UTC, datetime
from math import inf

from collector.protocol.errors import BadField, shown
from collector.protocol.limits import FIRST_TIME

MILLISECONDS_FROM = 10**11  # in seconds this is the year 5138, in milliseconds 1973
MICROSECONDS_FROM = 10**14  # in milliseconds this is the year 5138, in microseconds 1973
CLOCK_IS_RIGHT_SECONDS = 10
MOST_CHARACTERS = 100  # a longer text is no time, and would take long to read
LARGEST = 10**18  # a larger number is infinite: it may be too large to reckon with
DAY_SECONDS = 86_400
DATE_DIGITS = 8  # 20261128 is a date: as unix seconds it would be of 1970, which is out of bounds

_UNIX = re.compile(r"[0-9]{1,16}(\.[0-9]{1,20})?")
_SPACE_BEFORE_OFFSET = re.compile(r" +(?=(?:[+-][0-9]{2}:?[0-9]{2}|Z)$)")  # Snowflake writes "09:21:00.123 Z"
_CLOCK = re.compile(r"([0-9W-]+[T ])([0-9]{2})(:?[0-9]{2})(?:(:?)([0-9]{2}))?([.,][0-9]+)?(.*)")


def unix_seconds(number: float) -> float:
    """Seconds from unix seconds, milliseconds or microseconds: their size tells which."""
    if abs(number) > LARGEST:
        return inf if number > 0 else -inf
    if number < MILLISECONDS_FROM:
        return float(number)
    return number / (1_000 if number < MICROSECONDS_FROM else 1_000_000)


def seconds_of(text: str) -> float:
    """Unix seconds of a time in words or digits. Without an offset it is UTC. Raises BadField."""
    if text[4:5] != "-" and len(text) != DATE_DIGITS and _UNIX.fullmatch(text):
        return unix_seconds(float(text))
    if len(text) > MOST_CHARACTERS:
        raise _not_a_time(text)
    late = 0
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment, late = _odd(text)
    if moment.tzinfo is None:
        moment = moment.replace(tzinfo=UTC)
    return moment.timestamp() + late


def by_our_clock(happened: float, sent: float, now: float) -> float:
    """When something happened by our clock, given that and when it was sent by the sender's clock, in unix seconds.

    If the sender's clock is wrong, only the time between the two is used, which is right by any clock. If it is right,
    `happened` is kept as it is, because requests travel for different times, which would reorder their events. A clock
    that was set while the event waited, as when a device starts in 1970, says nothing about when: then it is now.
    """
    if abs(now - sent) > CLOCK_IS_RIGHT_SECONDS:
        happened += now - sent
    return min(happened, now) if happened >= FIRST_TIME else now


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
        raise _not_a_time(text) from None


def _not_a_time(text: str) -> BadField:
    return BadField(f"timestamp {shown(text)} is not an ISO 8601 time")
