"""The last 24 hours of the Collection page as charts: what was accepted, and what was not and why.

They are two, each to its own scale: a few refusals cannot be seen beside a million of accepted events.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from zoneinfo import ZoneInfo

from django.utils.safestring import SafeString

from collector.counts.overview import TITLES, WORDS, Amount, HourLine
from collector.decide import Outcome
from common.charts.charts import across_time, bar_chart
from common.charts.plots import Line, colours
from common.time_units import Unit


@dataclass(frozen=True)
class Reason:
    """An entry of the legend: why requests were dropped or refused, and how many."""

    title: str
    colour: str
    requests: int


@dataclass(frozen=True)
class HourlyCharts:
    accepted: SafeString
    refused: SafeString | None  # if nothing was
    reasons: Sequence[Reason]


def hourly_charts(hours: Sequence[HourLine], zone: ZoneInfo) -> HourlyCharts:
    """Draw `hours`, of which the first is the newest and not over."""
    oldest_first = hours[::-1]
    starts = [hour.start.astimezone(zone) for hour in oldest_first]
    across = across_time(starts, [True] * (len(starts) - 1) + [False], Unit.HOUR)
    accepted = [Line("Accepted events", tuple(hour.accepted.events for hour in oldest_first))]
    refused = [line for outcome in WORDS if any((line := _requests(oldest_first, outcome)).values)]
    return HourlyCharts(
        bar_chart(accepted, across, "Accepted events by hour"),
        bar_chart(refused, across, "Dropped and refused requests by hour", stacked=True) if refused else None,
        [
            Reason(line.name, colour, sum(int(value or 0) for value in line.values))
            for line, colour in zip(refused, colours(refused), strict=True)
        ],
    )


def _requests(hours: Sequence[HourLine], outcome: Outcome) -> Line:
    return Line(TITLES[outcome], tuple(hour.amounts.get(outcome, Amount()).requests for hour in hours))
