"""How many events were kept out, per rule and per environment, for the page; and how many rules environments have."""

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from django.core.paginator import Page, Paginator
from django.db.models import Count, F, Max, QuerySet, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from accounts.models import Membership
from common.sparkline import Bars
from ipfilter.list_scope import ListScope
from ipfilter.models import ExcludedIP, KeptOut
from projects.access import reached_environments
from projects.models import Environment
from projects.registry import KeptCounts

PER_PAGE = 50
DAYS = 30  # of a sparkline, today included

ORDERS = {
    "list": ("position",),
    "most": ("-total", "position"),
    "last": (F("last_at").desc(nulls_last=True), "position"),
}
"""The orders of the rules, by their name in the URL."""


class DailyCounts(Bars):
    """Events per day (UTC) over the last DAYS days, oldest first."""

    @property
    def in_words(self) -> str:
        days, today, most = len(self.counts), self.counts[-1], max(self.counts)
        return f"{self.total:,} in {days} days, {today:,} of them today, at most {most:,} a day"


@dataclass(frozen=True)
class RuleLine:
    rule: ExcludedIP
    total: int
    last_at: datetime | None
    daily: DailyCounts


@dataclass(frozen=True)
class EnvironmentLine:
    environment: Environment
    total: int
    last_at: datetime | None
    daily: DailyCounts


def rule_page(scope: ListScope, *, order: str, number: str) -> Page[Any]:
    """One page of a list's rules, with `total` and `last_at`. If `number` is not a number, the first page."""
    rules = (
        scope.rules()
        .select_related("added_by")
        .annotate(total=Coalesce(Sum("kept_out__count"), 0), last_at=Max("kept_out__last_at"))
        .order_by(*ORDERS.get(order, ORDERS["list"]))
    )
    return Paginator(rules, PER_PAGE).get_page(number)


def rule_lines(rules: Iterable[Any]) -> list[RuleLine]:
    """The lines of one `rule_page`."""
    rules = list(rules)
    daily = _daily(KeptOut.objects.filter(rule__in=rules), "rule_id")
    return [RuleLine(rule, rule.total, rule.last_at, daily.get(rule.pk, _NOTHING)) for rule in rules]


def environment_lines(scope: ListScope, membership: Membership) -> list[EnvironmentLine]:
    """What this list kept out of each environment where it applies that the person reaches, the highest total first."""
    counted = KeptOut.objects.filter(rule__in=scope.rules())
    totals = {
        environment_id: (total, last_at)
        for environment_id, total, last_at in counted.values("environment_id")
        .annotate(total=Sum("count"), last_at=Max("last_at"))
        .values_list("environment_id", "total", "last_at")
    }
    daily = _daily(counted, "environment_id")
    lines = [
        EnvironmentLine(each, *totals.get(each.pk, (0, None)), daily.get(each.pk, _NOTHING))
        for each in environments_of(scope, membership)
    ]
    return sorted(lines, key=lambda line: -line.total)


def environments_of(scope: ListScope, membership: Membership) -> list[Environment]:
    """The environments where the list applies that the person reaches, by project and name, Production first."""
    if scope.environment:
        return [scope.environment]
    return list(
        reached_environments(membership)
        .select_related("project__account")
        .order_by("project__name", "project_id", "-is_production", "name")
    )


def _daily(counted: QuerySet[KeptOut], by: str) -> dict[int, DailyCounts]:
    today = timezone.now().date()
    first = today - timedelta(days=DAYS - 1)
    rows = counted.filter(day__gte=first).values(by, "day").annotate(total=Sum("count")).values_list(by, "day", "total")
    found: dict[int, list[int]] = {}
    for key, day, total in rows:
        _put(found.setdefault(key, [0] * DAYS), day, first, total)
    return {key: DailyCounts(counts) for key, counts in found.items()}


def _put(counts: list[int], day: date, first: date, total: int) -> None:
    number = (day - first).days
    if number < len(counts):  # just before midnight a worker's clock may already show the next day
        counts[number] += total


_NOTHING = DailyCounts([0] * DAYS)


def kept(environments: Iterable[Environment]) -> dict[int, KeptCounts]:
    """How many rules the lists of these environments have. The account's own list does not count for any of them."""
    ids = [environment.pk for environment in environments]
    rules = ExcludedIP.objects.filter(list__environment__in=ids)
    found = dict(rules.values_list("list__environment").annotate(Count("pk")))
    return {key: {"excluded IPs": found.get(key, 0)} for key in ids}
