"""The pages of all events and all properties of an environment, from its catalogue.

All that is known of the names, 5,000 at most, is read in one statement each, and so is what uses them. The rows of one
page alone get their volume. So a page takes the same number of statements whatever is listed.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from functools import cached_property
from typing import Any
from urllib.parse import urlencode

from django.core.paginator import Page, Paginator
from django.http import HttpRequest, HttpResponse
from django.utils import timezone
from django.views.decorators.http import require_safe

from accounts.policy import Can
from analytics.definitions.catalogue_names import CatalogueName
from analytics.definitions.name_uses import NameUses, name_uses
from analytics.questions.conditions import Source
from analytics.questions.query import LAST_30_DAYS, Scope
from analytics.questions.spans import Unit, buckets
from analytics.store.catalogue import KnownEvent, KnownProperty
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from analytics.views.lists import Heading
from analytics.views.pages import TOO_SLOW, page
from common.bidi import unturned
from common.counted import counted
from common.sparkline import Bars
from projects.door import environment_view
from projects.models import Environment

PAGE_SIZE = 50
ALL = 10_001  # more than there is room for in a catalogue
NEW = timedelta(days=7)
MONTHS = 12
Known = KnownEvent | KnownProperty
SHOWN = {  # words of the drop-down by the value of `show`
    "": "all that are not hidden",
    "new": "new in the last 7 days",
    "verified": "verified",
    "unverified": "not verified",
    "unused": "used nowhere",
    "hidden": "hidden",
}
ORDERS = ("name", "count", "seen", "used")


@dataclass(frozen=True)
class Volume(Bars):
    """Events by day, or by month, oldest first."""

    unit: str = "day"
    noun: str = "event"

    @property
    def in_words(self) -> str:
        span = f"the last {counted(len(self.counts), self.unit)}"
        return f"{counted(self.total, self.noun)} in {span}, at most {max(self.counts):,} in a {self.unit}"


@dataclass(frozen=True)
class NameRow:
    """One name: `called` is None if no question can name it. Without a `volume` it is not known."""

    known: Known
    called: CatalogueName | None
    uses: NameUses
    is_new: bool
    volume: Volume | None = None

    @cached_property
    def label(self) -> str:
        if self.called:
            return self.called.label
        return unturned(self.known.name if isinstance(self.known, KnownEvent) else self.known.key)

    @property
    def types(self) -> list[str]:
        return types_of(self.known) if isinstance(self.known, KnownProperty) else []


@dataclass(frozen=True)
class WantedNames:
    """What the URL asks of a list: a text in names and descriptions, what to show, an order ("-" reverses it)."""

    q: str = ""
    show: str = ""
    sort: str = "-count"

    @classmethod
    def of(cls, parameters: Mapping[str, str]) -> "WantedNames":
        """Unknown values are left out."""
        texts = {name: parameters.get(name, "").replace("\0", "").strip() for name in ("q", "show", "sort")}
        if texts["sort"].removeprefix("-") not in ORDERS:
            texts["sort"] = cls.sort
        texts["q"] = unturned(texts["q"])  # as labels are
        if texts["show"] not in SHOWN:
            texts["show"] = cls.show
        return cls(**texts)

    @property
    def narrows(self) -> bool:
        return bool(self.q or self.show)

    @property
    def query(self) -> str:
        plain = WantedNames()
        return urlencode({name: value for name, value in vars(self).items() if value != getattr(plain, name)})

    def fits(self, row: NameRow) -> bool:
        said = row.known.said
        if self.q and not any(self.q.lower() in text.lower() for text in (row.label, said.description)):
            return False
        if said.is_hidden:
            return self.show == "hidden" or self.q.lower() == row.label.lower()
        return {
            "new": row.is_new,
            "verified": said.is_verified,
            "unverified": not said.is_verified,
            "unused": not row.uses,
            "hidden": False,
        }.get(self.show, True)

    def heading(self, label: str, column: str) -> Heading:
        """All but names are ordered from the most, or the newest, on by the first click."""
        first, second = (column, f"-{column}") if column == "name" else (f"-{column}", column)
        ordered = {column: "ascending", f"-{column}": "descending"}.get(self.sort, "")
        return Heading(label, True, replace(self, sort=second if self.sort == first else first).query, ordered)


@dataclass(frozen=True)
class NameList:
    wanted: WantedNames
    page: Page[Any]
    rows: list[NameRow]
    total: int
    headings: list[Heading]


def types_of(known: KnownProperty) -> list[str]:
    """ "number in 97 of 100", "text in 3": the most frequent first; "number" alone if all are."""
    if not known.events:
        return []
    others = known.events - known.numbers - known.texts - known.booleans
    found = {"number": known.numbers, "text": known.texts, "true or false": known.booleans, "something else": others}
    ranked = sorted((each for each in found.items() if each[1] > 0), key=lambda each: -each[1])
    if len(ranked) == 1:
        return [ranked[0][0]]
    (name, most), *rest = ranked
    return [f"{name} in {most:,} of {known.events:,}", *(f"{name} in {count:,}" for name, count in rest)]


@require_safe
@environment_view(Can.VIEW)
def catalogue(request: HttpRequest, environment: Environment) -> HttpResponse:
    """All events."""
    return _list(request, environment, "events", known_events, _days, "Last 30 days")


@require_safe
@environment_view(Can.VIEW)
def catalogue_properties(request: HttpRequest, environment: Environment) -> HttpResponse:
    """All properties of events and of people."""
    return _list(request, environment, "properties", known_properties, _months, f"Last {MONTHS} months")


def _list(
    request: HttpRequest,
    environment: Environment,
    noun: str,
    read: Callable[[Scope], list[Known]],
    volumes: Callable[[Scope, Sequence[NameRow]], list[NameRow]],
    span: str,
) -> HttpResponse:
    scope, wanted = Scope.of(environment), WantedNames.of(request.GET)
    context: dict[str, Any] = {"of": noun, "span": span, "shown": list(SHOWN.items())}
    try:
        known = read(scope)
        state = event_store().catalogue_state(scope)
    except QueryTimeout:
        return page(request, environment, "analytics/catalogue.html", context | {"failure": TOO_SLOW}, 503)
    uses, since = name_uses(environment), timezone.now() - NEW
    everything = [_row(each, uses, since) for each in known]
    pages = Paginator(_ordered([row for row in everything if wanted.fits(row)], wanted.sort), PAGE_SIZE)
    shown = pages.get_page(request.GET.get("page"))
    labels = (("Name", "name"), ("In all", "count"), ("Last seen", "seen"), ("Used in", "used"))
    headings = [wanted.heading(*each) for each in labels]
    headings.insert(1, Heading(span))
    if noun == "properties":
        headings.insert(1, Heading("Values"))
    rows = volumes(scope, list(shown.object_list))
    context["list"] = NameList(wanted, shown, rows, len(everything), headings)
    return page(request, environment, "analytics/catalogue.html", context | {"state": state})


def known_events(scope: Scope) -> list[Known]:
    """All events that have a name. Raises QueryTimeout."""
    return [
        each for each in event_store().known_events(scope, most=ALL, hidden=True) if each.name or each.kind != "custom"
    ]


def known_properties(scope: Scope) -> list[Known]:
    """All properties, of events and of people. Raises QueryTimeout."""
    sources = (Source.PROPERTY, Source.USER)
    return [each for source in sources for each in event_store().known_properties(scope, source, most=ALL, hidden=True)]


def _row(known: Known, uses: Mapping[str, NameUses], since: datetime) -> NameRow:
    called = known.called
    is_of_people = isinstance(known, KnownProperty) and known.is_of_people
    used = uses.get(str(called)) or NameUses({})
    return NameRow(known, called, used, known.first_at >= since and not is_of_people)


def _ordered(rows: list[NameRow], sort: str) -> list[NameRow]:
    """By name where that tells nothing."""
    keys: dict[str, Callable[[NameRow], Any]] = {
        "name": lambda row: row.label.lower(),
        "count": lambda row: row.known.events,
        "seen": lambda row: row.known.last_at,
        "used": lambda row: int(row.uses),
    }
    by_name = sorted(rows, key=keys["name"])
    return sorted(by_name, key=keys[sort.removeprefix("-")], reverse=sort.startswith("-"))


def _days(scope: Scope, rows: Sequence[NameRow]) -> list[NameRow]:
    days = buckets(LAST_30_DAYS, Unit.DAY, timezone.now(), scope.zone, scope.week_starts_on)
    events = [row.called.event for row in rows if row.called and row.called.event]
    try:
        found = event_store().daily_events(scope, events, days)
    except QueryTimeout:
        return list(rows)
    counts = [found.get(str(row.called)) for row in rows]
    return [replace(row, volume=Volume(each) if each else None) for row, each in zip(rows, counts, strict=True)]


def _months(scope: Scope, rows: Sequence[NameRow]) -> list[NameRow]:
    """People are of no month."""
    today = timezone.now().date()
    number = today.year * 12 + today.month - 1
    months = [date(each // 12, each % 12 + 1, 1) for each in range(number - MONTHS + 1, number + 1)]
    keys = [row.called.name for row in rows if row.called and not row.called.is_of_people]
    try:
        found = event_store().monthly_values(scope, keys, months[0])
    except QueryTimeout:
        return list(rows)
    return [
        row
        if row.called is None or row.called.is_of_people
        else replace(row, volume=Volume([found[row.called.name].get(month, 0) for month in months], "month"))
        for row in rows
    ]
