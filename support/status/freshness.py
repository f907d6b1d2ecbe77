"""The freshness of the collected data, for the status page."""

import psycopg

from events import newest
from support.status.readings import Freshness


def read(connection: psycopg.Connection) -> Freshness:
    """The freshness over all environments."""
    found = newest.liveliest(connection)
    return Freshness(found.arrived_at if found else None)
