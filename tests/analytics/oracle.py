"""Answers to the same questions by plain loops over events: slow, simple, and written independently of the SQL."""

import re
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta, tzinfo
from decimal import Decimal
from typing import Any
from urllib.parse import quote, unquote

from analytics.definitions.bodies import ClauseGroup
from analytics.definitions.glossary import Glossary
from analytics.kinds.users import Users
from analytics.questions.conditions import NUMBER, Condition, Field, Group, Match, Operator, Source
from analytics.questions.periods import Period
from analytics.questions.query import Builtin, Comparison, Did, EventReference, Query, RefersTo, Selection
from analytics.questions.results import as_text
from analytics.questions.spans import Span, Unit


@dataclass(frozen=True)
class FakeEvent:
    time: datetime
    id: int
    actor: int
    session: int | None = None
    kind: str = "custom"
    name: str = ""
    columns: dict[str, str | None] = field(default_factory=dict)
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def place(self) -> tuple[datetime, int]:
        return self.time, self.id


@dataclass(frozen=True)
class FakePerson:
    actor: int
    identity: str | None
    properties: dict[str, Any]
    last_seen_at: datetime | None  # None if they have no events
    is_robot: bool | None = None


@dataclass(frozen=True)
class World:
    """All data of one environment."""

    events: list[FakeEvent]
    merges: dict[int, int]
    people: dict[int, FakePerson]
    glossary: Glossary
    now: datetime
    zone: tzinfo = UTC  # of whom asks

    def who(self, event: FakeEvent) -> int:
        return self.merges.get(event.actor, event.actor)

    def asked_by(self, query: Query) -> "World":
        """What the question looks at: without robots, it is as if they had never come."""
        world = replace(self, zone=query.scope.zone)
        if not query.scope.without_robots:
            return world
        return replace(world, events=[each for each in self.events if each.columns.get("device") != "robot"])


def together(match: Match, facts: list[bool]) -> bool:
    if not facts:
        return True
    return all(facts) if match is Match.ALL else any(facts)


def value_of(world: World, wanted: Field, event: FakeEvent | None, person: int) -> str | None:
    known = world.people.get(person)
    if wanted.source is Source.PERSON:
        return known.identity if known else None
    if wanted.source is Source.USER:
        return as_text(known.properties.get(wanted.key)) if known else None
    assert event is not None
    if wanted.source is Source.PROPERTY:
        return as_text(event.properties.get(wanted.key))
    if wanted.key in ("kind", "name"):
        return getattr(event, wanted.key)
    return event.columns.get(wanted.key)


def spelled(field: Field, asked: str) -> set[str]:
    """What is asked for, and its other spellings if it is an address (without hosts that have a scheme)."""
    if field.source is not Source.EVENT or field.key not in ("path", "query", "hash", "referrer"):
        return {asked}
    read, at = "", 0
    while at < len(asked):
        for escapes in (4, 3, 2, 1):
            piece = asked[at : at + 3 * escapes]
            if re.fullmatch(f"(%[0-9A-Fa-f]{{2}}){{{escapes}}}", piece):
                character = unquote(piece, errors="replace")
                if len(character) == 1 and character != "\ufffd" and (not character.isascii() or character == " "):
                    read, at = read + character, at + 3 * escapes
                    break
        else:
            read, at = read + asked[at], at + 1
    sent = "".join(quote(each) if each == " " or not each.isascii() else each for each in read)
    partly = "".join(quote(each) if not each.isascii() else each for each in asked)
    found = {asked, read, sent, partly}
    if field.key == "referrer" and "/" not in read:
        stars = [each if each.isascii() else f"xn--{each.encode('punycode').decode()}" for each in asked.split("*")]
        found |= {"*".join(stars), asked.replace("xn--9ca", "é")}
    return found | {re.sub("%[89A-F].", lambda escape: escape[0].lower(), each) for each in found}


OPPOSITES = {
    Operator.IS_NOT: Operator.IS,
    Operator.NOT_CONTAINS: Operator.CONTAINS,
    Operator.NONE_OF: Operator.ONE_OF,
}


def holds(condition: Condition, value: str | None) -> bool:
    if condition.operator in OPPOSITES:
        return not holds(replace(condition, operator=OPPOSITES[condition.operator]), value)
    if condition.operator is Operator.ONE_OF:
        return any(holds(Condition(condition.field, Operator.IS, each), value) for each in condition.values)
    return any(holds_as_spelled(condition, each, value) for each in spelled(condition.field, condition.value))


def holds_as_spelled(condition: Condition, asked: str, value: str | None) -> bool:
    if condition.operator is Operator.IS:
        return value == asked
    if condition.operator is Operator.CONTAINS:
        return value is not None and asked in value
    if condition.operator is Operator.EXISTS:
        return value is not None
    if condition.operator is Operator.NOT_EXISTS:
        return value is None
    if condition.operator is Operator.MATCHES:
        pattern = ".*".join(re.escape(part) for part in asked.split("*"))
        return value is not None and re.fullmatch(pattern, value, re.DOTALL) is not None
    if value is None or not re.fullmatch(NUMBER, value):
        return False
    if condition.operator is Operator.GREATER:
        return Decimal(value) > Decimal(asked)
    return Decimal(value) < Decimal(asked)


def group_holds(world: World, group: Group, event: FakeEvent | None, person: int) -> bool:
    alone = [holds(each, value_of(world, each.field, event, person)) for each in group.conditions]
    return together(group.match, alone + [group_holds(world, each, event, person) for each in group.groups])


def is_meant(world: World, reference: EventReference, event: FakeEvent) -> bool:
    if reference.to is RefersTo.CUSTOM:
        return event.kind == "custom" and event.name == reference.key
    if reference.to is RefersTo.KIND:
        return event.kind == reference.key
    if reference.to is RefersTo.BUILTIN:
        return reference.key != Builtin.PAGEVIEW or event.kind == "pageview"
    body = world.glossary.definitions[reference.lineage].body
    return any(
        is_meant(world, each.event, event) and group_holds(world, each.where, event, world.who(event))
        for each in body.alternatives
    )


def session_starts(world: World) -> list[FakeEvent]:
    starts, last = [], {}
    for event in sorted(world.events, key=lambda each: each.place):
        if event.session is None:
            continue
        before = last.get(event.session)
        if before is None or event.time - before > timedelta(minutes=30):
            starts.append(event)
        last[event.session] = event.time
    return starts


def occurrences(world: World, selection: Selection, where: Group, segments: tuple) -> list[FakeEvent]:
    """The selected events in order of time."""
    candidates = session_starts(world) if selection.event.is_session else world.events
    found = [
        event
        for event in candidates
        if is_meant(world, selection.event, event)
        and group_holds(world, selection.where, event, world.who(event))
        and group_holds(world, where, event, world.who(event))
        and all(in_segment(world, lineage, world.who(event)) for lineage in segments)
    ]
    return sorted(found, key=lambda each: each.place)


def in_segment(world: World, lineage: Any, person: int) -> bool:
    body = world.glossary.segments[lineage].body
    return together(body.match, [clauses_hold(world, group, person) for group in body.groups])


def clauses_hold(world: World, group: ClauseGroup, person: int) -> bool:
    return together(group.match, [clause_holds(world, each, person) for each in group.clauses])


def clause_holds(world: World, clause: Condition | Did, person: int) -> bool:
    if isinstance(clause, Condition):
        return holds(clause, value_of(world, clause.field, None, person))
    times = sum(
        1
        for event in occurrences(world, clause.selection, Group(), ())
        if world.who(event) == person and (clause.days is None or is_in_last_days(world, event, clause.days))
    )
    return times >= clause.times if clause.comparison is Comparison.AT_LEAST else times <= clause.times


def is_in_last_days(world: World, event: FakeEvent, days: int) -> bool:
    """By the calendar, today included: however late it is, the last day alone is today."""
    back = world.now.astimezone(world.zone).date() - event.time.astimezone(world.zone).date()
    return 0 <= back.days < days


MOST_DAYS = {Unit.HOUR: 45, Unit.DAY: 1125}


def days_asked(world: World, span: Span, unit: Unit, week_starts_on: int) -> list[date]:
    """The days that a span means, one by one out of many years: each is asked whether it belongs."""
    today = world.now.astimezone(world.zone).date()
    stored = [event.time.astimezone(world.zone).date() for event in world.events]
    asked = [
        day
        for day in (today + timedelta(days=ago) for ago in range(-1300, 1300))
        if _belongs(day, today, span, week_starts_on, min(stored, default=today), MOST_DAYS.get(unit, 3660))
    ]
    if not span.over or span.days is not None:
        return asked
    around = [today + timedelta(days=ago) for ago in range(-1400, 1400)]
    of_unit = defaultdict(list)
    for day in around:
        of_unit[unit_of(day, unit, week_starts_on)].append(day)
    is_whole = {key: all(day in asked and day < today for day in days) for key, days in of_unit.items()}
    return [day for day in asked if is_whole[unit_of(day, unit, week_starts_on)]]


def _belongs(day: date, today: date, span: Span, week_starts_on: int, first_stored: date, most: int) -> bool:
    if span.days is not None:
        return (today - day).days in range(1, span.days + 1) if span.over else (today - day).days in range(span.days)
    if span.first and span.last:
        return span.first <= day <= span.last
    assert span.period
    if span.period is Period.ALL:
        return min(first_stored, today) <= day <= today and (today - day).days < most
    which = span.period.replace("today", "this_day").replace("yesterday", "last_day").partition("_")[0]
    of = unit_number(span.period, week_starts_on)
    return day <= today and of(today) - of(day) == {"this": 0, "last": 1}[which]


def unit_number(period: Period, week_starts_on: int) -> Callable[[date], int]:
    """Gives the number of the day, week, month, quarter or year that a day is in."""
    name = period.replace("today", "this_day").replace("yesterday", "last_day").partition("_")[2]
    return {
        "day": lambda each: each.toordinal(),
        "week": lambda each: unit_of(each, Unit.WEEK, week_starts_on),
        "month": lambda each: each.year * 12 + each.month,
        "quarter": lambda each: each.year * 4 + (each.month + 2) // 3,
        "year": lambda each: each.year,
    }[name]


def unit_of(day: date, unit: Unit, week_starts_on: int) -> int:
    if unit is Unit.WEEK:  # 1 January of year 1 was a Monday, whose number is 1
        return (day.toordinal() - week_starts_on) // 7
    return day.year * 12 + day.month if unit is Unit.MONTH else day.toordinal()


def between(events: list[FakeEvent], start: datetime, end: datetime) -> list[FakeEvent]:
    return [event for event in events if start <= event.time < end]


def users(world: World, asked: Users) -> list[int]:
    """The actors of the whole list, in order."""
    world = world.asked_by(asked)
    found = [
        person
        for person in world.people.values()
        if group_holds(world, asked.where, None, person.actor)
        and all(in_segment(world, lineage, person.actor) for lineage in asked.segments)
        and (not asked.search or asked.search in (person.identity or ""))
        and not (asked.scope.without_robots and person.is_robot)
    ]
    active = [each for each in found if each.last_seen_at]
    silent = [each for each in found if not each.last_seen_at]
    newest_first = sorted(active, key=lambda each: (each.last_seen_at, each.actor), reverse=True)
    return [each.actor for each in [*newest_first, *sorted(silent, key=lambda each: -each.actor)]]
