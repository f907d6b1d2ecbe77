"""Events of the past as a file holds them: one JSON object a line (NDJSON), plain or gzip. Pure, in bounded memory."""

import gzip
import zlib
from collections.abc import Iterator
from io import BufferedReader
from math import inf
from typing import Any, BinaryIO, NamedTuple, cast

import msgspec

from collector.protocol.answers import Answer
from collector.protocol.errors import Refused
from collector.protocol.limits import MAX_BODY_BYTES
from collector.request.bodies import object_in

MAX_LINE_BYTES = MAX_BODY_BYTES
GZIP = b"\x1f\x8b"
READ_BY_US = ("event", "identity", "user_id", "timestamp", "session_id", "properties")  # of an event; not its key

_encode = msgspec.json.Encoder(order="sorted").encode
Item = dict[str, Any]


class BadFile(Exception):
    """The file cannot be read on: it says that it is gzip, and is not, or it is cut off."""


class FileLine(NamedTuple):
    """One line. `text` is None if it is too long, and empty if it is blank."""

    number: int  # the first is 1
    text: bytes | None


class PastEvent(NamedTuple):
    """An event of a file, or the reason why there is none. `place` says where it stands if its line holds several."""

    line: int
    size: int  # in bytes, about
    item: Item
    reason: str = ""
    place: str = ""


def lines(file: BufferedReader, most_bytes: int | None = None) -> Iterator[FileLine]:
    """The lines of a file, which may be gzip: at most so many bytes of them. Raises BadFile."""
    room = inf if most_bytes is None else most_bytes
    number = 0
    try:
        plain = cast(BinaryIO, gzip.GzipFile(fileobj=file)) if file.peek(2)[:2] == GZIP else file
        while text := plain.readline(MAX_LINE_BYTES + 1):
            number += 1
            room -= len(text)
            is_long = len(text.removesuffix(b"\n")) > MAX_LINE_BYTES
            while is_long and room >= 0 and text and not text.endswith(b"\n"):
                text = plain.readline(MAX_LINE_BYTES)
                room -= len(text)
            if room < 0:
                raise BadFile(f"line {number} goes beyond {most_bytes:,} bytes, as many as one request may hold")
            yield FileLine(number, None if is_long else text.strip())
    except (OSError, EOFError, zlib.error) as error:
        raise BadFile(f"after line {number} the file cannot be read: {error}") from error


def events_in(line: FileLine, app_id: str) -> Iterator[PastEvent]:
    """The event of a line, or the events of a bulk request that stands on one line.

    Each says when it happened: without a time it would happen anew at each import.
    """
    number = line.number
    if line.text is None:
        yield PastEvent(number, 0, {}, f"the line is longer than {MAX_LINE_BYTES:,} bytes")
        return
    size = len(line.text)
    try:
        value = object_in(line.text, {})
    except Refused as refused:
        yield PastEvent(number, size, {}, last_line(refused.answer).replace("the body", "the line"))
        return
    if str(value.get("app_id") or app_id) != app_id:
        yield PastEvent(number, size, {}, "app_id is that of another environment")
    elif "events" not in value:
        yield PastEvent(number, size, value, _why_not(value))
    elif type(value["events"]) is not list:
        yield PastEvent(number, size, {}, "events must be an array")
    else:
        size //= len(value["events"]) or 1
        for place, item in enumerate(value["events"]):
            yield PastEvent(number, size, item, _why_not(item), f"events[{place}].")


def last_line(answer: Answer) -> str:
    """What a refusal says is wrong."""
    return answer.body.decode().strip().splitlines()[-1]


def _why_not(item: Any) -> str:
    if type(item) is not dict:
        return "must be an object"
    return "" if item.get("timestamp") is not None else "timestamp is missing"


def content(item: Item) -> str:
    """What makes the event this one and no other, however its line is written."""
    return _encode({name: item.get(name) for name in READ_BY_US}).decode()
