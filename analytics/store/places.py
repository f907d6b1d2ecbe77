"""How many reads of what was collected run at once: of one person, in one environment, in this process, and in all.

Whoever gets no place is told so at once (QueryBusy) and asks again, so nobody waits in a thread that other pages need.
Advisory locks of PostgreSQL are the places: they count for all processes together, however pages are served, and
end with the transaction, also when its process is killed. A replica has places of its own, for what it answers.

What is asked for shared links has other places, so a popular link takes none from people.
"""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar

from django.conf import settings

from accounts.current_request import current_person
from analytics.store.failures import QueryBusy
from common.database import reading

OF_A_PERSON = 3
OF_AN_ENVIRONMENT = 4
IN_A_PROCESS = 5  # of the 8 threads for pages (heapadmin/pages.py)
OF_LINKS_OF_AN_ACCOUNT = 2
OF_LINKS = 3
OF_LINKS_IN_A_PROCESS = 2  # besides those of people; of different accounts, so that none takes all

TAKE = """
select (select place from generate_series(1, %(most)s) as place
         where pg_try_advisory_xact_lock(hashtextextended(%(whose)s, place)) limit 1) is not null
"""

_here = threading.BoundedSemaphore(IN_A_PROCESS)
_accounts_here: set[int] = set()  # whose links have a place in this process
_accounts_lock = threading.Lock()
_links_of: ContextVar[int | None] = ContextVar("links_of", default=None)


@contextmanager
def for_links_of(account_id: int) -> Iterator[None]:
    """Until the end, questions take the places of this account's shared links, and of nobody else."""
    token = _links_of.set(account_id)
    try:
        yield
    finally:
        _links_of.reset(token)


@contextmanager
def place(environment_id: int) -> Iterator[None]:
    """A place until the end, for what the current person asks; within a transaction. Raises QueryBusy.

    Jobs, commands and staff have no person, and need no place.
    """
    account_id, person = _links_of.get(), current_person()
    if account_id is not None:
        with _links_place(account_id):
            _take(f"questions of links of account {account_id}", OF_LINKS_OF_AN_ACCOUNT)
            _take("questions of links", OF_LINKS)
            yield
    elif person is not None:
        with _process_place():
            _take(f"questions of person {person}", OF_A_PERSON)
            _take(f"questions in environment {environment_id}", OF_AN_ENVIRONMENT)
            _take("questions", settings.QUESTIONS_AT_ONCE)
            yield
    else:
        yield


@contextmanager
def _process_place() -> Iterator[None]:
    if not _here.acquire(blocking=False):
        raise QueryBusy
    try:
        yield
    finally:
        _here.release()


@contextmanager
def _links_place(account_id: int) -> Iterator[None]:
    with _accounts_lock:
        if account_id in _accounts_here or len(_accounts_here) >= OF_LINKS_IN_A_PROCESS:
            raise QueryBusy
        _accounts_here.add(account_id)
    try:
        yield
    finally:
        with _accounts_lock:
            _accounts_here.discard(account_id)


def _take(whose: str, most: int) -> None:
    with reading().cursor() as cursor:
        cursor.execute(TAKE, {"whose": whose, "most": most})
        (is_taken,) = cursor.fetchone()
    if not is_taken:
        raise QueryBusy
