"""The status page as HTML and as JSON. Neither needs a request, a session or the database."""

import math
from collections.abc import Sequence
from datetime import time
from typing import Any

import orjson
from django.template.loader import render_to_string

from common.counted import counted
from support.status.models import Component, State
from support.status.readings import NOT_KNOWN
from support.status.snapshot import Part, Snapshot

WORDS = {State.UP: "up", State.DEGRADED: "degraded", State.DOWN: "down", NOT_KNOWN: "not known"}
KIND = {State.UP: "good", State.DEGRADED: "warn", State.DOWN: "bad", NOT_KNOWN: "none"}
EVERYTHING_WORKS = "Everything works"
HEADLINES = {  # for one part, and for several
    State.DOWN: ("{parts} is down", "{parts} are down"),
    State.DEGRADED: ("{parts} does not work as it should", "{parts} do not work as they should"),
    NOT_KNOWN: ("Nobody knows whether {parts} works", "Nobody knows whether {parts} work"),
}
PLURALS = (Component.QUERIES,)


def as_html(snapshot: Snapshot) -> bytes:
    """The page, which is the same for everybody."""
    context = {
        "snapshot": snapshot,
        "headline": headline(snapshot),
        "kind": KIND[snapshot.state],
        "parts": [_part(part) for part in snapshot.parts],
    }
    return render_to_string("support/status.html", context).encode()


def headline(snapshot: Snapshot) -> str:
    """What does not work, the worst of it only, and what works: "Collection is down; console and queries work"."""
    if snapshot.state == State.UP:
        return EVERYTHING_WORKS
    worst = [part.component for part in snapshot.parts if part.state == snapshot.state]
    well = [part.component for part in snapshot.parts if part.state == State.UP]
    told = HEADLINES[snapshot.state][_are_several(worst)].format(parts=_enumerated(worst))
    if well:
        told += f"; {_enumerated(well)} {'work' if _are_several(well) else 'works'}"
    return told[0].upper() + told[1:]


def _enumerated(components: Sequence[Component]) -> str:
    *others, last = [component.label.lower() for component in components]
    return f"{', '.join(others)} and {last}" if others else last


def _are_several(components: Sequence[Component]) -> bool:
    return len(components) > 1 or components[0] in PLURALS


def _rounded_down(percent: float | None) -> float | None:
    """To two places: 100 is said only if there was no minute of an outage."""
    return None if percent is None else math.floor(percent * 100) / 100


def _part(part: Part) -> dict[str, Any]:
    return {
        "name": part.component.label,
        "word": WORDS[part.state],
        "kind": KIND[part.state],
        "reason": part.reason,
        "minutes": [{"minute": each, "kind": KIND[each.state], "x": n} for n, each in enumerate(part.history.minutes)],
        "days": [{"day": each, "kind": KIND[each.state], "x": n} for n, each in enumerate(part.history.days)],
        "up_percent": _rounded_down(part.history.up_percent),
        "measured": _duration(part.history.measured_minutes),
        "since": part.history.since,
        "is_since_a_moment": part.history.since is not None and part.history.since.time() != time.min,
    }


def _duration(minutes: int) -> str:
    """ "1 minute", "20 minutes", "5 hours", "3 days": what is shorter than two of a unit is told in the smaller one."""
    for unit, length in (("days", 1_440), ("hours", 60)):
        if minutes >= 2 * length:
            return f"{minutes // length} {unit}"
    return counted(minutes, "minute")


def as_json(snapshot: Snapshot) -> bytes:
    """The same for programs. Times are in ISO 8601, UTC."""
    fresh = snapshot.freshness
    return orjson.dumps(
        {
            "status": WORDS[snapshot.state],
            "taken_at": snapshot.taken_at,
            "checked_at": snapshot.sampled_at,
            "components": {
                part.component.value: {
                    "status": WORDS[part.state],
                    "reason": part.reason,
                    "up_percent_90_days": _rounded_down(part.history.up_percent),
                    "measured_minutes": part.history.measured_minutes,
                    "measured_since": part.history.since,
                    "days": [
                        {"on": day.on, "up": day.up, "degraded": day.degraded, "down": day.down}
                        for day in part.history.days
                        if day.measured
                    ],
                }
                for part in snapshot.parts
            },
            "freshness": {"newest_event_at": fresh.arrived_at} if fresh else None,
            "incidents": [
                {
                    "title": incident.title,
                    "impact": incident.impact.value,
                    "components": [each.value for each in incident.components],
                    "started_at": incident.started_at,
                    "ended_at": incident.ended_at,
                    "updates": [{"at": at, "text": text} for at, text in incident.updates],
                }
                for incident in snapshot.incidents
            ],
        }
    )
