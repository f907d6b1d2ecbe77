"""PostgreSQL as an EventStore: this module has every operation of analytics/store/protocol.py, under its name there."""

from analytics.store.postgresql.asking import asking, cancel
from analytics.store.postgresql.usage import usage

__all__ = ["asking", "cancel", "usage"]
