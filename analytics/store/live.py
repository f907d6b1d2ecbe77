"""Events as the live view and a person's timeline show them, page by page."""

import re
from dataclasses import dataclass, field
from datetime import datetime
from itertools import islice
from typing import Any, Self
from urllib.parse import urlencode

from django.utils import timezone
from django.utils.dateparse import parse_datetime

from analytics.event_words import Headline, headline, person_name
from analytics.questions.conditions import MAX_VALUE
from analytics.questions.results import as_text
from analytics.questions.sessions import SESSION_GAP
from events import columns
from events.records import ROBOT

PAGE_SIZE = 50
PAGE_FIELDS = ("domain", "path", "query", "hash", "title", "referrer")
TARGET_FIELDS = columns.TARGET
CLIENT_FIELDS = tuple(name for name in columns.TEXTS if name not in PAGE_FIELDS + TARGET_FIELDS)
FEW, SHORT = 3, 60  # properties in an event's line, and letters of each with its name
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
        """Read back the output of `str`; None for anything else."""
        moment, _, number = text.rpartition("_")
        try:
            time = parse_datetime(moment.replace(" ", "+"))  # an unquoted + in a URL reads as a space
            if time is None or time.tzinfo is None or not re.fullmatch(r"-?[0-9]{1,18}", number):
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
    fields: dict[str, str]  # of FIELDS, those that apply; addresses as people read them
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
    def is_robot(self) -> bool:
        return self.fields.get("device") == ROBOT

    @property
    def person(self) -> str:
        return person_name(self.actor_id, self.identity)

    @property
    def definition_link(self) -> str:
        """The parameters that fill the form of a new definition with what this event is."""
        pairs = [("name", str(self.headline)), ("any.0.event", self._reference())]
        for number, name in enumerate(name for name in self._distinguishing_fields() if name in self.fields):
            pairs += [(f"any.0.where.{number}.field", f"event:{name}"), (f"any.0.where.{number}.op", "is")]
            pairs.append((f"any.0.where.{number}.value", self.fields[name][:MAX_VALUE]))
        return urlencode(pairs)

    def _reference(self) -> str:
        if self.kind == "custom":
            return f"event:{self.name}"
        return "builtin:pageview" if self.kind == "pageview" else f"kind:{self.kind}"

    def _distinguishing_fields(self) -> tuple[str, ...]:
        """The fields that distinguish this event from others of its kind."""
        if self.kind == "custom":
            return ()
        return ("path",) if self.kind == "pageview" else ("target_tag", "target_id", "target_text")

    @property
    def first_properties(self) -> list[tuple[str, str]]:
        """A few of its properties, as text: those that are short enough to stand in one line."""
        texts = (
            (name, as_text(value)) for name, value in self.properties.items() if not isinstance(value, dict | list)
        )
        short = ((name, text) for name, text in texts if text and len(name) + len(text) <= SHORT)
        return list(islice(short, FEW))

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
    looked_at: int | None = None  # so many were looked at for those that fit, and the next page looks at others

    def sessions(self) -> list[list[LiveEvent]]:
        """The events in the same order, those of one session together; those outside of sessions too."""
        found: list[list[LiveEvent]] = []
        for event in self.events:
            later = found[-1][-1] if found else None
            is_same = later is not None and later.session_id == event.session_id
            if later and is_same and (event.session_id is None or later.time - event.time <= SESSION_GAP):
                found[-1].append(event)
            else:
                found.append([event])
        return found

    def is_of_today(self) -> bool:
        """Whether the clock alone says when each was."""
        today = timezone.localdate()
        return all(timezone.localdate(each.time) == today for each in self.events)
