"""A snapshot as bytes, for the file that all workers share (shared_file.py)."""

import zlib
from datetime import date, datetime
from typing import Any

import orjson

from support.status.history import DayOfPart, Minute, PartHistory
from support.status.incidents import PublishedIncident
from support.status.models import Component, Impact, State
from support.status.readings import Freshness
from support.status.snapshot import Part, Snapshot

Json = dict[str, Any]


def pack(snapshot: Snapshot) -> bytes:
    return zlib.compress(orjson.dumps(snapshot), 1)


def unpack(packed: bytes) -> Snapshot:
    """The same snapshot. Raises ValueError, TypeError, KeyError or zlib.error if another version wrote it."""
    content = orjson.loads(zlib.decompress(packed))
    fresh = content["freshness"]
    return Snapshot(
        taken_at=datetime.fromisoformat(content["taken_at"]),
        parts=tuple(_part(part) for part in content["parts"]),
        freshness=Freshness(_moment(fresh["arrived_at"])) if fresh else None,
        incidents=tuple(_incident(incident) for incident in content["incidents"]),
        sampled_at=_moment(content["sampled_at"]),
        failing_since=_moment(content["failing_since"]),
    )


def _part(part: Json) -> Part:
    known = part["history"]
    minutes = (Minute(datetime.fromisoformat(m["at"]), _state(m["state"]), m["reason"]) for m in known["minutes"])
    days = (DayOfPart(date.fromisoformat(d["on"]), d["up"], d["degraded"], d["down"]) for d in known["days"])
    history = PartHistory(tuple(minutes), tuple(days), _moment(known["since"]))
    return Part(Component(part["component"]), _state(part["state"]), part["reason"], history)


def _incident(incident: Json) -> PublishedIncident:
    return PublishedIncident(
        title=incident["title"],
        impact=Impact(incident["impact"]),
        components=tuple(Component(each) for each in incident["components"]),
        started_at=datetime.fromisoformat(incident["started_at"]),
        ended_at=_moment(incident["ended_at"]),
        updates=tuple((datetime.fromisoformat(at), text) for at, text in incident["updates"]),
    )


def _moment(text: str | None) -> datetime | None:
    return None if text is None else datetime.fromisoformat(text)


def _state(number: int | None) -> State | None:
    return None if number is None else State(number)
