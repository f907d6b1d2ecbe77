"""The store in force: the one from which questions are answered."""

from analytics.store.postgresql import store as postgresql
from analytics.store.protocol import EventStore

_POSTGRESQL: EventStore = postgresql


def event_store() -> EventStore:
    """The store in force."""
    return _POSTGRESQL
