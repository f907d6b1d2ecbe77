"""The replica that answers questions, if there is one: how far it is behind, and whether it is to be asked.

What the replica has not replayed yet is missing in its answers. It is asked where it has got to before the question's
snapshot is taken, so an answer may be younger than told, never older. Where it is away or too far behind, the primary
answers.

A server whose processes are stopped still takes what is sent to it, and never answers. So nobody who asks a question
waits for the replica itself: a thread does, and where questions run there, their connection is cut in the end.
"""

import logging
import os
import socket
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from concurrent.futures import TimeoutError as NotYet
from contextlib import AbstractContextManager, contextmanager, suppress
from dataclasses import dataclass
from datetime import datetime
from functools import partial

import psycopg
from django.conf import settings
from django.db import DEFAULT_DB_ALIAS, connections
from django.db.backends.base.base import BaseDatabaseWrapper
from psycopg import errors

from analytics.store.protocol import ReplicaState
from common.database import REPLICA, conninfo_of_replica, impatient_connection, in_one_line, sqlstate

log = logging.getLogger(__name__)
Impatient = AbstractContextManager[psycopg.Connection]

FORGET_SECONDS = 5.0  # a replica that did not answer is left alone so long, so that few questions wait for it
CONNECT_SECONDS = 2
LOOK_SECONDS = 2.0
FRESH_SECONDS = 0.5  # a look holds as long: less than what an answer says of itself
CANCEL_SECONDS = 2.0
DOES_NOT_ANSWER = "does not answer"
CANNOT_BE_COMPARED = "cannot be compared with the primary, which does not say how far it has written"
# A primary that has become a standby itself has no place of its own to tell.
WRITTEN = "select case when not pg_is_in_recovery() then pg_current_wal_lsn() end::text, clock_timestamp()"
REPLAYED = """
select pg_is_in_recovery(), coalesce(pg_last_wal_replay_lsn() >= %s::pg_lsn, false), pg_last_xact_replay_timestamp(),
       pg_last_wal_replay_lsn()::text
"""
# Of a primary that was put back to an earlier moment: a replica has replayed what it never wrote.
IS_BEYOND = "select %s::pg_lsn > pg_current_wal_insert_lsn()"
GONE = (None, "57P01", "57P02", "57P03", "57P04")  # the connection, or the server
NOT_THERE_YET = ("42703", "42P01", "42883")  # a column, a table, a function
BROKEN_OFF = (errors.SerializationFailure, errors.DeadlockDetected)  # what conflicts with replaying is told as these

_left_alone_until = 0.0  # time.monotonic(); of this process


@dataclass(frozen=True)
class AskedServer:
    """The server that a question reads from: Django's name for it, and how far it is behind; None for the primary."""

    alias: str
    behind_seconds: float | None = None


PRIMARY = AskedServer(DEFAULT_DB_ALIAS)


def has_replica() -> bool:
    return REPLICA in connections.settings


def asked() -> list[str]:
    """Where questions may be running now."""
    is_asked = has_replica() and time.monotonic() >= _left_alone_until
    return [REPLICA, DEFAULT_DB_ALIAS] if is_asked else [DEFAULT_DB_ALIAS]


class ReplicaProbe:
    """Looks how far the replica is: one look at a time in this process, whoever waits for it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._look: Future[ReplicaState | None] = Future()
        self._look.set_result(None)
        self._began = float("-inf")
        self._is_outdated = False

    def behind_seconds(self) -> float | None:
        """By how much it is behind at most; None if it is not to be asked. A recent look may serve."""
        with self._lock:
            now = time.monotonic()
            if self._look.done() and (self._is_outdated or now - self._began > FRESH_SECONDS):
                self._look, self._began, self._is_outdated = Future(), now, False
                threading.Thread(target=_look, args=(self._look,), name="replica", daemon=True).start()
            look, began = self._look, self._began
        try:
            found = look.result(max(0.0, began + LOOK_SECONDS - now))
        except NotYet:
            leave_alone("it does not answer in time")
            return None
        if found is not None and found.problem == DOES_NOT_ANSWER:
            leave_alone(DOES_NOT_ANSWER)
        if found is None or found.behind_seconds is None:
            return None
        return found.behind_seconds + time.monotonic() - began  # what was written since the look may be missing too

    def forget(self) -> None:
        """The next question looks anew."""
        self._is_outdated = True


def _look(found: Future[ReplicaState | None]) -> None:
    """In a thread. A hanging server keeps it; none is started beside it."""
    try:
        found.set_result(state(LOOK_SECONDS))
    except Exception as error:  # of the primary, which tells the question itself
        log.warning("The primary does not say how far it has written: %s", in_one_line(error))
        found.set_result(None)


probe = ReplicaProbe()


def side() -> AskedServer:
    """Where the next question is to be asked."""
    if not has_replica() or time.monotonic() < _left_alone_until:
        return PRIMARY
    behind = probe.behind_seconds()
    if behind is None or behind > settings.REPLICA_LAG_SECONDS:
        return PRIMARY
    return AskedServer(REPLICA, behind)


def leave_alone(why: str) -> None:
    """Ask the primary alone for some seconds."""
    global _left_alone_until
    if time.monotonic() < _left_alone_until:
        return
    _left_alone_until = time.monotonic() + FORGET_SECONDS
    log.warning("The primary answers questions for some seconds, and not the replica: %s", why)


@contextmanager
def cut_after(seconds: float) -> Iterator[None]:
    """Within, this thread's connection to the replica is cut when the time is up, as if the replica had gone away."""
    timer = threading.Timer(seconds, _cut, [connections[REPLICA]])
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(wrapper: BaseDatabaseWrapper) -> None:
    gone = suppress(OSError, psycopg.Error, AttributeError)  # closed meanwhile
    with gone, socket.socket(fileno=os.dup(wrapper.connection.fileno())) as own:
        own.shutdown(socket.SHUT_RDWR)


def state(limit_seconds: float) -> ReplicaState | None:
    """How far the replica is behind; None without one. Over connections of its own, in a bounded time.

    Raises psycopg.Error if the primary does not answer.
    """
    if not has_replica():
        return None
    impatient = partial(impatient_connection, connect_seconds=CONNECT_SECONDS, statement_seconds=limit_seconds)
    with impatient() as own:
        try:
            return _compared(own, impatient)
        except (psycopg.ProgrammingError, psycopg.NotSupportedError) as error:  # some servers keep it to themselves
            log.warning("The primary does not say how far it has written: %s", in_one_line(error))
            return ReplicaState(None, CANNOT_BE_COMPARED)


def _compared(primary: psycopg.Connection, impatient: Callable[..., Impatient]) -> ReplicaState:
    written = primary.execute(WRITTEN).fetchone()
    assert written is not None
    try:
        with impatient(way=conninfo_of_replica()) as own:
            replayed = own.execute(REPLAYED, [written[0]]).fetchone()
    except psycopg.Error as error:
        log.warning("The replica does not answer: %s", in_one_line(error))  # names its place, which is nobody else's
        return ReplicaState(None, DOES_NOT_ANSWER)
    assert replayed is not None
    is_standby, has_all, at, place = replayed
    if not is_standby:
        return ReplicaState(None, "is no replica: it takes changes of its own")
    if has_all and primary.execute(IS_BEYOND, [place]).fetchone() == (True,):
        return ReplicaState(None, "is a copy of another history")
    behind = _behind(written, has_all, at)
    return ReplicaState(behind, "" if behind is not None else "has not replayed anything yet")


def _behind(written: tuple[str | None, datetime], has_all: bool, at: datetime | None) -> float | None:
    """By how many seconds at most; None if that is not known.

    What was committed before the last commit that it replayed is there; all is, if it replayed all that was written.
    """
    if has_all:
        return 0.0
    return None if at is None else max(0.0, (written[1] - at).total_seconds())


def was_broken_off(error: Exception) -> bool:
    """Whether it is the replica's doing: it replays what a statement is in the way of, or has gone away."""
    cause = error.__cause__
    return isinstance(cause, BROKEN_OFF) or (isinstance(cause, psycopg.Error) and cause.sqlstate in GONE)


def lacks(error: Exception) -> bool:
    """Whether the replica has no such table, column or function: not yet, after an upgrade."""
    return sqlstate(error) in NOT_THERE_YET
