"""Kept things line by line in words, and what differs between two of them."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta

from analytics.definitions.bodies import ClauseGroup, DefinitionBody, SegmentBody
from analytics.definitions.catalogue import Catalogue, Named
from analytics.definitions.lineages import DEFINITION, SEGMENT
from analytics.environments.compare import Pair, Thing
from analytics.questions.conditions import BadQuery, Condition, Group, Match
from analytics.questions.parameters import as_lists, parse
from analytics.questions.query import (
    PAGEVIEW,
    Comparison,
    Did,
    Funnel,
    Graph,
    Query,
    Retention,
    Scope,
    Selection,
    Users,
)
from analytics.questions.words import KINDS, query_words, span_words

UNREADABLE = "Cannot be read any more."


@dataclass(frozen=True)
class Difference:
    """What one aspect says there and here, in words; an empty side says nothing of it."""

    what: str
    there: list[str]
    here: list[str]


def differences(pair: Pair, there: Catalogue, here: Catalogue) -> list[Difference]:
    """What differs between the two sides of a pair; each side is read with the names of its own environment."""
    one, other = pair.there, pair.here
    if one is None or other is None:
        return []
    found = [
        Difference(what, [before] if before else [], [after] if after else [])
        for what, before, after in (
            ("Name", one.name, other.name),
            ("Kind", KINDS.get(one.kind, one.kind), KINDS.get(other.kind, other.kind)),
            ("Notes", one.notes, other.notes),
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


def names_only(things: list[Thing]) -> Catalogue:
    """A catalogue for labels: the bodies in it stand for nothing."""
    definition = DefinitionBody((Selection(PAGEVIEW),))
    segment = SegmentBody((ClauseGroup((Did(Selection(PAGEVIEW)),)),))
    return Catalogue(
        {thing.lineage: Named(thing.name, definition) for thing in things if thing.noun == DEFINITION},
        {thing.lineage: Named(thing.name, segment) for thing in things if thing.noun == SEGMENT},
    )


def lines(thing: Thing, catalogue: Catalogue) -> list[str]:
    """What a thing says, one idea a line."""
    try:
        if thing.noun == DEFINITION:
            return [_selection(each, catalogue) for each in DefinitionBody.from_json(thing.body).alternatives]
        if thing.noun == SEGMENT:
            return list(_segment(SegmentBody.from_json(thing.body), catalogue))
        return list(_report(thing, catalogue))
    except (BadQuery, KeyError, TypeError, ValueError):
        return [UNREADABLE]


def _selection(selection: Selection, catalogue: Catalogue) -> str:
    where = f" where {_group(selection.where)}" if selection.where.conditions else ""
    return catalogue.event_label(selection.event) + where


def _group(group: Group) -> str:
    return _joined([_condition(each) for each in group.conditions], group.match)


def _joined(words: list[str], match: Match) -> str:
    return (" or " if match is Match.ANY else " and ").join(words)


def _condition(condition: Condition) -> str:
    value = f" {condition.value}" if condition.operator.takes_value else ""
    return f"{condition.field.label} {condition.operator.label}{value}"


def _segment(body: SegmentBody, catalogue: Catalogue) -> Iterator[str]:
    if len(body.groups) > 1:
        yield "Any of:" if body.match is Match.ANY else "All of:"
    for group in body.groups:
        yield _clauses(group, catalogue)


def _clauses(group: ClauseGroup, catalogue: Catalogue) -> str:
    words = [_condition(each) if isinstance(each, Condition) else _did(each, catalogue) for each in group.clauses]
    return _joined(words, group.match)


def _did(did: Did, catalogue: Catalogue) -> str:
    most = "at most" if did.comparison is Comparison.AT_MOST else "at least"
    span = f" in the last {did.days:,} days" if did.days else ""
    return f"did {_selection(did.selection, catalogue)} {most} {did.times:,}×{span}"


def _report(thing: Thing, catalogue: Catalogue) -> Iterator[str]:
    query = parse(thing.kind, as_lists(thing.body["parameters"]), Scope(0)).query
    if query is None:
        yield UNREADABLE
        return
    yield query_words(query, catalogue)
    yield from _details(query, catalogue)
    if query.where.conditions:
        yield f"Where {_group(query.where)}"
    for segment in query.segments:
        yield f"Only people in {catalogue.segment_label(segment)}"


def _details(query: Query, catalogue: Catalogue) -> Iterator[str]:
    if not isinstance(query, Users):
        yield f"Range: {span_words(query.span)}"
    match query:
        case Graph():
            yield f"By {query.unit}, as {query.chart}"
        case Funnel():
            yield f"Within {_duration(query.within)}"
            for number, step in enumerate(query.steps, 1):
                yield f"Step {number}: {_selection(step, catalogue)}"
        case Retention():
            yield f"From {_selection(query.start, catalogue)} to {_selection(query.returning, catalogue)}"
        case Users():
            if query.search:
                yield f"Search: {query.search}"
    if isinstance(query, Graph | Funnel) and query.compare:
        sides = ", ".join(catalogue.segment_label(each.segment) for each in query.compare)
        yield f"Compared: {sides}"


def _duration(within: timedelta) -> str:
    """ "7 days", "36 hours", "90 minutes"."""
    minutes = int(within.total_seconds() // 60)
    number, unit = next((minutes // size, unit) for size, unit in SIZES if minutes % size == 0)
    return f"{number:,} {unit}{'' if number == 1 else 's'}"


SIZES = ((1440, "day"), (60, "hour"), (1, "minute"))
