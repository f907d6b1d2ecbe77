"""Definitions, segments and selections in words, with the names from a glossary."""

from collections.abc import Iterator
from typing import Any

from analytics.definitions.bodies import ClauseGroup, DefinitionBody, SegmentBody
from analytics.definitions.glossary import Glossary
from analytics.questions.conditions import Condition, Match
from analytics.questions.query import Compared, Comparison, Did, Query, Selection
from analytics.questions.words import condition_words, group_words, joined_words
from common.counted import counted


def selection_words(selection: Selection, glossary: Glossary) -> str:
    """ "Pageview", or with conditions "Pageview where Path is /pricing"."""
    where = f" where {group_words(selection.where)}" if selection.where else ""
    return glossary.event_label(selection.event) + where


def selection_label(selection: Selection, glossary: Glossary) -> str:
    """ "Pageview", or with conditions "Pageview (Path is /pricing)"."""
    where = f" ({group_words(selection.where)})" if selection.where else ""
    return glossary.event_label(selection.event) + where


def definition_words(body: DefinitionBody, glossary: Glossary) -> list[str]:
    """One line for each alternative."""
    return [selection_words(each, glossary) for each in body.alternatives]


def segment_words(body: SegmentBody, glossary: Glossary) -> Iterator[str]:
    """First a line that says how many groups must hold, then one line for each group."""
    if body.is_fixed:
        yield "A fixed list of people of its environment"
    if len(body.groups) > 1:
        yield "Any of:" if body.match is Match.ANY else "All of:"
    for group in body.groups:
        yield _clause_words(group, glossary)


def _clause_words(group: ClauseGroup, glossary: Glossary) -> str:
    words = [
        condition_words(each) if isinstance(each, Condition) else _did_words(each, glossary) for each in group.clauses
    ]
    return joined_words(words, group.match)


def _did_words(did: Did, glossary: Glossary) -> str:
    most = "at most" if did.comparison is Comparison.AT_MOST else "at least"
    span = "" if did.days is None else " today" if did.days == 1 else f" in the last {counted(did.days, 'day')}"
    return f"did {selection_words(did.selection, glossary)} {most} {did.times:,}×{span}"


def compared_words(sides: tuple[Compared, ...], glossary: Glossary) -> Iterator[str]:
    if sides:
        yield f"Compared: {', '.join(glossary.segment_label(each.segment) for each in sides)}"


def filter_words(query: Query[Any], glossary: Glossary) -> Iterator[str]:
    """The filters and segments of a question, one a line."""
    if query.where:
        yield f"Where {group_words(query.where)}"
    for segment in query.segments:
        yield f"Only people in {glossary.segment_label(segment)}"
