"""The status page as HTML and as JSON. Neither needs a request, a session or the database."""

from typing import Any

import orjson
from django.template.loader import render_to_string

from support.status.models import State
from support.status.snapshot import Part, Snapshot

WORDS = {State.UP: "up", State.DEGRADED: "degraded", State.DOWN: "down"}
HEADLINES = {
    State.UP: "Everything works",
    State.DEGRADED: "Some things do not work as they should",
    State.DOWN: "Something is down",
}
KIND = {State.UP: "good", State.DEGRADED: "warn", State.DOWN: "bad", None: "none"}


def as_html(snapshot: Snapshot) -> bytes:
    """The page, which is the same for everybody."""
    context = {
        "snapshot": snapshot,
        "headline": HEADLINES[snapshot.state],
        "kind": KIND[snapshot.state],
        "parts": [_part(part) for part in snapshot.parts],
    }
    return render_to_string("support/status.html", context).encode()


def _part(part: Part) -> dict[str, Any]:
    return {
        "name": part.component.label,
        "word": WORDS[part.state],
        "kind": KIND[part.state],
        "reason": part.reason,
        "minutes": [{"minute": each, "kind": KIND[each.state], "x": n} for n, each in enumerate(part.history.minutes)],
        "days": [{"day": each, "kind": KIND[each.state], "x": n} for n, each in enumerate(part.history.days)],
        "up_percent": part.history.up_percent,
    }


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
                    "up_percent_90_days": part.history.up_percent,
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
