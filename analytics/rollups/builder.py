# text is put together from fixed pieces; values are parameters
"""Count one day of one environment and keep the counts. The caller holds the environment's lock (refresh.py)."""

import json
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from django.db import connection, transaction

from analytics.definitions.glossary import Glossary
from analytics.questions.conditions import Match
from analytics.questions.query import Scope
from analytics.questions.sessions import SESSION_GAP
from analytics.rollups import bitmaps
from analytics.rollups.reader import ANY, HIGHEST, SESSION, positions
from analytics.sql.days import ACTIVE, EVENTS, OF_DAY, SHARED_SESSIONS, VALUES
from analytics.sql.dialect import POSTGRESQL
from analytics.sql.rows import joined
from analytics.sql.selections import EventKey, Limits, session_starts, wanted
from analytics.sql.settings import TUNE
from analytics.sql.statement import Statement
from analytics.sql.time_counts import encode_key
from events.upkeep import hold_months

FIELDS = ("path", "referrer", "browser", "os", "device", "utm_source")
MAX_LABELS = 20_000  # a day with more values of a column keeps no counts for any of them
MAX_SHARED = 1_000  # sessions of several people around a day; with more, a deletion has the day counted anew
MAX_PEOPLE = 5_000_000  # of an environment who have bits; with more, its next days keep no people
MAX_NAMES = 200  # a day with more names of custom events keeps no counts for any of them

PLACE = """
    insert into rollup_positions (environment_id, actor_id, position)
    select %(environment)s, actor, (select coalesce(max(position), -1) from rollup_positions
                                     where environment_id = %(environment)s) + row_number() over ()
      from unnest(%(actors)s::bigint[]) actor
     where not exists (select from rollup_positions p where p.environment_id = %(environment)s and p.actor_id = actor)
"""


@dataclass(frozen=True)
class CountedDay:
    """A day of an environment, from `starts` to before `ends`, with or without what robots did."""

    environment_id: int
    starts: datetime
    ends: datetime
    without_robots: bool = False

    @property
    def scope(self) -> Scope:
        return Scope(self.environment_id, without_robots=self.without_robots)

    @property
    def parameters(self) -> dict[str, Any]:
        return {
            "environment": self.environment_id,
            "starts": self.starts,
            "ends": self.ends,
            "without_robots": self.without_robots,
        }

    def condition(self, *more: str) -> str:
        """An event, of the alias e, is counted on this day."""
        return " and ".join([OF_DAY, *wanted(self.scope, "e"), *more])


@transaction.atomic
def build(day: CountedDay) -> None:
    """Count the day and keep it, in place of what was kept of it.

    Events that arrive during the count may be in it or not: reader.py sees that they came late.
    """
    hold_months(day.starts - SESSION_GAP, day.ends)
    _forget([day])
    with connection.cursor() as cursor:
        cursor.execute(TUNE)
    active = _rows(ACTIVE.format(source=EVENTS, condition=day.condition()), day.parameters)
    if not active:  # of robots alone
        keep_empty([day])
        return
    sessions, parameters = _sessions(day)
    begun = _rows(ACTIVE.format(source=sessions, condition="true"), parameters)
    places = _positions(day, {actor for _, _, actor, _ in active + begun})
    has_names = len({name for kind, name, _, _ in active if kind == "custom"}) <= MAX_NAMES
    events: dict[EventKey, int] = defaultdict(int)
    people: dict[EventKey, set[int]] = defaultdict(set)
    for kind, name, actor, count in active:
        for key in (ANY, (kind, name)):
            events[key] += count
            if places is not None:
                people[key].add(places[actor])
    for _, _, actor, count in begun:
        events[SESSION] += count
        if places is not None:
            people[SESSION].add(places[actor])
    _keep_day(day, has_names=has_names, has_people=places is not None)
    kept = [key for key in events if has_names or key[0] != "custom"]
    _keep_counts(day, [(*key, events[key], bitmaps.to_bytes(bitmaps.from_positions(people[key]))) for key in kept])
    _keep_values(day, "pageview", EVENTS, day.condition("e.kind = 'pageview'"), day.parameters)
    _keep_values(day, "session", sessions, "true", parameters)


def keep_empty(days: Iterable[CountedDay]) -> None:
    """Keep days on which nothing happened."""
    days = list(days)
    _forget(days)
    with connection.cursor() as cursor:
        empty = {"has_names": True, "has_people": True, "is_empty": True, "shared_sessions": []}
        cursor.executemany(KEEP_DAY, [day.parameters | empty for day in days])


def _forget(days: Sequence[CountedDay]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "delete from rollup_days where environment_id = %s and starts = %s",
            [(day.environment_id, day.starts) for day in days],
        )


def _sessions(day: CountedDay) -> tuple[str, dict[str, Any]]:
    """The first events of the sessions that begin on this day, as a FROM with the alias e."""
    statement = Statement(day.scope, Glossary(), day.ends, POSTGRESQL)
    starts = session_starts(statement, Limits(day.starts, day.ends))
    return f"({starts}) e", statement.parameters | day.parameters


def _positions(day: CountedDay, actors: set[int]) -> dict[int, int] | None:
    """The position of each person's bit; people without one get the next free position. None if there are too few."""
    known = positions(day.environment_id, sorted(actors))
    if len(known) == len(actors):
        return known
    ((free,),) = _rows(f"select ({HIGHEST}) + 1", day.parameters)
    if free + len(actors) - len(known) > MAX_PEOPLE:
        return None
    with connection.cursor() as cursor:
        cursor.execute(PLACE, {"environment": day.environment_id, "actors": sorted(actors)})
    return positions(day.environment_id, sorted(actors))


KEEP_DAY = """
    insert into rollup_days
           (environment_id, starts, ends, without_robots, has_names, has_people, is_empty, shared_sessions,
            has_sessions)
    values (%(environment)s, %(starts)s, %(ends)s, %(without_robots)s, %(has_names)s, %(has_people)s, %(is_empty)s,
           %(shared_sessions)s, true)
"""


def _keep_day(day: CountedDay, *, has_names: bool, has_people: bool) -> None:
    sql = SHARED_SESSIONS.format(condition=joined(Match.ALL, wanted(day.scope, "e")))
    shared = [session for (session,) in _rows(sql, day.parameters | {"most": MAX_SHARED + 1})]
    told = {
        "has_names": has_names,
        "has_people": has_people,
        "is_empty": False,
        "shared_sessions": shared if len(shared) <= MAX_SHARED else None,
    }
    with connection.cursor() as cursor:
        cursor.execute(KEEP_DAY, day.parameters | told)


def _keep_counts(day: CountedDay, rows: list[tuple[str, str, int, bytes]]) -> None:
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into rollup_counts (environment_id, starts, kind, name, events, people) "
            "values (%s, %s, %s, %s, %s, %s)",
            [(day.environment_id, day.starts, *row) for row in rows],
        )


def _keep_values(day: CountedDay, kind: str, source: str, condition: str, parameters: dict[str, Any]) -> None:
    columns = ", ".join(f"e.{field} as {field}" for field in FIELDS)
    fields = ", ".join(f"e.{field}" for field in FIELDS)
    sets = ", ".join(f"(e.{field})" for field in FIELDS)
    sql = VALUES.format(columns=columns, fields=fields, source=source, condition=condition, sets=sets)
    rows = _rows(sql, parameters)
    found: dict[str, dict[str, int]] = {field: {} for field in FIELDS}
    for *labels, which, count in rows:
        # grouping() has a bit for each field that the row is not grouped by, the first field's the highest.
        index = next(n for n in range(len(FIELDS)) if not which >> (len(FIELDS) - 1 - n) & 1)
        found[FIELDS[index]][encode_key(labels[index])] = count
    with connection.cursor() as cursor:
        cursor.executemany(
            "insert into rollup_values (environment_id, starts, kind, field, labels) values (%s, %s, %s, %s, %s)",
            [
                (day.environment_id, day.starts, kind, field, json.dumps(labels, ensure_ascii=False))
                for field, labels in found.items()
                if len(labels) <= MAX_LABELS
            ],
        )


def _rows(sql: str, parameters: dict[str, Any]) -> list[tuple[Any, ...]]:
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return list(cursor.fetchall())
