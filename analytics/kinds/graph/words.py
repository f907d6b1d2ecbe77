"""A graph in words."""

from collections.abc import Iterator

from analytics.definitions.glossary import Glossary
from analytics.definitions.words import compared_words
from analytics.kinds.graph.formula import LETTERS
from analytics.kinds.graph.question import Chart, Graph, Series
from analytics.questions.words import COUNTED, group_words, listed


def series_words(series: Series, glossary: Glossary) -> str:
    """ "Unique users of Signed up", "Sum of amount of Paid"."""
    of = f"{series.of.label} of " if series.of else ""
    return f"{COUNTED[series.counts]} {of}{glossary.event_label(series.event)}"


def words(graph: Graph, glossary: Glossary) -> str:
    """ "Unique users of Signed up by plan"; "A / B, A: Count of Paid, B: Count of Signed up"."""
    named = [series_words(each, glossary) for each in graph.series]
    if graph.formula:
        named = [graph.formula, *(f"{letter}: {each}" for letter, each in zip(LETTERS, named, strict=False))]
    since = ", since the start" if graph.cumulative else ""
    return ", ".join(named) + (f" by {_by_words(graph)}" if graph.by else "") + since


def _by_words(graph: Graph) -> str:
    return " and ".join(each.label for each in graph.by)


def details(graph: Graph, glossary: Glossary) -> Iterator[str]:
    yield f"By {graph.unit}, as {graph.chart}"
    for each in graph.series:
        if each.where:
            yield f"{series_words(each, glossary)}: where {group_words(each.where)}"
    yield from compared_words(graph.compare, glossary)


CHARTS = {Chart.LINE: "", Chart.BAR: "as bars", Chart.TABLE: "as a table"}


def clauses(graph: Graph, glossary: Glossary) -> Iterator[str]:
    """ "Count of Paid (plan is gold) and Count of Pageview", "by day", "grouped by Country"."""
    named = [series_words(each, glossary) + _where_words(each) for each in graph.series]
    if graph.formula:
        named = [f"{letter} = {each}" for letter, each in zip(LETTERS, named, strict=False)]
    yield f"{graph.formula} with {listed(named)}" if graph.formula else listed(named)
    yield f"by {graph.unit}"
    if graph.by:
        yield f"grouped by {_by_words(graph)}"
    if graph.cumulative:
        yield "counted since the start"
    yield from compared_words(graph.compare, glossary)
    yield CHARTS[graph.chart]


def _where_words(series: Series) -> str:
    return f" ({group_words(series.where)})" if series.where else ""
