"""How the page shows a result, without a database."""

from datetime import UTC, datetime
from zoneinfo import ZoneInfo

import pytest

from analytics.kinds.graph.page import graph_lines, show
from analytics.kinds.graph.question import GraphLine, GraphResult
from analytics.questions.query import PAGEVIEW, Scope
from analytics.questions.results import Ran
from analytics.questions.spans import Span, Unit, buckets
from tests.analytics.factories import graph_of

NOON = datetime(2026, 3, 3, 12, 30, tzinfo=UTC)
PARIS = ZoneInfo("Europe/Paris")


@pytest.fixture
def today_by_hour():
    """Makes the result of "pageviews of today by hour", asked at half past one in Paris."""

    def build(**late):
        scope = Scope(environment_id=1, time_zone=PARIS.key)
        query = graph_of(scope, PAGEVIEW, span=Span(1), unit=Unit.HOUR)
        cut = buckets(query.span, query.unit, NOON, PARIS)
        values = [late.get(f"hour_{hour}", 0) for hour in range(len(cut))]
        ran = Ran(NOON, cut[0].start, cut[-1].end)
        return GraphResult(query, ran, cut, (GraphLine("Pageview", tuple(values), sum(values)),), sum(values))

    return build


def test_a_line_ends_at_now_since_nothing_yet_is_not_zero(today_by_hour):
    (line,), _ = graph_lines(today_by_hour(hour_9=4))

    assert line.values[:14] == (0,) * 9 + (4,) + (0,) * 4
    assert set(line.values[14:]) == {None}


def test_what_a_fast_clock_sent_is_shown_all_the_same(today_by_hour):
    (line,), _ = graph_lines(today_by_hour(hour_15=2))

    assert line.values[14:17] == (None, 2, None)


def test_the_page_speaks_times_and_the_csv_writes_them_for_programs(today_by_hour):
    result = today_by_hour(hour_9=4)

    shown = show(result, "Pageviews").table

    assert (shown.rows[9], result.table().rows[9]) == (
        ("Tue 3 Mar 2026, 09:00 CET", 4),
        ("2026-03-03 09:00+01:00", 4),
    )
    assert shown.rows[-1] == ("Whole range", 4)
