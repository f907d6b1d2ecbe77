"""What happened to the elements of a page, and which definitions mean it (analytics/sql/elements.py)."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from django.utils import timezone

from analytics.definitions.glossary import Glossary, read_definitions
from analytics.questions.conditions import Group, Match
from analytics.questions.query import ANY_EVENT, LAST_7_DAYS, LAST_30_DAYS, Scope, Selection
from analytics.questions.spans import Span
from analytics.sql import elements as sql
from analytics.sql.dialect import POSTGRESQL
from analytics.sql.selections import Limits
from analytics.sql.statement import Statement
from analytics.store.postgresql.snapshot import TimedStatements, snapshot
from analytics.store.protocol import Clicked, ElementEvent

TIME_LIMIT = timedelta(seconds=10)
OF_PAGE = {"event:domain", "event:path", "event:hash"}


@dataclass(frozen=True)
class Asking:
    """One scope and moment, and what sends statements."""

    scope: Scope
    glossary: Glossary
    now: datetime
    ask: TimedStatements

    def statement(self) -> Statement:
        return Statement(self.scope, self.glossary, self.now, POSTGRESQL)

    def limits(self, span: Span) -> Limits:
        return Limits(*span.bounds(self.now, self.scope.zone))


@contextmanager
def _asking(scope: Scope, lineages: Sequence[UUID] = ()) -> Iterator[Asking]:
    definitions = read_definitions(scope.environment_id, lineages)
    with snapshot(scope.environment_id, token="", limit=TIME_LIMIT) as ask:
        yield Asking(scope, Glossary(definitions), timezone.now(), ask)


def elements_of(scope: Scope, page: Mapping[str, str], kind: str, most: int) -> list[Clicked]:
    with _asking(scope) as asking:
        statement = asking.statement()
        text = sql.elements_sql(statement, asking.limits(LAST_7_DAYS), page, kind, most)
        rows = asking.ask(text, statement.parameters)
    return [Clicked(tuple(each or "" for each in texts), events) for *texts, events in rows]


def busy_pages(scope: Scope, most: int) -> list[tuple[str, str, int]]:
    with _asking(scope) as asking:
        statement = asking.statement()
        rows = asking.ask(sql.pages_sql(statement, asking.limits(LAST_7_DAYS), most), statement.parameters)
    return [(domain or "", path, events) for domain, path, events in rows]


def newest_of(scope: Scope, selection: Selection, most: int) -> list[ElementEvent]:
    with _asking(scope, [selection.event.lineage] if selection.event.lineage else []) as asking:
        statement = asking.statement()
        text = sql.newest_sql(statement, asking.limits(LAST_30_DAYS), selection, most)
        rows = asking.ask(text, statement.parameters)
    return [ElementEvent(at, words or "", path or "") for at, words, path in rows]


def meanings_of(scope: Scope, event: Mapping[str, str], lineages: Sequence[UUID]) -> list[UUID]:
    with _asking(scope, lineages) as asking:
        may = [each for each in lineages if sql.may_be_of(asking.statement(), each, [event["kind"]])]
        return _fitting(asking, event, {each: [Selection(sql.defined(each))] for each in may})


def counts_on_page(scope: Scope, page: Mapping[str, str], lineages: Sequence[UUID], most: int) -> dict[UUID, int]:
    with _asking(scope, lineages) as asking:
        may = [each for each in lineages if sql.may_be_of(asking.statement(), each, sql.MAY_HAPPEN)]
        found = _fitting(asking, page, {each: _on_pages(asking, each) for each in may})[:most]
        statement = asking.statement()
        text = sql.counts_on_page_sql(statement, asking.limits(LAST_7_DAYS), page, found)
        counts = asking.ask(text, statement.parameters)[0] if text else ()
    return dict(zip(found, counts, strict=True))


def _fitting(asking: Asking, event: Mapping[str, str], wanted: Mapping[UUID, Sequence[Selection]]) -> list[UUID]:
    """The definitions for which an event with these columns is in one of the selections."""
    statement = asking.statement()
    text = sql.fitting_sql(statement, event, list(wanted.values()))
    fits = asking.ask(text, statement.parameters)[0] if text else ()
    return [each for each, does in zip(wanted, fits, strict=True) if does]


def _on_pages(asking: Asking, lineage: UUID) -> list[Selection]:
    """The alternatives of the definition, with those conditions alone that say on which pages."""
    body = asking.glossary.definition(lineage)
    return [Selection(ANY_EVENT, _of_page(each.where)) for each in body.alternatives]


def _of_page(where: Group) -> Group:
    """The conditions on the page that have to hold; others are left out."""
    if where.match is Match.ANY and len(list(where.every())) > 1:
        return Group()
    return Group(tuple(each for each in where.conditions if str(each.field) in OF_PAGE))
