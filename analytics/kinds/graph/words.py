"""A graph in words."""

from collections.abc import Iterator

from analytics.definitions.glossary import Glossary
from analytics.definitions.words import compared_words
from analytics.kinds.graph.formula import LETTERS
from analytics.kinds.graph.question import Graph, Series
from analytics.questions.words import COUNTED, group_words


def series_words(series: Series, glossary: Glossary) -> str:
    """ "Unique users of Signed up", "Sum of amount of Paid"."""
    of = f"{series.of.label} of " if series.of else ""
    return f"{COUNTED[series.counts]} {of}{glossary.event_label(series.event)}"


def words(graph: Graph, glossary: Glossary) -> str:
    """ "Unique users of Signed up by plan"; "A / B, A: Count of Paid, B: Count of Signed up"."""
    named = [series_words(each, glossary) for each in graph.series]
    if graph.formula:
        named = [graph.formula, *(f"{letter}: {each}" for letter, each in zip(LETTERS, named, strict=False))]
    by = " and ".join(each.label for each in graph.by)
    since = ", since the start" if graph.cumulative else ""
    return ", ".join(named) + (f" by {by}" if by else "") + since


def details(graph: Graph, glossary: Glossary) -> Iterator[str]:
    yield f"By {graph.unit}, as {graph.chart}"
    for each in graph.series:
        if each.where:
            yield f"{series_words(each, glossary)}: where {group_words(each.where)}"
    yield from compared_words(graph.compare, glossary)
