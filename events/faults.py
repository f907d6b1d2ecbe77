"""What a failed write means: the records are at fault, a retry may succeed, or nothing can be stored now."""

from enum import Enum, StrEnum, auto

import psycopg
from django.db.utils import Error as DjangoError


class NotStorable(Exception):
    """PostgreSQL will never accept these records. None of them was stored."""


class Why(StrEnum):
    """Why nothing can be committed now: all that a sender is told.

    PostgreSQL's own words name files, tables and statements, so they go to the log and never outside.
    """

    NOT_COMMITTED = "the database could not commit it"
    NO_ANSWER = "the database does not answer"
    BEHIND = "the database does not keep up"
    FULL = "too much waits to be stored"
    STOPPING = "the collector is stopping"
    NOT_LOOKED_UP = "the database does not say whether the app_id is known"


class Unavailable(Exception):
    """Nothing can be committed now. The sender should send it again later."""

    def __init__(self, why: Why) -> None:
        super().__init__(why.value)
        self.why = why


class Blocked(Exception):
    """Somebody's rows are locked or slow, and the batch may wait no longer. None of it was stored."""


class Fault(Enum):
    RECORDS = auto()
    TRY_AGAIN = auto()
    LOCK_TIMEOUT = auto()
    CANCELLED = auto()  # after its time, or by an administrator
    UNAVAILABLE = auto()


RECORD_CLASSES = ("22", "23", "54")  # data exception, integrity constraint violation, program limit exceeded
TRY_AGAIN_STATES = ("40001", "40P01")  # serialization failure, deadlock: PostgreSQL reports that it rolled back
LOCK_TIMEOUT_STATE, CANCELLED_STATE = "55P03", "57014"


def fault_of(error: psycopg.Error | DjangoError) -> Fault:
    """What an `error` raised by a write means for its records."""
    cause = error if isinstance(error, psycopg.Error) else error.__cause__
    state = (cause.sqlstate if isinstance(cause, psycopg.Error) else None) or ""
    if state in TRY_AGAIN_STATES:
        return Fault.TRY_AGAIN
    if state.startswith(RECORD_CLASSES):
        return Fault.RECORDS
    if state == LOCK_TIMEOUT_STATE:
        return Fault.LOCK_TIMEOUT
    if state == CANCELLED_STATE:
        return Fault.CANCELLED
    return Fault.UNAVAILABLE
