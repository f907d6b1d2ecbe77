"""Which definitions and segments a kept body names, and the same body naming others; on the JSON as it is stored.

References stand in fixed places: "definition:<lineage>" as the value of an "event" key, or of a parameter that ends
in "event"; a segment's lineage as the value of a parameter "segment" or "compare". A body that cannot be read any more
keeps working here.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

DEFINITION = "definition"
SEGMENT = "segment"
REPORT = "report"
NOUNS = (DEFINITION, SEGMENT, REPORT)  # what refers comes after what it refers to
PREFIX = f"{DEFINITION}:"
NAMES_SEGMENTS = ("segment", "compare")

Json = Any


@dataclass(frozen=True)
class Key:
    """A kept thing of some environment."""

    noun: str
    lineage: UUID

    def __str__(self) -> str:
        return f"{self.noun}:{self.lineage}"

    @classmethod
    def parse(cls, text: str) -> "Key":
        """Raises ValueError."""
        noun, _, lineage = text.partition(":")
        if noun not in NOUNS:
            raise ValueError("neither a definition, a segment nor a report")
        return cls(noun, UUID(lineage))


@dataclass
class _Found:
    keys: list[Key] = field(default_factory=list)

    def __call__(self, key: Key) -> Key:
        self.keys.append(key)
        return key


def references(body: Json) -> Iterator[Key]:
    """What the body names itself, in its order, each as often as it is named."""
    found = _Found()
    _walk(body, found)
    return iter(found.keys)


def rewrite(body: Json, mapping: Mapping[Key, Key]) -> Json:
    """The body with other references; those that are not in `mapping` stay."""
    return _walk(body, lambda key: mapping.get(key, key))


def _walk(node: Json, change: Callable[[Key], Key], name: str = "") -> Json:
    if isinstance(node, dict):
        return {key: _walk(value, change, key) for key, value in node.items()}
    if isinstance(node, list):
        if len(node) == 2 and name == "" and all(isinstance(each, str) for each in node):  # [parameter, value]
            return [node[0], _reference(node[0], node[1], change)]
        return [_walk(each, change) for each in node]
    return _reference(name, node, change) if isinstance(node, str) else node


def _reference(name: str, value: str, change: Callable[[Key], Key]) -> str:
    try:
        if (name == "event" or name.endswith(".event")) and value.startswith(PREFIX):
            return f"{PREFIX}{change(Key(DEFINITION, UUID(value.removeprefix(PREFIX)))).lineage}"
        if name in NAMES_SEGMENTS:
            return str(change(Key(SEGMENT, UUID(value))).lineage)
    except ValueError:  # "everyone", or something that names nothing
        pass
    return value
