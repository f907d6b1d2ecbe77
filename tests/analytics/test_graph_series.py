"""Graphs of several series, of measures and of groups: the examples of their definitions, in numbers."""

from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics.kinds.graph.page import show
from analytics.kinds.graph.question import Chart, Graph, Series
from analytics.kinds.registry import run
from analytics.questions.conditions import Condition, Field, Group, Operator
from analytics.questions.query import PAGEVIEW, Compared, Counts, EventReference, RefersTo, Scope
from analytics.questions.spans import Span
from analytics.rollups.refresh import refresh
from tests.analytics.rows import add_event

NOW = datetime(2026, 11, 24, 12, tzinfo=UTC)  # a Tuesday
MONDAY, TUESDAY = NOW - timedelta(days=1), NOW - timedelta(hours=1)
SIGNED_UP, PAID = (EventReference(RefersTo.CUSTOM, name) for name in ("Signed up", "Paid"))
AMOUNT, PLAN, COUNTRY = (Field.parse(f"property:{key}") for key in ("amount", "plan", "country"))
TWO_DAYS, WEEK = Span(2), Span(None, (NOW - timedelta(days=1)).date(), (NOW + timedelta(days=5)).date())

pytestmark = pytest.mark.django_db


def amounts(environment, *values, at=TUESDAY, **properties):
    for value in values:
        given = properties if value is ... else {"amount": value, **properties}
        add_event(environment, at=at, name="Paid", kind="custom", properties=given)


def answered(environment, *series, span=TWO_DAYS, **more):
    return run(Graph(Scope.of(environment), series, span, **more), now=NOW)


def measured(environment, counts):
    (line,) = answered(environment, Series(PAID, counts, AMOUNT)).lines
    return line.values[1], line.total


@pytest.mark.parametrize(
    ("counts", "expected"),
    [(Counts.SUM, Decimal("0.3")), (Counts.AVERAGE, Decimal("0.15")), (Counts.DIFFERENT, 4)],
)
def test_only_numbers_are_added_up_and_texts_are_told_apart(environment, counts, expected):
    amounts(environment, 0.1, "0.2", "x", None, True)

    assert measured(environment, counts) == (expected, expected)


def test_it_says_of_how_many_events_a_number_is_known(environment):
    amounts(environment, 0.1, "0.2", "x", None, True)

    alone = answered(environment, Series(PAID, Counts.MEDIAN, AMOUNT))
    by = answered(environment, Series(PAID, Counts.SUM, AMOUNT), Series(PAID), by=(COUNTRY,))

    assert alone.ran.note == "2 of 5 events had a number."
    assert by.ran.note == "Series A: 2 of 5 events had a number."
    assert answered(environment, Series(PAID)).ran.note == ""


def test_a_percentile_is_that_of_a_spreadsheet(environment):
    amounts(environment, 1, 2, 3, 10, at=MONDAY)
    amounts(environment, *range(1, 21))

    (median,) = answered(environment, Series(PAID, Counts.MEDIAN, AMOUNT)).lines
    (p95,) = answered(environment, Series(PAID, Counts.P95, AMOUNT)).lines

    assert median.values == (Decimal("2.5"), Decimal("10.5"))
    assert p95.values == (Decimal("8.95"), Decimal("19.05"))


@pytest.mark.parametrize("counts", Counts)
def test_a_day_without_events_is_zero_or_a_gap(environment, counts):
    amounts(environment, 7)

    (line,) = answered(environment, Series(PAID, counts, AMOUNT if counts.takes_property else None)).lines

    zeros = (Counts.EVENTS, Counts.USERS, Counts.SESSIONS, Counts.SUM, Counts.DIFFERENT)
    assert line.values[0] == (0 if counts in zeros else None)


def test_a_formula_is_computed_by_day_and_from_the_totals(environment):
    for day, sales, visits in ((3, 1, 2), (2, 1, 100), (1, 1, 0)):
        at = NOW - timedelta(days=day)
        amounts(environment, *[1] * sales, at=at)
        for _ in range(visits):
            add_event(environment, at=at)

    result = answered(environment, Series(PAID), Series(SIGNED_UP), span=Span(4, over=True), formula="A / B")

    formula, sales, visits = result.lines
    assert formula.values[1:] == (Decimal("0.5"), Decimal("0.01"), None)
    assert formula.total == result.total == Decimal("0.029412")
    assert (sales.total, visits.total) == (3, 102)
    assert [each.name for each in show(result, "").legend] == ["A / B", "A: Count of Paid", "B: Count of Signed up"]


def test_groups_are_chosen_once_for_all_series(environment, monkeypatch):
    monkeypatch.setattr("analytics.sql.time_counts.TOP_GROUPS", 2)
    for name, counted in (("Paid", {"x": 3, "y": 1}), ("Signed up", {"y": 4, "z": 2})):
        for plan, times in counted.items():
            for _ in range(times):
                add_event(environment, at=TUESDAY, kind="custom", name=name, properties={"plan": plan})

    result = answered(environment, Series(PAID), Series(SIGNED_UP), by=(PLAN,), formula="A / B")

    assert [(each.group, each.total) for each in result.lines if each.series is None] == [
        ("x", None),
        ("y", Decimal("0.25")),
        ("everything else (1)", 0),
    ]
    assert show(result, "").left_out == 0  # all lines of the formula are drawn


def test_in_the_legend_of_a_formula_missing_is_set_apart(environment):
    for properties in ({}, {"plan": "(none)"}):
        for name in ("Paid", "Signed up"):
            add_event(environment, at=TUESDAY, kind="custom", name=name, properties=properties)

    view = show(answered(environment, Series(PAID), Series(SIGNED_UP), by=(PLAN,), formula="A / B"), "")

    assert [(each.name, each.is_apart) for each in view.legend] == [("(none)", True), ("(none)", False)]


def test_the_rest_counts_its_people_once(environment, monkeypatch):
    monkeypatch.setattr("analytics.sql.time_counts.TOP_GROUPS", 1)
    for actor, country in ((1, "DE"), (2, "DE"), (2, "FR"), (2, "IT")):
        add_event(environment, at=TUESDAY, actor_id=actor, properties={"country": country})

    result = answered(environment, Series(SIGNED_UP, Counts.USERS), by=(COUNTRY,))

    assert [(each.label, each.total) for each in result.lines] == [("DE", 2), ("everything else (2)", 1)]
    assert result.total == 2


def test_combinations_tell_missing_empty_and_words_apart(environment):
    for properties in ({"plan": "(none)"}, {}, {"plan": ""}, {"plan": "", "country": "DE"}):
        add_event(environment, at=TUESDAY, properties=properties)

    result = answered(environment, Series(SIGNED_UP), by=(PLAN, COUNTRY))

    assert [(each.key, each.is_apart) for each in result.lines] == [
        ((None, None), True),
        (("", None), True),
        (("", "DE"), True),
        (("(none)", None), True),
    ]
    assert [each.label for each in answered(environment, Series(SIGNED_UP), by=(PLAN,)).lines] == [
        "(empty)",
        "(none)",
        "(none)",
    ]


def test_people_since_the_start_are_counted_once_and_nothing_after_now(environment):
    for at, actor in ((MONDAY, 1), (TUESDAY, 1), (TUESDAY, 2)):
        add_event(environment, at=at, actor_id=actor, properties={"plan": "pro", "amount": 2})
    refresh(environment)

    def by_day(counts, **more):
        result = answered(environment, Series(SIGNED_UP, counts, AMOUNT), span=WEEK, cumulative=True, **more)
        return [each.values for each in result.lines]

    for more in ({}, {"by": (PLAN,)}, {"where": Group((Condition(PLAN, Operator.IS, "pro"),))}):
        assert by_day(Counts.USERS, **more) == [(1, 2, None, None, None, None, None)]
        assert by_day(Counts.EVENTS, **more) == [(1, 3, None, None, None, None, None)]
        assert by_day(Counts.SUM, **more) == [(2, 6, None, None, None, None, None)]
        assert by_day(Counts.DIFFERENT, **more) == [(1, 1, None, None, None, None, None)]


def test_each_series_has_filters_of_its_own_beside_those_of_all(environment):
    amounts(environment, 1, 2, 30, plan="pro")
    amounts(environment, 4, 50)
    above = Group((Condition(AMOUNT, Operator.GREATER, "10"),))
    pro = Group((Condition(PLAN, Operator.IS, "pro"),))

    lines = answered(environment, Series(PAID, where=above), Series(PAID), where=pro).lines

    assert [(each.label, each.total) for each in lines] == [
        ("Count of Paid where amount is greater than 10", 1),
        ("Count of Paid", 3),
    ]


def test_counted_days_serve_each_series_by_itself(environment, monkeypatch):
    now = datetime.now(UTC)
    for ago in range(2, 40, 2):
        at = now - timedelta(days=ago)
        add_event(environment, kind="pageview", at=at, received_at=at)
    refresh(environment)
    monkeypatch.setattr("analytics.kinds.graph.counting.counting_sql", None)  # which would be called

    series = (Series(PAGEVIEW), Series(PAGEVIEW, Counts.USERS), Series(PAGEVIEW, Counts.PER_USER))
    result = run(Graph(Scope.of(environment), series, Span(20), formula="A - B"), now=now)

    assert [each.total for each in result.lines] == [8, 9, 1, 9]


def test_which_days_are_counted_is_looked_up_once_for_all_series(environment):
    now = datetime.now(UTC)
    for ago in range(2, 12):
        at = now - timedelta(days=ago)
        add_event(environment, kind="pageview", at=at, received_at=at)
    refresh(environment)

    with CaptureQueriesContext(connection) as queries:
        run(Graph(Scope.of(environment), (Series(PAGEVIEW), Series(PAGEVIEW, Counts.USERS)), Span(20)), now=now)

    asked = [query["sql"] for query in queries]
    assert sum("from rollup_days" in sql for sql in asked) == 1
    assert sum("from rollup_pending" in sql for sql in asked) == 1
    assert sum("from rollup_counts" in sql for sql in asked) == 2


def test_what_is_drawn_of_several_series_in_groups_is_a_little_of_each(environment):
    for number in range(12):
        for name in ("Paid", "Signed up"):
            add_event(environment, at=TUESDAY, kind="custom", name=name, properties={"plan": f"p{number:02}"})

    view = show(answered(environment, Series(PAID), Series(SIGNED_UP), by=(PLAN,), chart=Chart.BAR), "")

    assert [each.name for each in view.legend[:4]] == [
        "Count of Paid · p00",
        "Count of Signed up · p00",
        "Count of Paid · p01",
        "Count of Signed up · p01",
    ]
    assert (len(view.legend), view.left_out, view.headline) == (8, 16, None)


def test_sides_of_a_comparison_say_whose_numbers_are_known(environment):
    amounts(environment, 1, "x")

    result = answered(environment, Series(PAID, Counts.LARGEST, AMOUNT), compare=(Compared(None),))

    assert result.ran.note == "Everyone: 1 of 2 events had a number."
