"""Finding and replacing references to definitions, segments and reports in stored bodies (JSON).

References have fixed places in the four shapes (definitions/bodies.py, actions.report_body, dashboards/tiles.py):

- a definition's {"alternatives": [{"event": "definition:<lineage>", …}]};
- a segment's {"groups": [{"clauses": [{"did": {"event": "definition:<lineage>", …}, …}]}]};
- a report's {"parameters": [["event" or "….event", "definition:<lineage>"], ["segment" or "compare", "<lineage>"]]};
- a dashboard's {"tiles": [{"report": "<lineage>", …}, {"parameters": as of a report, …}]}.

This also works for bodies that can no longer be parsed: parts with another shape are left as they are.
"""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any
from uuid import UUID

JsonValue = Any

DEFINITION = "definition"
SEGMENT = "segment"
REPORT = "report"
DASHBOARD = "dashboard"
NOUNS = (DEFINITION, SEGMENT, REPORT, DASHBOARD)  # each may only refer to itself and to nouns before it
PREFIX = f"{DEFINITION}:"
NAMES_SEGMENTS = ("segment", "compare")


@dataclass(frozen=True)
class LineageKey:
    """Names a definition, segment, report or dashboard of some environment."""

    noun: str
    lineage: UUID

    def __str__(self) -> str:
        return f"{self.noun}:{self.lineage}"

    @classmethod
    def parse(cls, text: str) -> "LineageKey":
        """Raises ValueError."""
        noun, _, lineage = text.partition(":")
        if noun not in NOUNS:
            raise ValueError("neither a definition, a segment, a report nor a dashboard")
        return cls(noun, UUID(lineage))


@dataclass
class _Found:
    keys: list[LineageKey] = field(default_factory=list)

    def __call__(self, key: LineageKey) -> LineageKey:
        self.keys.append(key)
        return key


def references(body: JsonValue) -> Iterator[LineageKey]:
    """The references in the body itself, in order, repeated as often as they occur."""
    found = _Found()
    _walk(body, found)
    return iter(found.keys)


def rewrite(body: JsonValue, mapping: Mapping[LineageKey, LineageKey]) -> JsonValue:
    """The body with its references replaced. References that are not in `mapping` stay."""
    return _walk(body, lambda key: mapping.get(key, key))


def unreferenced(keys: set[LineageKey], bodies: Mapping[LineageKey, JsonValue]) -> set[LineageKey]:
    """Those of `keys` that can go together, because nothing that stays refers to them. `bodies` has all that exists."""
    going = set(keys)
    waiting = [key for key in bodies if key not in going]
    while waiting:
        for used in references(bodies[waiting.pop()]):
            if used in going:
                going.remove(used)
                waiting.append(used)
    return going


NewKey = Callable[[LineageKey], LineageKey]


def _walk(body: JsonValue, change: NewKey) -> JsonValue:
    body = _each(body, "alternatives", lambda selection: _selection(selection, change))
    body = _each(body, "groups", lambda group: _each(group, "clauses", lambda clause: _clause(clause, change)))
    body = _each(body, "tiles", lambda tile: _tile(tile, change))
    return _each(body, "parameters", lambda pair: _parameter(pair, change))


def _each(node: JsonValue, name: str, change: Callable[[JsonValue], JsonValue]) -> JsonValue:
    """The object, with `change` applied to every element of its list `name`."""
    if not isinstance(node, dict) or not isinstance(node.get(name), list):
        return node
    return node | {name: [change(each) for each in node[name]]}


def _clause(clause: JsonValue, change: NewKey) -> JsonValue:
    if not isinstance(clause, dict) or "did" not in clause:  # a condition, which refers to nothing
        return clause
    return clause | {"did": _selection(clause["did"], change)}


def _selection(selection: JsonValue, change: NewKey) -> JsonValue:
    if not isinstance(selection, dict) or "event" not in selection:
        return selection
    return selection | {"event": _event(selection["event"], change)}


def _tile(tile: JsonValue, change: NewKey) -> JsonValue:
    if isinstance(tile, dict) and isinstance(tile.get("report"), str) and (lineage := _lineage(tile["report"])):
        return tile | {"report": str(change(LineageKey(REPORT, lineage)).lineage)}
    return _each(tile, "parameters", lambda pair: _parameter(pair, change))


def _parameter(pair: JsonValue, change: NewKey) -> JsonValue:
    match pair:
        case [str(name), value] if name == "event" or name.endswith(".event"):
            return [name, _event(value, change)]
        case [str(name), str(value)] if name in NAMES_SEGMENTS and (lineage := _lineage(value)):  # not "everyone"
            return [name, str(change(LineageKey(SEGMENT, lineage)).lineage)]
    return pair


def _event(event: JsonValue, change: NewKey) -> JsonValue:
    if not isinstance(event, str) or not event.startswith(PREFIX):
        return event
    lineage = _lineage(event.removeprefix(PREFIX))
    return f"{PREFIX}{change(LineageKey(DEFINITION, lineage)).lineage}" if lineage else event


def _lineage(text: str) -> UUID | None:
    try:
        return UUID(text)
    except ValueError:
        return None
