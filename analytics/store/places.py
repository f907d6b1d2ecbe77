"""How many reads of what was collected run at once: of one person, in one environment, in this process, and in all.

Whoever gets no place is told so at once (QueryBusy) and asks again, so nobody waits in a thread that other pages need.
Advisory locks of PostgreSQL are the places: they count for all processes together, however pages are served, and
end with the transaction, also when its process is killed. A replica has places of its own, for what it answers.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager

from django.conf import settings

from accounts.current_request import current_person
from analytics.store.failures import QueryBusy
from common.database import reading

OF_A_PERSON = 3
OF_AN_ENVIRONMENT = 4
IN_A_PROCESS = 5  # of the 8 threads for pages (heapadmin/pages.py)

TAKE = """
select (select place from generate_series(1, %(most)s) as place
         where pg_try_advisory_xact_lock(hashtextextended(%(whose)s, place)) limit 1) is not null
"""

_here = threading.BoundedSemaphore(IN_A_PROCESS)


@contextmanager
def place(environment_id: int) -> Iterator[None]:
    """A place until the end, for what the current person asks; within a transaction. Raises QueryBusy.

    Jobs, commands and staff have no person, and need no place.
    """
    person = current_person()
    if person is None:
        yield
        return
    if not _here.acquire(blocking=False):
        raise QueryBusy
    try:
        _take(f"questions of person {person}", OF_A_PERSON)
        _take(f"questions in environment {environment_id}", OF_AN_ENVIRONMENT)
        _take("questions", settings.QUESTIONS_AT_ONCE)
        yield
    finally:
        _here.release()


def _take(whose: str, most: int) -> None:
    with reading().cursor() as cursor:
        cursor.execute(TAKE, {"whose": whose, "most": most})
        (is_taken,) = cursor.fetchone()
    if not is_taken:
        raise QueryBusy
