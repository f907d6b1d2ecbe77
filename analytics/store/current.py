"""Gives the current event store, which answers the questions."""

from analytics.store.postgresql import store as postgresql
from analytics.store.protocol import EventStore

_POSTGRESQL: EventStore = postgresql


def event_store() -> EventStore:
    """The current event store."""
    return _POSTGRESQL
