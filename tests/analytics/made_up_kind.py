"""A kind of question that the product does not have, in one file: how many events there are in total."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import ClassVar

from analytics.definitions.glossary import Glossary
from analytics.forms.choices import Choices
from analytics.forms.controls import Select
from analytics.forms.questions import QuestionForm, menus, select, stray
from analytics.forms.rows import group_rows
from analytics.kinds.kind import AnswerView, KeyFigure, QueryKind, nothing_further
from analytics.questions.conditions import Match
from analytics.questions.parameters import Reader, write_filters
from analytics.questions.query import PAGEVIEW, EventReference, Query, Scope, Selection
from analytics.questions.results import Column, Ran, Result, Shown, Table
from analytics.sql.context import QueryContext
from analytics.sql.rows import joined
from analytics.sql.segments import in_segments
from analytics.sql.selections import Limits, event_rows, selected
from common.charts.scales import full

TEMPLATES = {
    "form.html": '{% include "analytics/form/select.html" with select=form.event only %}',
    "answer.html": "<p>Made up: {{ answer.total }} of {{ environment.name }}, {{ action }}</p>",
    "tile.html": "<p>Tile: {{ answer.total }}, {{ title }}</p>",
}


@dataclass(frozen=True)
class Total(Query["TotalResult"]):
    kind: ClassVar[str] = "total"

    event: EventReference

    def parameters(self) -> Iterator[tuple[str, str]]:
        yield "event", str(self.event)
        yield from write_filters(self)

    def events(self) -> Iterable[EventReference]:
        return [self.event]

    def named_segments(self):
        return self.segments

    def range_words(self) -> str:
        return ""


@dataclass(frozen=True)
class TotalResult(Result):
    query: Total
    total: int

    def table(self) -> Table:
        return Table((Column("What", Shown.TEXT), Column("Events")), (("All", self.total),))


@dataclass(frozen=True)
class TotalForm(QuestionForm):
    event: Select


@dataclass(frozen=True)
class TotalView(AnswerView):
    total: int


def read(reader: Reader, scope: Scope) -> Total:
    event = reader.event("event") or PAGEVIEW
    return Total(scope, event, where=reader.group(), segments=reader.lineages("segment"))


def answer(query: Total, context: QueryContext) -> TotalResult:
    statement = context.statement()
    rows, where = event_rows(statement, Limits(None, None), sessions=query.event.is_session)
    where += [selected(rows, Selection(query.event, query.where)), *in_segments(rows, query.segments)]
    sql = statement.text(f"select count(*) as n {rows.from_()} where {joined(Match.ALL, where)}")
    ((total,),) = context.rows(statement, sql)
    return TotalResult(query, Ran(context.now, context.now, context.now), total)


def words(query: Total, glossary: Glossary) -> str:
    return f"All of {glossary.event_label(query.event)}"


def details(query: Total, glossary: Glossary) -> list[str]:
    return ["Since the beginning"]


def clauses(query: Total, glossary: Glossary) -> list[str]:
    return [words(query, glossary), *details(query, glossary)]


def form(raw: Reader, choices: Choices) -> TotalForm:
    return TotalForm(
        span=None,
        event=select(raw, "event", "Event", choices.events),
        where=group_rows(raw, "where", choices.all_fields),
        menus=menus(raw, choices, compare=False),
        errors=stray(raw, "segment"),
    )


def show(result: TotalResult, title: str) -> TotalView:
    return TotalView(result, KeyFigure(full(result.total), "events"), is_empty=not result.total, total=result.total)


TOTAL = QueryKind(
    query=Total,
    label="Total",
    prompt=None,
    read=read,
    answer=answer,
    further=nothing_further,
    words=words,
    details=details,
    clauses=clauses,
    form=form,
    show=show,
    behind=None,
)
