"""How recent the collected data is."""

import psycopg

from events import newest
from support.status.readings import Freshness


def read(connection: psycopg.Connection) -> Freshness:
    """Over all environments."""
    found = newest.liveliest(connection)
    return Freshness(found.arrived_at if found else None)
