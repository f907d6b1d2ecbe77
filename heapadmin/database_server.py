"""Whether Heapadmin can work with the server that the settings name: its version, and what lies in between.

Nothing tells a pooler from a server but what it does: one that gives a session to others after each transaction shows
one session to two clients, or two sessions to one.
"""

import secrets

import psycopg
from django.conf import settings

from common.database import REPLICA, conninfo, conninfo_of_pooler, conninfo_of_replica

OLDEST = 15
LOOKS = 10
CONNECT_SECONDS = 5
SESSION = "select pg_backend_pid()"
LOCK = "select pg_try_advisory_xact_lock(%s)"  # of one database, so that two ways lead to it or do not
TOO_OLD = "Heapadmin needs PostgreSQL {oldest} or newer, and the server that {setting} names is PostgreSQL {found}."
SHARED = (
    "{setting} leads to a pooler that gives a session to others after each transaction (pool_mode = transaction). "
    "Heapadmin stores events, listens and takes locks in sessions of its own: "
)
NAME_THE_SERVER = "name the server itself in DATABASE_DIRECT_URL as well, and pages go on through the pooler."
NOT_THE_SERVER = "name the server itself there, or a pooler with pool_mode = session."
ELSEWHERE = (
    "DATABASE_URL and DATABASE_DIRECT_URL lead to two databases: the second must lead past the pooler to the same."
)
NO_COPY = (
    "DATABASE_REPLICA_URL leads to no copy of the database that {setting} names: another server, or another database."
)
WHICH = """
select system_identifier::text, (select oid::int8 from pg_database where datname = current_database())
  from pg_control_system()
"""


def unfit() -> str:
    """A sentence about why it does not work, with what to do; '' if it does, or if the database does not answer."""
    setting = "DATABASE_DIRECT_URL" if settings.POOLED_DATABASE else "DATABASE_URL"
    try:
        with _connection(conninfo()) as one, _connection(conninfo()) as other:
            found = one.info.server_version // 10_000
            if found < OLDEST:
                return TOO_OLD.format(oldest=OLDEST, setting=setting, found=found)
            if settings.PRIVATE_DATABASE:
                return ""
            if _are_shared(one, other):
                return SHARED.format(setting=setting) + (
                    NOT_THE_SERVER if settings.POOLED_DATABASE else NAME_THE_SERVER
                )
        if not _lead_to_one_database():
            return ELSEWHERE
        return "" if _is_copied_to_replica() else NO_COPY.format(setting=setting)
    except psycopg.Error:
        return ""


def _connection(way: str) -> psycopg.Connection:
    return psycopg.connect(way, connect_timeout=CONNECT_SECONDS, autocommit=True, prepare_threshold=None)


def _are_shared(one: psycopg.Connection, other: psycopg.Connection) -> bool:
    """Whether these clients have no session of the server's for themselves."""
    looks = {(_ask(one, SESSION), _ask(other, SESSION)) for _ in range(LOOKS)}
    return len(looks) > 1 or any(mine == theirs for mine, theirs in looks)


def _lead_to_one_database() -> bool:
    if settings.POOLED_DATABASE is None:
        return True
    number = secrets.randbits(62)
    with _connection(conninfo()) as direct, _connection(conninfo_of_pooler()) as pooled, direct.transaction():
        _ask(direct, LOCK, number)
        return not _ask(pooled, LOCK, number)


def _is_copied_to_replica() -> bool:
    """Whether the replica is of this database. One that does not answer may be."""
    if REPLICA not in settings.DATABASES:
        return True
    with _connection(conninfo()) as own:
        ours = own.execute(WHICH).fetchone()
    try:
        with _connection(conninfo_of_replica()) as other:
            return bool(other.execute(WHICH).fetchone() == ours)
    except psycopg.Error:
        return True


def _ask(connection: psycopg.Connection, question: str, *parameters: int) -> int:
    row = connection.execute(question.encode(), parameters).fetchone()
    assert row is not None
    return int(row[0])
