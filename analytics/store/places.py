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
from dataclasses import dataclass

from django.conf import settings

from accounts.current_request import current_person
from analytics.store.failures import QueryBusy
from common.database import reading

OF_A_PERSON = 3
OF_AN_ENVIRONMENT = 4
IN_A_PROCESS = 5  # of the 8 threads for pages (heapadmin/pages.py)
OF_A_LINK = 2
OF_LINKS_OF_AN_ACCOUNT = 2
OF_LINKS = 3
OF_LINKS_IN_A_PROCESS = 2  # besides those of people

TAKE = """
select (select place from generate_series(1, %(most)s) as place
         where pg_try_advisory_xact_lock(hashtextextended(%(whose)s, place)) limit 1) is not null
"""

_here = threading.BoundedSemaphore(IN_A_PROCESS)
_links_here = threading.BoundedSemaphore(OF_LINKS_IN_A_PROCESS)


@dataclass(frozen=True)
class LinkAsking:
    """The shared link for which a question is asked."""

    link_id: int
    account_id: int


_link: ContextVar[LinkAsking | None] = ContextVar("link", default=None)


@contextmanager
def asking_for(link: LinkAsking) -> Iterator[None]:
    """Until the end, questions take the places of this link, and of nobody else."""
    token = _link.set(link)
    try:
        yield
    finally:
        _link.reset(token)


@contextmanager
def place(environment_id: int) -> Iterator[None]:
    """A place until the end, for what the current person asks; within a transaction. Raises QueryBusy.

    Jobs, commands and staff have no person, and need no place.
    """
    link, person = _link.get(), current_person()
    if link is not None:
        with _process_place(_links_here):
            _take(f"questions of link {link.link_id}", OF_A_LINK)
            _take(f"questions of links of account {link.account_id}", OF_LINKS_OF_AN_ACCOUNT)
            _take("questions of links", OF_LINKS)
            yield
    elif person is not None:
        with _process_place(_here):
            _take(f"questions of person {person}", OF_A_PERSON)
            _take(f"questions in environment {environment_id}", OF_AN_ENVIRONMENT)
            _take("questions", settings.QUESTIONS_AT_ONCE)
            yield
    else:
        yield


@contextmanager
def _process_place(places: threading.BoundedSemaphore) -> Iterator[None]:
    if not places.acquire(blocking=False):
        raise QueryBusy
    try:
        yield
    finally:
        places.release()


def _take(whose: str, most: int) -> None:
    with reading().cursor() as cursor:
        cursor.execute(TAKE, {"whose": whose, "most": most})
        (is_taken,) = cursor.fetchone()
    if not is_taken:
        raise QueryBusy
