"""What a request holds before anybody looks into it: its app_id, its content, and how much that is."""

from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from collector import beacons, bodies
from collector.parameters import parameters


class Opened(NamedTuple):
    """`weigh` says how many events, people or customers `content` brings, without reading them."""

    app_id: Any
    content: Any
    weigh: Callable[[Any], int]

    @property
    def weight(self) -> int:
        return self.weigh(self.content)


def open_json(headers: Mapping[bytes, bytes], query: bytes, body: bytes) -> Opened:
    """The server API: a JSON object. Raises Refused."""
    content = bodies.json_object(headers, body)
    return Opened(content.get("app_id"), content, _items)


def open_beacon(headers: Mapping[bytes, bytes], query: bytes, body: bytes) -> Opened:
    """A beacon: parameters of the URL, of a form, or of both. Raises BadField or Refused."""
    content = parameters(headers, query, body)
    return Opened(content.get("a"), content, beacons.count)


def _items(body: dict[str, Any]) -> int:
    many = next((body[name] for name in ("events", "users", "accounts") if name in body), None)
    return len(many) if type(many) is list else 1
