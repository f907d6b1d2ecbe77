"""The tiles of a dashboard, as its body stores them. Pure: no database access."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import Any
from uuid import UUID

from analytics.questions.parameters import as_lists

MAX_HEADING = 200  # characters
MAX_TEXT = 2_000


class Size(StrEnum):
    """How wide a tile is: a third, a half or the whole of a page that has room."""

    SMALL = "small"
    MEDIUM = "medium"
    WIDE = "wide"


class Shows(StrEnum):
    """What a tile shows of an answer: a small form of it, or its number alone, with its difference and a tiny chart."""

    ANSWER = "answer"
    NUMBER = "number"


@dataclass(frozen=True)
class Tile:
    """A report, by its lineage; a question of the dashboard's own (`kind`, `name`, `parameters`); a heading; or a text.

    `id` is unique in its dashboard. Copies of the dashboard keep it.
    """

    id: UUID
    size: Size = Size.SMALL
    shows: Shows = Shows.ANSWER
    report: UUID | None = None
    kind: str = ""
    name: str = ""
    parameters: tuple[tuple[str, str], ...] = ()
    heading: str = ""
    text: str = ""

    @property
    def asks(self) -> bool:
        """Whether it shows an answer."""
        return bool(self.report or self.kind)

    @property
    def title(self) -> str:
        """What it is called, unless it is a report; of a text all that it says."""
        return self.name or self.heading or self.text

    def to_json(self) -> dict[str, Any]:
        what: dict[str, Any] = {}
        if self.report:
            what = {"report": str(self.report)}
        elif self.kind:
            what = {"kind": self.kind, "name": self.name, "parameters": [list(pair) for pair in self.parameters]}
        elif self.heading:
            return {"id": str(self.id), "heading": self.heading}
        else:
            return {"id": str(self.id), "size": self.size.value, "text": self.text}
        return {"id": str(self.id), "size": self.size.value, "shows": self.shows.value, **what}

    @classmethod
    def from_json(cls, stored: dict[str, Any]) -> "Tile":
        report, parameters = stored.get("report"), stored.get("parameters", [])
        return cls(
            UUID(stored["id"]),
            Size(stored.get("size", Size.WIDE)),
            Shows(stored.get("shows", Shows.ANSWER)),
            UUID(report) if report else None,
            **{name: stored.get(name, "") for name in ("kind", "name", "heading", "text")},
            parameters=tuple((name, value) for name, value in parameters),
        )


def read_tiles(body: dict[str, Any]) -> list[Tile] | None:
    """The tiles in the body of a dashboard; None if nobody has chosen any."""
    return [Tile.from_json(each) for each in body["tiles"]] if "tiles" in body else None


def write_tiles(body: dict[str, Any], tiles: Iterable[Tile]) -> dict[str, Any]:
    """The body with these tiles."""
    return body | {"tiles": [each.to_json() for each in tiles]}


def range_of(body: dict[str, Any]) -> dict[str, list[str]]:
    """The parameters of the range that the dashboard gives to all its tiles; empty if each keeps its own."""
    return as_lists(body.get("range", []))


def moved(tiles: list[Tile], tile: UUID, by: int) -> list[Tile]:
    """The tiles with one of them `by` places further back, or to the front if it is negative."""
    ids = [each.id for each in tiles]
    if tile not in ids:
        return tiles
    here = ids.index(tile)
    rest = tiles[:here] + tiles[here + 1 :]
    there = min(max(here + by, 0), len(rest))
    return [*rest[:there], tiles[here], *rest[there:]]


def in_order(tiles: list[Tile], ids: Iterable[UUID]) -> list[Tile]:
    """The tiles in the order of `ids`. Those that it does not name follow, in the order they had."""
    places = {each: place for place, each in enumerate(ids)}
    return sorted(tiles, key=lambda each: places.get(each.id, len(places)))


def reports_of(tiles: Iterable[Tile]) -> Iterator[UUID]:
    return (each.report for each in tiles if each.report)


SPAN = ("days", "from", "to", "over")
RANGE = (*SPAN, "before")


def in_range(parameters: dict[str, list[str]], chosen: dict[str, list[str]], shows: Shows) -> dict[str, list[str]]:
    """The parameters of a question, with the range of the dashboard, `chosen`, as far as it says one.

    A number is compared with the period before if nothing else is said, because it is shown with a difference.
    """
    replaced = (*(SPAN if chosen.get("days") else ()), *(["before"] if chosen.get("before") else ()))
    asked = {name: values for name, values in parameters.items() if name not in replaced}
    asked |= {name: chosen[name] for name in replaced if name in chosen}
    if shows is Shows.NUMBER and asked.get("days") != ["all"]:
        asked.setdefault("before", ["period"])
    return asked
