"""The dot in an environment's header: how fresh its data is."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from support.status.models import Component, State
from support.status.snapshot import Snapshot

FRESH_FOR = timedelta(minutes=15)


@dataclass(frozen=True)
class Dot:
    """`kind` names the colour, `word` stands beside the dot, `sentence` is the full explanation."""

    kind: str
    word: str
    sentence: str


NOT_KNOWN = Dot("none", "not known", "The database is busy: when the newest event arrived is not known at the moment.")


def dot(arrived_at: datetime | None, now: datetime, snapshot: Snapshot) -> Dot:
    """The dot of an environment whose newest event arrived at `arrived_at` (None if it has no events)."""
    collection = snapshot.part(Component.COLLECTION)
    if collection.state == State.DOWN:
        return Dot("bad", "down", collection.reason or "Collection is down.")
    if arrived_at is None:
        return Dot("none", "no events", "No event has arrived here yet.")
    age = now - arrived_at
    sentence = f"The newest event arrived {_ago(age)}."
    if collection.state == State.DEGRADED:
        return Dot("warn", "degraded", f"{collection.reason or 'Collection is degraded.'} {sentence}")
    if (queries := snapshot.part(Component.QUERIES)).state == State.UP and queries.reason:
        sentence = f"{sentence} {queries.reason}"  # such as a replica that is far behind
    return Dot("good", "fresh", sentence) if age <= FRESH_FOR else Dot("none", f"{_ago(age)}", sentence)


def _ago(age: timedelta) -> str:
    seconds = max(int(age.total_seconds()), 0)
    for unit, length in (("d", 86_400), ("h", 3_600), ("min", 60)):
        if seconds >= length:
            return f"{seconds // length} {unit} ago"
    return f"{seconds} s ago"
