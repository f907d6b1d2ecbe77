"""The forms of dashboards: the range for all tiles, and what is typed into headings and texts."""

from dataclasses import replace
from typing import Any

from analytics.dashboards.tiles import MAX_HEADING, MAX_TEXT, Shows, Size, Tile
from analytics.forms.controls import Options, with_nothing
from analytics.forms.questions import SpanControls, span_controls
from analytics.questions.before import check_before
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Pairs, Reader, write_before, write_span
from analytics.questions.spans import Span


def range_form(raw: Reader) -> SpanControls:
    """The controls of a range, which may be left to each tile."""
    found = span_controls(raw, Span().length_days, compares=True)
    assert found.before is not None
    days = replace(found.days, value=raw.text("days"), groups=with_nothing("each its own", found.days.groups))
    before = replace(
        found.before,
        groups=(Options("", (("", "as each does"),)), *found.before.groups[1:]),
    )
    return replace(found, days=days, before=before)


def read_range(raw: Reader) -> Pairs:
    """The parameters of a range for all tiles; none if it is left to each. Errors are in `raw.errors`."""
    before = raw.before()
    span = raw.span(Span().length_days) if raw.text("days") else None
    if span:
        raw.attempt("before", lambda: check_before(before, span))
    return [*(write_span(span) if span else ()), *write_before(before)]


def read_fields(raw: Reader, tile: Tile) -> dict[str, Any]:
    """The fields of this tile that a form sent. Raises BadQuery."""
    fields: dict[str, Any] = {}
    if "size" in raw.values and not tile.heading:
        fields["size"] = raw.choice("size", Size, tile.size)
    if "shows" in raw.values and tile.asks:
        fields["shows"] = raw.choice("shows", Shows, tile.shows)
    if "heading" in raw.values and tile.heading:
        fields["heading"] = read_text(raw, "heading", MAX_HEADING)
    if "text" in raw.values and tile.text:
        fields["text"] = read_text(raw, "text", MAX_TEXT)
    if raw.errors:
        raise BadQuery(next(iter(raw.errors.values())))
    return fields


def read_text(raw: Reader, name: str, longest: int) -> str:
    """Raises BadQuery."""
    text = raw.text(name).replace("\r\n", "\n").strip()
    if not text:
        raise BadQuery("Type what it should say.", name)
    if len(text) > longest or "\0" in text:
        raise BadQuery(f"A {name} has at most {longest:,} characters.", name)
    return text
