"""Checks that an event can be stored, without storing one."""

import psycopg

EVENT = "insert into events (environment_id, time, actor_id, kind, name) values (0, now(), 0, 'custom', 'status')"


def store_and_take_back(own_connection: psycopg.Connection) -> None:
    """Store an event as the collector does, and roll it back. Raises psycopg.Error if that fails."""
    with own_connection.transaction(force_rollback=True):
        own_connection.execute(EVENT)
