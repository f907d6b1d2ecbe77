"""The tiles of a dashboard to which no report is pinned."""

from dataclasses import dataclass
from uuid import UUID, uuid5

NAMESPACE = UUID("6d1f6f0e-5d0a-4bb8-9c1c-6d1b7f1a2c3e")  # of the tiles' lineages


@dataclass(frozen=True)
class Tile:
    """A built-in question. `parameters` are those of its URL."""

    key: str
    title: str
    kind: str
    parameters: tuple[tuple[str, str], ...]

    @property
    def lineage(self) -> UUID:
        """The id of the tile in URLs, in place of a report's lineage."""
        return uuid5(NAMESPACE, self.key)

    def as_lists(self) -> dict[str, list[str]]:
        return {name: [value] for name, value in self.parameters}


COMPARED = ("before", "period")
BUILTIN = (
    Tile("pageviews", "Pageviews", "graph", (("event", "builtin:pageview"), ("counts", "events"), COMPARED)),
    Tile("visitors", "Visitors", "graph", (("event", "builtin:any"), ("counts", "users"), COMPARED)),
    Tile("sessions", "Sessions", "graph", (("event", "builtin:session"), ("counts", "events"), COMPARED)),
    Tile(
        "pages", "Most viewed pages", "graph", (("event", "builtin:pageview"), ("by", "event:path"), ("chart", "table"))
    ),
    Tile(
        "sources",
        "Where visits come from",
        "graph",
        (("event", "builtin:session"), ("by", "event:referrer"), ("chart", "table")),
    ),
    Tile("retention", "Who comes back", "retention", (("unit", "week"), ("days", "90"))),
)
BY_LINEAGE = {tile.lineage: tile for tile in BUILTIN}
