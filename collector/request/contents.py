"""Opens a request without reading its records: finds its app_id, its content, and how many records that holds."""

from collections.abc import Callable, Mapping
from functools import partial
from typing import Any

from msgspec import Struct

from collector.protocol import answers, beacons, parameters, protobufs
from collector.protocol.answers import Answer
from collector.protocol.errors import Refused
from collector.request import bodies


class Contents(Struct, frozen=True):
    """A request that is opened. `weigh` and `keys_in` work on `content` without reading its records."""

    app_id: Any
    content: Any
    weigh: Callable[[Any], int]
    keys_in: Callable[[Any], list[str]]
    size: int  # in bytes, without compression
    wants_no_body: bool = False  # `nc` of a beacon

    @property
    def weight(self) -> int:
        """How many events, people or customers it brings."""
        return self.weigh(self.content)

    @property
    def keys(self) -> list[str]:
        """Keys of its events. They are the same if the request is sent again."""
        return self.keys_in(self.content)

    def answer(self, usual: Answer) -> Answer:
        """`usual`, or its form without a body if the client wants that. A refusal keeps its body."""
        return _WITHOUT_BODY.get(usual, usual) if self.wants_no_body else usual


_WITHOUT_BODY = {
    answers.GIF: answers.NOTHING,
    answers.GIF_DROPPED: answers.NOTHING_DROPPED,
}


Open = Callable[[Mapping[bytes, bytes], bytes, bytes], Contents]
"""A function that opens a request, given its headers, the query of its URL, and its body."""


def json_with(many: str | None) -> Open:
    """Return the function that opens a request of the server API. `many` is the array that may hold its items."""
    opened = json_contents(many)

    def open_json(headers: Mapping[bytes, bytes], query: bytes, body: bytes) -> Contents:
        """Raises Refused if the body is not a JSON object."""
        text = bodies.plain(headers, body)
        return opened(bodies.object_in(text, headers), len(text))

    return open_json


def json_contents(many: str | None) -> Callable[[dict[str, Any], int], Contents]:
    """Return the function that gives the contents of a JSON object that is read already, of so many bytes."""
    weigh, keys_in = partial(_count_items, many), partial(_keys, many)
    return lambda content, size: Contents(content.get("app_id"), content, weigh, keys_in, size)


def open_messages(headers: Mapping[bytes, bytes], query: bytes, body: bytes) -> Contents:
    """Open a batch of a mobile app: its app_id is that of the first message that names one. Raises Refused."""
    text = bodies.plain(headers, body)
    content = bodies.object_in(text, headers)
    content["app_id"] = next((each["envId"] for each in _messages(content) if each.get("envId") is not None), None)
    return Contents(content["app_id"], content, partial(_count_items, "messages"), _message_ids, len(text))


def open_protobuf(headers: Mapping[bytes, bytes], query: bytes, body: bytes) -> Contents:
    """Find whose request in protobuf it is. Raises Refused if it does not say."""
    body = bodies.plain(headers, body)
    app_id = protobufs.app_id(headers, query, body)
    if app_id is None:
        raise Refused(answers.PROTOBUF)
    return Contents(app_id, {}, lambda content: 1, lambda content: [], len(body))


def open_beacon(headers: Mapping[bytes, bytes], query: bytes, body: bytes) -> Contents:
    """Open a beacon: parameters in the URL, in a form body, or in both. Raises BadField or Refused.

    The body's Content-Type is ignored, because browsers send different ones or none.
    """
    text = query + b"&" + bodies.plain(headers, body) if body else query
    content = parameters.read(text)
    wants_no_body = content.get("nc") is not None
    return Contents(content.get("a"), content, beacons.count, beacons.keys, len(text), wants_no_body)


def _keys(many: str | None, body: dict[str, Any]) -> list[str]:
    items = body.get(many) if many is not None else None
    given = (item.get("idempotency_key") for item in (items if type(items) is list else [body]) if type(item) is dict)
    return [str(key) for key in given if key]


def _message_ids(body: dict[str, Any]) -> list[str]:
    return [str(message["id"]) for message in _messages(body) if message.get("id")]


def _messages(body: dict[str, Any]) -> list[dict[str, Any]]:
    messages = body.get("messages")
    return [each for each in messages if type(each) is dict] if type(messages) is list else []


def _count_items(many: str | None, body: dict[str, Any]) -> int:
    items = body.get(many) if many is not None else None
    return len(items) if type(items) is list else 1
