"""PostgreSQL as an EventStore: this module has every operation of analytics/store/protocol.py, under its name there."""

from analytics.store.postgresql.asking import asking, cancel

__all__ = ["asking", "cancel"]
