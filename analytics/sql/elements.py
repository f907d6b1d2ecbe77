# this SQL is built only from fixed texts and placeholders; see statement.py
"""What happened to the elements of a page, and to which definitions an event of one element would belong, as SQL."""

from collections.abc import Iterable, Mapping, Sequence
from uuid import UUID

from analytics.questions.conditions import EVENT_FIELDS, BadQuery, Condition, Field, Group, Match, Operator, Source
from analytics.questions.query import EventReference, RefersTo, Selection
from analytics.sql.rows import Rows, joined
from analytics.sql.selections import Limits, event_rows, keyed, keys_of, selected
from analytics.sql.statement import Statement

TARGET = ("target_tag", "target_text", "target_href", "target_id", "target_class", "target_hierarchy")
MAY_HAPPEN = ("click", "change", "submit")


def elements_sql(statement: Statement, limits: Limits, page: Mapping[str, str], kind: str, most: int) -> str:
    """Of each element of the page to which this happened: TARGET, how often; the most frequent first."""
    rows, conditions = _on_page(statement, limits, page)
    where = " and ".join([*conditions, keyed(rows, frozenset({(kind, "")}))])
    columns = ", ".join(f"e.{name} as {name}" for name in TARGET)
    names = ", ".join(TARGET)
    return (
        f"select {columns}, count(*) as events {rows.from_()} where {where} "
        f"group by {names} order by events desc, {names} limit {statement.bind(most)}"
    )


def pages_sql(statement: Statement, limits: Limits, most: int) -> str:
    """The pages where most was clicked, changed and submitted: domain, path, how often."""
    rows, conditions = event_rows(statement, limits)
    where = " and ".join([*conditions, "e.path is not null", keyed(rows, frozenset((kind, "") for kind in MAY_HAPPEN))])
    return (
        f"select e.domain as domain, e.path as path, count(*) as events {rows.from_()} where {where} "
        f"group by domain, path order by events desc, domain, path limit {statement.bind(most)}"
    )


def newest_sql(statement: Statement, limits: Limits, selection: Selection, most: int) -> str:
    """The newest events of the selection: time, text (or name), path."""
    rows, conditions = event_rows(statement, limits)
    where = " and ".join([*conditions, selected(rows, selection)])
    return (
        "select e.time as time, coalesce(e.target_text, nullif(e.name, ''), e.title) as text, e.path as path "
        f"{rows.from_()} where {where} order by e.time desc, e.id desc limit {statement.bind(most)}"
    )


def counts_on_page_sql(
    statement: Statement, limits: Limits, page: Mapping[str, str], lineages: Sequence[UUID]
) -> str | None:
    """How many events of each of these definitions there were on the page, in one row; None if there are none."""
    rows, conditions = _on_page(statement, limits, page)
    kinds = keyed(rows, frozenset((kind, "") for kind in MAY_HAPPEN))
    fits = [_defined(rows, lineage) for lineage in lineages]
    if not fits:
        return None
    counts = ", ".join(f"count(case when {each} then 1 end) as n{at}" for at, each in enumerate(fits))
    return f"select {counts} {rows.from_()} where {' and '.join([*conditions, kinds])}"


def fitting_sql(statement: Statement, event: Mapping[str, str], wanted: Sequence[Sequence[Selection]]) -> str | None:
    """For each of `wanted` whether an event with these columns is in one of its selections, in one row.

    The event has no properties, and a column that is not given is null. None if nothing is wanted.
    """
    rows = Rows(statement, f"({_made_up(statement, event)}) e")
    columns = []
    for at, selections in enumerate(wanted):
        statement.alternatives = 0  # the limit is for each
        fits = joined(Match.ANY, [selected(rows, each) for each in selections])
        columns.append(f"coalesce({fits}, false) as n{at}")
    return f"select {', '.join(columns)} {rows.from_()}" if columns else None


def may_be_of(statement: Statement, lineage: UUID, kinds: Iterable[str]) -> bool:
    """Whether events of these kinds may belong to a definition that can be read."""
    try:
        keys = keys_of(statement, defined(lineage))
        statement.alternatives = 0
        selected(Rows(statement), Selection(defined(lineage)))
    except BadQuery:
        return False
    return keys is None or any((kind, "") in keys for kind in kinds)


def defined(lineage: UUID) -> EventReference:
    return EventReference(RefersTo.DEFINITION, str(lineage))


def _defined(rows: Rows, lineage: UUID) -> str:
    rows.statement.alternatives = 0
    return selected(rows, Selection(defined(lineage)))


def _on_page(statement: Statement, limits: Limits, page: Mapping[str, str]) -> tuple[Rows, list[str]]:
    rows, conditions = event_rows(statement, limits)
    is_here = [Condition(Field(Source.EVENT, column), Operator.IS, value) for column, value in page.items()]
    return rows, [*conditions, rows.group(Group(tuple(is_here)))]


def _made_up(statement: Statement, event: Mapping[str, str]) -> str:
    """A sub-select of one event."""
    columns = [
        f"nullif({statement.bind(event.get(name, ''))}, '') as {name}" for name in EVENT_FIELDS if name != "name"
    ]
    return f"select {', '.join(columns)}, {statement.bind(event.get('name', ''))} as name, " + (
        f"{statement.dialect.no_properties()} as properties"
    )
