"""The newest events of one environment, as they come, page by page."""

import json
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Self

from django.db import connection
from django.utils.dateparse import parse_datetime

from analytics.describing import Headline, headline, person_name

PAGE_SIZE = 50
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


_COLUMNS = ", ".join(FIELDS)
_NEWEST = f"""
with newest as (
    select time, id, kind, name, actor_id, session_id, received_at, properties, {_COLUMNS}
    from events
    where environment_id = %(environment_id)s {{and_before}}
    order by time desc, id desc
    limit %(limit)s
)
select newest.time, newest.id, newest.kind, newest.name, coalesce(merges.to_actor, newest.actor_id), people.identity,
       newest.session_id, newest.received_at, newest.properties, {_COLUMNS}
from newest
left join merges on merges.environment_id = %(environment_id)s and merges.from_actor = newest.actor_id
left join people on people.environment_id = %(environment_id)s
    and people.actor_id = coalesce(merges.to_actor, newest.actor_id)
order by newest.time desc, newest.id desc
"""  # noqa: S608  only names of columns are put into the text


def newest(environment_id: int, before: Position | None = None) -> Page:
    """The newest events, or the newest of those that come before `before`."""
    parameters: dict[str, Any] = {"environment_id": environment_id, "limit": PAGE_SIZE + 1}
    and_before = ""
    if before is not None:
        # Twice, so that partitions are left out by time alone
        and_before = "and time <= %(time)s and (time, id) < (%(time)s, %(id)s)"
        parameters |= {"time": before.time, "id": before.id}
    with connection.cursor() as cursor:
        cursor.execute(_NEWEST.format(and_before=and_before), parameters)
        events = [_event(row) for row in cursor.fetchall()]
    shown = events[:PAGE_SIZE]
    return Page(shown, shown[-1].position if len(events) > PAGE_SIZE else None)


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
