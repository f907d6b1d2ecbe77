"""A request that is opened but not yet read: its app_id, its content, and how much that is."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any, NamedTuple

from collector.protocol import answers, beacons, parameters
from collector.protocol.answers import Answer
from collector.request import bodies


class Contents(NamedTuple):
    """`weigh` says how many events, people or customers `content` brings, without reading them."""

    app_id: Any
    content: Any
    weigh: Callable[[Any], int]
    name: Callable[[Any], list[str]]
    size: int  # in bytes, without compression
    wants_nothing: bool = False  # back: `nc` of a beacon

    @property
    def weight(self) -> int:
        return self.weigh(self.content)

    @property
    def keys(self) -> list[str]:
        """Keys of its events that are the same in a repeat, without reading the events."""
        return self.name(self.content)

    def answer(self, usual: Answer) -> Answer:
        """The answer in place of `usual`. A refusal is always sent."""
        return _WITHOUT_BODY.get(usual, usual) if self.wants_nothing else usual


_WITHOUT_BODY = {
    answers.GIF: answers.NOTHING,
    answers.GIF_DROPPED: answers.NOTHING_DROPPED,
}


Open = Callable[[Mapping[bytes, bytes], bytes, bytes], Contents]
"""From the headers, the URL's query and the body of a request."""


def json_with(many: str | None) -> Open:
    """The function that opens a request of the server API. The array `many`, if any, holds all that it brings."""
    weigh, name = partial(_items, many), partial(_keys, many)

    def open_json(headers: Mapping[bytes, bytes], query: bytes, body: bytes) -> Contents:
        """A JSON object. Raises Refused."""
        text = bodies.json_text(headers, body)
        content = bodies.object_in(text)
        return Contents(content.get("app_id"), content, weigh, name, len(text))

    return open_json


def open_beacon(headers: Mapping[bytes, bytes], query: bytes, body: bytes) -> Contents:
    """A beacon: parameters of the URL, of a form, or of both. Raises BadField or Refused.

    The body's type is not asked for: browsers call it text, or a form, or nothing.
    """
    text = query + b"&" + bodies.plain(headers, body) if body else query
    content = parameters.read(text)
    wants_nothing = content.get("nc") is not None
    return Contents(content.get("a"), content, beacons.count, beacons.keys, len(text), wants_nothing)


def _keys(many: str | None, body: dict[str, Any]) -> list[str]:
    items = body.get(many) if many is not None else None
    given = (item.get("idempotency_key") for item in (items if type(items) is list else [body]) if type(item) is dict)
    return [str(key) for key in given if key]


def _items(many: str | None, body: dict[str, Any]) -> int:
    items = body.get(many) if many is not None else None
    return len(items) if type(items) is list else 1
