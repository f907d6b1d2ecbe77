"""The tiles of a dashboard for which nobody has chosen any: the essentials of what the environment has."""

from uuid import UUID, uuid5

from analytics.dashboards.tiles import Tile
from analytics.definitions.glossary import Glossary
from analytics.questions.query import ANY_EVENT, PAGEVIEW, SESSION, EventReference, Scope
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from projects.models import Environment

NAMESPACE = UUID("6d1f6f0e-5d0a-4bb8-9c1c-6d1b7f1a2c3e")  # of the tiles' ids
MOST_EVENTS = 3  # that have a tile, where there are no pageviews
COMPARED = ("before", "period")


def _question(key: str, name: str, kind: str, *parameters: tuple[str, str]) -> Tile:
    return Tile(uuid5(NAMESPACE, key), kind=kind, name=name, parameters=parameters)


def _count(key: str, name: str, event: EventReference, counts: str) -> Tile:
    return _question(key, name, "graph", ("event", str(event)), ("counts", counts), COMPARED)


VISITORS = _count("visitors", "Visitors", ANY_EVENT, "users")
RETENTION = _question("retention", "Who comes back", "retention", ("unit", "week"), ("days", "90"))
OF_PAGES = (
    _count("pageviews", "Pageviews", PAGEVIEW, "events"),
    VISITORS,
    _count("sessions", "Sessions", SESSION, "events"),
    _question(
        "pages",
        "Most viewed pages",
        "graph",
        ("event", str(PAGEVIEW)),
        ("by", "event:path"),
        ("chart", "table"),
    ),
    _question(
        "sources",
        "Where visits come from",
        "graph",
        ("event", str(SESSION)),
        ("by", "event:referrer"),
        ("chart", "table"),
    ),
    RETENTION,
)


def starters(environment: Environment) -> list[Tile]:
    """Tiles of pages and visits; of the most frequent events, where other events come and no pageviews."""
    events = _most_frequent(environment)
    if not events or PAGEVIEW in events:
        return list(OF_PAGES)
    return [
        _count("events", "Events", ANY_EVENT, "events"),
        VISITORS,
        *(_count(str(event), Glossary().event_label(event), event, "events") for event in events[:MOST_EVENTS]),
        _question(
            "retention of events",
            RETENTION.name,
            "retention",
            ("start.event", str(ANY_EVENT)),
            ("return.event", str(ANY_EVENT)),
            *RETENTION.parameters,
        ),
    ]


def opening_event(environment: Environment) -> EventReference:
    """What a graph begins with: pageviews, or the most frequent event where there are none."""
    events = _most_frequent(environment)
    return events[0] if events and PAGEVIEW not in events else PAGEVIEW


def _most_frequent(environment: Environment) -> list[EventReference]:
    """The events that have a name, the most frequent first; none where the database takes too long to say."""
    try:
        known = event_store().known_events(Scope.of(environment))
    except QueryTimeout:
        return []
    known.sort(key=lambda each: -each.events)
    return [called.event for each in known if (called := each.called) and called.event]
