"""How recent the collected data is."""

import psycopg

from support.status.readings import Freshness

# One look into the index per environment: its newest event by time. Events that say they are older than the newest
# one of their environment do not count, which costs no more than seconds of precision.
NEWEST = """
select max(newest.received_at)
from projects_environment environment
cross join lateral (
    select received_at from events where environment_id = environment.id order by time desc, id desc limit 1
) newest
"""


def read(connection: psycopg.Connection) -> Freshness:
    """Over all environments."""
    row = connection.execute(NEWEST).fetchone()
    return Freshness(row[0] if row else None)
