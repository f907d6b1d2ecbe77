"""Stores records with one statement on Django's connection: for commands, jobs, and workers without an event loop."""

import logging
from collections.abc import Sequence

from django.db import Error, connection

from common.database import in_one_line
from events import batch
from events.faults import Fault, NotStorable, Unavailable, Why, fault_of
from events.records import Record, Stored

log = logging.getLogger(__name__)

TRIES = 3


def store(records: Sequence[Record]) -> Stored:
    """Write all `records` in one transaction, in their order.

    They are committed on return, unless the caller has a transaction open. Raises NotStorable or Unavailable; then
    nothing is stored.
    """
    arguments = batch.arguments(records)
    for attempt in range(TRIES):
        try:
            with connection.cursor() as cursor:
                cursor.execute(batch.STATEMENT, arguments)
                (learnt,) = batch.stored([records], cursor.fetchone()[0])
            return learnt
        except Error as error:
            fault = fault_of(error)
            if fault is Fault.RECORDS:
                raise NotStorable(str(error)) from error
            if fault is not Fault.TRY_AGAIN or connection.in_atomic_block or attempt + 1 == TRIES:
                if not connection.in_atomic_block:
                    connection.close()
                log.warning("Records were not stored: %s", in_one_line(error))
                raise Unavailable(Why.NOT_COMMITTED) from error
    raise AssertionError("the last attempt returns or raises")
