"""The newest events of one environment, as they come, page by page."""

import json
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Self
from urllib.parse import urlencode

from django.db import connection
from django.utils import timezone
from django.utils.dateparse import parse_datetime

from analytics.event_words import Headline, headline, person_name
from analytics.questions.conditions import MAX_VALUE
from analytics.store.postgresql.asking import limited

PAGE_SIZE = 50
TIME_LIMIT = timedelta(seconds=5)
PAGE_FIELDS = ("domain", "path", "query", "hash", "title", "referrer")
TARGET_FIELDS = (
    "target_tag",
    "target_text",
    "target_href",
    "target_id",
    "target_class",
    "target_hierarchy",
)
CLIENT_FIELDS = (
    "platform",
    "browser",
    "os",
    "device",
    "utm_source",
    "utm_medium",
    "utm_campaign",
    "utm_term",
    "utm_content",
)
FIELDS = PAGE_FIELDS + TARGET_FIELDS + CLIENT_FIELDS


@dataclass(frozen=True)
class Position:
    """A place in the order of events: by time, then by id."""

    time: datetime
    id: int

    def __str__(self) -> str:
        return f"{self.time.isoformat()}_{self.id}"

    @classmethod
    def parse(cls, text: str) -> Self | None:
        """What `str` gave, read back; None for anything else."""
        moment, _, number = text.rpartition("_")
        try:
            time = parse_datetime(moment.replace(" ", "+"))  # an unquoted + in a URL reads as a space
            if time is None or time.tzinfo is None or not number.isdecimal() or len(number) > 18:
                return None
            return cls(time, int(number))
        except ValueError:
            return None


@dataclass(frozen=True)
class LiveEvent:
    """One event with all that is known of it. `actor_id` is who did it as we know today, `identity` their name."""

    time: datetime
    id: int
    kind: str
    name: str
    actor_id: int
    identity: str | None
    session_id: int | None
    received_at: datetime
    fields: dict[str, str]  # of FIELDS, those that apply
    properties: dict[str, Any] = field(default_factory=dict)

    @property
    def position(self) -> Position:
        return Position(self.time, self.id)

    @property
    def row_id(self) -> str:
        """An HTML id that changes when the row must be drawn anew: an anonymous visitor may get a name."""
        return f"event-{self.id}-{self.actor_id}"

    @property
    def headline(self) -> Headline:
        return headline(self.kind, self.name, self.fields)

    @property
    def person(self) -> str:
        return person_name(self.actor_id, self.identity)

    @property
    def definition_link(self) -> str:
        """The parameters that fill the form of a new definition with what this event is."""
        pairs = [("name", str(self.headline)), ("any.0.event", self._reference())]
        for number, name in enumerate(name for name in self._telling_fields() if name in self.fields):
            pairs += [(f"any.0.where.{number}.field", f"event:{name}"), (f"any.0.where.{number}.op", "is")]
            pairs.append((f"any.0.where.{number}.value", self.fields[name][:MAX_VALUE]))
        return urlencode(pairs)

    def _reference(self) -> str:
        if self.kind == "custom":
            return f"event:{self.name}"
        return "builtin:pageview" if self.kind == "pageview" else f"kind:{self.kind}"

    def _telling_fields(self) -> tuple[str, ...]:
        """What tells this event from others of its kind."""
        if self.kind == "custom":
            return ()
        return ("path",) if self.kind == "pageview" else ("target_tag", "target_id", "target_text")

    def part(self, names: tuple[str, ...]) -> dict[str, str]:
        return {name: self.fields[name] for name in names if name in self.fields}

    @property
    def page(self) -> dict[str, str]:
        return self.part(PAGE_FIELDS)

    @property
    def target(self) -> dict[str, str]:
        return self.part(TARGET_FIELDS)

    @property
    def client(self) -> dict[str, str]:
        return self.part(CLIENT_FIELDS)


@dataclass(frozen=True)
class Page:
    """Up to PAGE_SIZE events, newest first, and where the page after it begins."""

    events: list[LiveEvent]
    older: Position | None  # None: there are none

    def is_of_today(self) -> bool:
        """Whether the clock alone says when each was."""
        today = timezone.localdate()
        return all(timezone.localdate(each.time) == today for each in self.events)


_OWN = ("time", "id", "kind", "name", "actor_id", "session_id", "received_at", "properties", *FIELDS)
COLUMNS = ", ".join(f"e.{name}" for name in _OWN)
_DESCRIBED = f"""
with chosen as ({{chosen}})
select chosen.time, chosen.id, chosen.kind, chosen.name, coalesce(merges.to_actor, chosen.actor_id), people.identity,
       chosen.session_id, chosen.received_at, chosen.properties, {", ".join(f"chosen.{name}" for name in FIELDS)}
from chosen
left join merges on merges.environment_id = %(of_environment)s and merges.from_actor = chosen.actor_id
left join people on people.environment_id = %(of_environment)s
    and people.actor_id = coalesce(merges.to_actor, chosen.actor_id)
order by chosen.time desc, chosen.id desc
"""  # noqa: S608  only names of columns are put into the text
_NEWEST = f"""
select {COLUMNS} from events e where e.environment_id = %(of_environment)s {{conditions}}
order by e.time desc, e.id desc limit %(limit)s
"""  # noqa: S608
_NEWEST_OF_ACTORS = f"""
select e.* from unnest(%(actors)s::bigint[]) as one(actor) cross join lateral (
    select {COLUMNS} from events e where e.environment_id = %(of_environment)s and e.actor_id = one.actor {{conditions}}
    order by e.time desc, e.id desc limit %(limit)s) e
order by e.time desc, e.id desc limit %(limit)s
"""  # noqa: S608  the newest of each from the index; `actor_id = any(…)` would sort all that they ever did
_BEFORE = (
    "and e.time <= %(time)s and (e.time, e.id) < (%(time)s, %(id)s)"  # twice: by time alone partitions are left out
)


def newest(environment_id: int, before: Position | None = None, actors: Sequence[int] | None = None) -> Page:
    """The newest events, or the newest of those that come before `before`; of these actors only, if given.

    Raises QueryTimeout.
    """
    parameters: dict[str, Any] = {"limit": PAGE_SIZE + 1, "actors": list(actors or ())}
    if before is not None:
        parameters |= {"time": before.time, "id": before.id}
    chosen = _NEWEST if actors is None else _NEWEST_OF_ACTORS
    with limited(TIME_LIMIT):
        events = described(environment_id, chosen.format(conditions=_BEFORE if before else ""), parameters)
    shown = events[:PAGE_SIZE]
    return Page(shown, shown[-1].position if len(events) > PAGE_SIZE else None)


def described(environment_id: int, chosen: str, parameters: dict[str, Any]) -> list[LiveEvent]:
    """The events that the SQL `chosen` selects (COLUMNS, from `events e`), newest first, with their people.

    `parameters` are those of `chosen`, which may use `of_environment` besides.
    """
    with connection.cursor() as cursor:
        cursor.execute(_DESCRIBED.format(chosen=chosen), parameters | {"of_environment": environment_id})
        return [_event(row) for row in cursor.fetchall()]


def _event(row: tuple[Any, ...]) -> LiveEvent:
    time, number, kind, name, actor_id, identity, session_id, received_at, properties, *values = row
    return LiveEvent(
        time=time,
        id=number,
        kind=kind,
        name=name,
        actor_id=actor_id,
        identity=identity,
        session_id=session_id,
        received_at=received_at,
        fields={field: value for field, value in zip(FIELDS, values, strict=True) if value not in (None, "")},
        properties=json.loads(properties),
    )
