"""Definitions, segments, reports and dashboards in words, line by line, and the differences between two of them."""

from collections.abc import Iterator
from dataclasses import dataclass

from analytics.dashboards.words import dashboard_words
from analytics.definitions.bodies import ClauseGroup, DefinitionBody, SegmentBody
from analytics.definitions.glossary import Glossary, Named
from analytics.definitions.lineages import DASHBOARD, DEFINITION, REPORT, SEGMENT
from analytics.definitions.words import definition_words, filter_words, segment_words
from analytics.environments.compare import Pair, Thing
from analytics.kinds.registry import kind_named, kind_of, parse
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import as_lists
from analytics.questions.query import PAGEVIEW, Did, Scope, Selection

UNREADABLE = "Cannot be read any more."


@dataclass(frozen=True)
class Difference:
    """One aspect of a thing, there and here, in words. A side is empty if it does not have the aspect."""

    what: str
    there: list[str]
    here: list[str]


def differences(pair: Pair, there: Glossary, here: Glossary) -> list[Difference]:
    """The differences between the two sides of a pair. Each side uses the names of its own environment."""
    one, other = pair.there, pair.here
    if one is None or other is None:
        return []
    found = [
        Difference(what, [before] if before else [], [after] if after else [])
        for what, before, after in (
            ("Name", one.name, other.name),
            ("Kind", _kind_label(one), _kind_label(other)),
            ("Notes", one.notes, other.notes),
            ("Tags", ", ".join(one.tags), ", ".join(other.tags)),
        )
        if before != after
    ]
    says, said = lines(one, there), lines(other, here)
    more, less = [line for line in says if line not in said], [line for line in said if line not in says]
    if more or less:
        found.append(Difference("Says", more, less))
    elif says != said:
        found.append(Difference("Order", says, said))
    elif not found and one.body != other.body:
        found.append(Difference("Refers to", ["another thing of the same name"], []))
    return found


def _kind_label(thing: Thing) -> str:
    """Empty unless it is a report."""
    return kind_named(thing.kind).label if thing.noun == REPORT else ""


def names_only(things: list[Thing]) -> Glossary:
    """A glossary for labels only: its bodies are placeholders."""
    definition = DefinitionBody((Selection(PAGEVIEW),))
    segment = SegmentBody((ClauseGroup((Did(Selection(PAGEVIEW)),)),))
    return Glossary(
        {thing.lineage: Named(thing.name, definition) for thing in things if thing.noun == DEFINITION},
        {thing.lineage: Named(thing.name, segment) for thing in things if thing.noun == SEGMENT},
        reports={thing.lineage: thing.name for thing in things if thing.noun == REPORT},
    )


def lines(thing: Thing, glossary: Glossary, *, detailed: bool = True) -> list[str]:
    """The content of a thing, one idea per line. Unless `detailed`, a report leaves out what its first line implies."""
    try:
        if thing.noun == DEFINITION:
            return definition_words(DefinitionBody.from_json(thing.body), glossary)
        if thing.noun == SEGMENT:
            return list(segment_words(SegmentBody.from_json(thing.body), glossary))
        if thing.noun == DASHBOARD:
            return list(dashboard_words(thing.body, glossary))
        return list(_report(thing, glossary, detailed))
    except (BadQuery, KeyError, TypeError, ValueError):
        return [UNREADABLE]


def _report(thing: Thing, glossary: Glossary, detailed: bool) -> Iterator[str]:
    query = parse(thing.kind, as_lists(thing.body["parameters"]), Scope(0)).query
    if query is None:
        yield UNREADABLE
        return
    kind = kind_of(query)
    yield kind.words(query, glossary)
    if words := query.range_words():
        yield f"Range: {words}" if detailed else words
    if detailed:
        yield from kind.details(query, glossary)
    yield from filter_words(query, glossary)
