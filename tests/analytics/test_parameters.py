"""Writing queries as URL parameters, and reading them back."""

from datetime import UTC, date, datetime, timedelta
from uuid import UUID

import pytest
from django.http import QueryDict
from hypothesis import given
from hypothesis import strategies as st

from analytics.definitions.glossary import Glossary
from analytics.kinds.graph.question import Chart, Graph, Series
from analytics.kinds.registry import KINDS, parse
from analytics.kinds.users import Cursor, Users
from analytics.questions.conditions import Condition, Field, Group, Match, Operator, Source
from analytics.questions.parameters import MOST_ROWS, Reader
from analytics.questions.periods import Period
from analytics.questions.query import PAGEVIEW, SESSION, Counts, EventReference, RefersTo, Scope
from analytics.questions.spans import Span, Unit
from tests.analytics.factories import graph_of
from tests.analytics.oracle import World
from tests.analytics.random_questions import (
    funnels,
    graphs,
    lifecycles,
    paths_questions,
    retentions,
    stickiness_questions,
    users_questions,
)

SCOPE = Scope(1, "Europe/Berlin", 7)
WORLD = World([], {}, {}, Glossary(), datetime(2026, 3, 29, tzinfo=UTC))


@given(
    st.one_of(
        *(
            make(WORLD, 1)
            for make in (
                graphs,
                funnels,
                paths_questions,
                retentions,
                stickiness_questions,
                lifecycles,
                users_questions,
            )
        )
    )
)
def test_every_query_reads_back_from_its_parameters(query):
    parameters = QueryDict(mutable=True)
    for name, value in query.parameters():
        parameters.appendlist(name, value)
    again = QueryDict(parameters.urlencode())

    parsed = parse(query.kind, again, query.scope)

    expected = query if not isinstance(query, Users) else Users(**{**vars(query), "limit": 50})
    assert (parsed.query, parsed.errors) == (expected, {})


def test_nothing_given_is_pageviews_of_30_days_by_day():
    assert parse("graph", QueryDict(""), SCOPE).query == graph_of(SCOPE, PAGEVIEW)


def test_a_graph_with_everything():
    link = (
        "event=event:Signed up&counts=users&unit=week&by=property:plan&days=custom&from=2026-01-01&to=2026-01-31"
        "&where.match=any&where.3.field=user:country&where.3.op=is&where.3.value=DE&where.10.field=event:path"
        "&where.10.op=exists&chart=bar&where.11.field="
    )

    where = Group(
        (
            Condition(Field(Source.USER, "country"), Operator.IS, "DE"),
            Condition(Field(Source.EVENT, "path"), Operator.EXISTS),
        ),
        Match.ANY,
    )
    assert parse("graph", QueryDict(link), SCOPE).query == graph_of(
        SCOPE,
        EventReference(RefersTo.CUSTOM, "Signed up"),
        Counts.USERS,
        Span(None, date(2026, 1, 1), date(2026, 1, 31)),
        Unit.WEEK,
        Field(Source.PROPERTY, "plan"),
        chart=Chart.BAR,
        where=where,
    )


def test_a_graph_of_several_series():
    link = (
        "series.4.event=event:Paid&series.4.counts=sum&series.4.of=property:amount&series.7.event=&series.9.event="
        "builtin:session&series.9.counts=users&series.9.of=property:unused&series.9.where.0.field=event:path"
        "&series.9.where.0.value=/&formula=a÷b&by=&by.2=property:plan&cumulative=1"
    )

    read = parse("graph", QueryDict(link), SCOPE)

    where = Group((Condition(Field(Source.EVENT, "path"), Operator.IS, "/"),))
    amount = Field(Source.PROPERTY, "amount")
    assert (read.errors, read.query) == (
        {},
        Graph(
            SCOPE,
            (
                Series(EventReference(RefersTo.CUSTOM, "Paid"), Counts.SUM, amount),
                Series(SESSION, Counts.USERS, None, where),
            ),
            by=(Field(Source.PROPERTY, "plan"),),
            formula="A / B",
            cumulative=True,
        ),
    )


def test_one_series_is_written_as_before_there_were_several():
    query = parse("graph", QueryDict("series.2.event=event:Paid&series.2.counts=users&series.3.event="), SCOPE).query

    assert list(query.parameters())[:2] == [("event", "event:Paid"), ("counts", "users")]


@pytest.mark.parametrize(
    ("link", "span"),
    [
        ("days=this_week", Span(None, period=Period.THIS_WEEK)),
        ("days=last_quarter&over=1", Span(None, period=Period.LAST_QUARTER, over=True)),
        ("days=all", Span(None, period=Period.ALL)),
        ("days=7&over=1", Span(7, over=True)),
        ("days=7", Span(7)),
    ],
)
def test_a_range_has_a_readable_name(link, span):
    read = parse("graph", QueryDict(link), SCOPE).query

    assert read == graph_of(SCOPE, PAGEVIEW, span=span)
    assert link in QueryDict("&".join(f"{name}={value}" for name, value in read.parameters())).urlencode()


@pytest.mark.parametrize(
    ("kind", "link", "at"),
    [
        ("graph", "event=nonsense", "event"),
        ("graph", "event=definition:nonsense", "event"),
        ("graph", "event=event:a%00b", "event"),
        ("graph", "counts=money", "counts"),
        ("graph", "days=0", "days"),
        ("graph", "days=-5", "days"),
        ("graph", "days=９", "days"),
        ("graph", "days=99999", "days"),
        ("graph", "days=this_decade", "days"),
        ("graph", "days=this_quarter&unit=hour", "unit"),
        ("graph", "days=custom&from=2026-02-30&to=2026-03-01", "from"),
        ("graph", "days=custom&from=2026-03-02&to=2026-03-01", "to"),
        ("graph", "days=custom&from=0001-01-01&to=0001-01-02", "to"),
        ("graph", "days=365&unit=hour", "unit"),
        ("graph", "by=path", "by"),
        ("graph", "by=event:password", "by"),
        ("graph", "segment=nonsense", "segment"),
        ("graph", "compare=nonsense", "compare"),
        ("graph", "by=event:path&compare=everyone", "by"),
        ("graph", "&".join(f"compare={UUID(int=number)}" for number in range(5)), "compare"),
        ("graph", "&".join(f"segment={UUID(int=number)}" for number in range(5)), "compare"),
        ("graph", "where.0.field=event:nonsense", "where.0.field"),
        ("graph", "where.0.field=event:path&where.0.op=regex", "where.0.op"),
        ("graph", "where.0.field=property:n&where.0.op=greater&where.0.value=much", "where.0.value"),
        ("graph", "where.match=some", "where.match"),
        ("graph", "counts=sum", "of"),
        ("graph", "counts=sum&of=amount", "of"),
        ("graph", "series.3.event=builtin:any&series.3.counts=median", "series.3.of"),
        ("graph", "series.0.event=builtin:any&series.1.event=nonsense", "series.1.event"),
        ("graph", "&".join(f"series.{number}.event=builtin:any" for number in range(9)), "series"),
        ("graph", "series.0.event=builtin:any&series.1.event=builtin:any&compare=everyone", "compare"),
        ("graph", "formula=A*2&compare=everyone", "compare"),
        ("graph", "formula=A/B", "formula"),
        ("graph", "formula=A//2", "formula"),
        ("graph", "counts=average&of=property:n&cumulative=1", "cumulative"),
        ("graph", "by=event:path&by.2=event:path", "by"),
        ("graph", "by.3=event:password", "by.3"),
        ("funnel", "step.0.event=builtin:pageview", "step"),
        ("funnel", "step.0.event=builtin:pageview&step.1.event=builtin:any&within=0", "within"),
        ("funnel", "step.0.event=builtin:pageview&step.1.event=builtin:any&within=1e9", "within"),
        ("funnel", "step.0.event=builtin:pageview&step.1.event=builtin:any&within_unit=year", "within_unit"),
        ("retention", "unit=hour", "unit"),
        ("retention", "start.event=event:", "start.event"),
        ("sessions", "least=1441", "least"),
        ("sessions", "most=x", "most"),
        ("sessions", "after=0001-01-01T00:00:00+14:00_1", "after"),
        ("paths", "anchor.event=event:", "anchor.event"),
        ("paths", "along=builtin", "along"),
        ("paths", "direction=sideways", "direction"),
        ("paths", "steps=6", "steps"),
        ("paths", "steps=0", "steps"),
        ("paths", "within=1y", "within"),
        ("stickiness", "unit=hour", "unit"),
        ("lifecycle", "unit=hour", "unit"),
        ("stickiness", "event=event:", "event"),
        ("users", "where.0.field=event:path", "where"),
        ("users", "after=9999999999999999999_1", "after"),
    ],
)
def test_what_is_wrong_is_said_at_its_parameter(kind, link, at):
    parsed = parse(kind, QueryDict(link), SCOPE)

    assert (parsed.query, set(parsed.errors)) == (None, {at})
    assert parsed.errors[at].endswith(".")


@given(st.dictionaries(st.text(max_size=12), st.lists(st.text(max_size=20), max_size=2), max_size=4))
def test_odd_parameters_are_never_an_error_of_ours(parameters):
    names = ["event", "days", "where.0.field", "step.1.event", "after", "by", "within", "compare"]
    odd = parameters | {names[len(name) % len(names)]: values for name, values in parameters.items()}

    for kind in KINDS:
        parsed = parse(kind, odd, SCOPE)

        assert parsed.query is not None or parsed.errors


@pytest.mark.parametrize("actor", [-5, 0, -(2**63), 2**63 - 1])  # most identities have numbers of 19 digits
def test_a_list_of_people_goes_on_where_it_ended(actor):
    cursor = Cursor(1767225600000000, actor)

    assert parse("users", QueryDict(f"after={cursor}"), SCOPE).query == Users(SCOPE, after=cursor)


def test_a_window_is_written_in_its_largest_whole_unit():
    parsed = parse(
        "funnel", QueryDict("step.0.event=builtin:any&step.1.event=builtin:any&within=90&within_unit=minute"), SCOPE
    )

    assert parsed.query.within == timedelta(minutes=90)
    assert ("within", "90") in list(parsed.query.parameters())


@pytest.mark.parametrize("name", ["series.{}.event", "where.{}.field", "where.group.{}.match", "where.group.0.{}.op"])
def test_a_link_makes_no_more_rows_than_a_form_may_have_and_drops_none_in_silence(name):
    """A link of 30 KB made a page of 11 MB."""
    rows = {name.format(number): [""] for number in range(MOST_ROWS)}
    one_more = rows | {name.format(1_000): [""]}

    assert len(Reader(one_more).numbered(name.partition(".{}")[0])) == MOST_ROWS
    assert parse("graph", rows, Scope(1)).query
    assert list(parse("graph", one_more, Scope(1)).errors.values()) == ["At most 40 rows."]
