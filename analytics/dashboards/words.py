"""A dashboard in words, one line for each tile."""

from collections.abc import Iterator
from typing import Any

from analytics.dashboards.tiles import Shows, Tile, range_of, read_tiles
from analytics.definitions.glossary import Glossary
from analytics.questions.parameters import Reader
from analytics.questions.words import span_words


def dashboard_words(body: dict[str, Any], glossary: Glossary) -> Iterator[str]:
    """ "Range: last 7 days", "Signups, wide", "Heading: This week", "Text, small: Ask Ada."."""
    if words := range_words(range_of(body)):
        yield f"Range: {words}"
    tiles = read_tiles(body)
    if tiles is None:
        yield "The essentials of what the environment has"
    for tile in tiles or []:
        yield _tile_words(tile, glossary)


def range_words(parameters: dict[str, list[str]]) -> str:
    """ "last 7 days, compared with the period before"; empty if there is no range."""
    reader = Reader(parameters)
    before = reader.before()
    if reader.text("days"):
        return span_words(reader.span(30), before)
    return f"compared with {before.label}" if before else ""


def _tile_words(tile: Tile, glossary: Glossary) -> str:
    if tile.heading:
        return f"Heading: {tile.heading}"
    if not tile.asks:
        return f"Text, {tile.size}: {tile.text}"
    name = glossary.reports.get(tile.report, "Deleted report") if tile.report else tile.name
    return ", ".join([name, tile.size, *(["as a number"] if tile.shows is Shows.NUMBER else [])])
