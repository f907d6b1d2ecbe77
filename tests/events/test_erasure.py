"""People are erased to the last row and no one else is, in pieces, and while others write."""

import threading
from contextlib import ExitStack, contextmanager

import pytest
from django.db import OperationalError, connection, transaction
from django.test.utils import CaptureQueriesContext

from events import erasure
from events.blocking_writer import store
from events.erasure import erase
from tests.events.making import ENVIRONMENT, change, event, events, identified, merges, people, rows, who
from tests.together import wait_until_somebody_waits

pytestmark = pytest.mark.django_db
ELSEWHERE = 8


def actors(*names):
    return [who(name)["actor_id"] for name in names]


def test_nothing_of_a_person_is_left():
    store([event(42), event("ann"), change("ann", plan="gold"), identified(42, "ann"), event(42)])

    erased = erase(ENVIRONMENT, actors("ann"))

    assert (events(), people(), merges()) == ([], {}, {})
    assert erased.is_complete
    assert erased.rows == {"events": 3, "people": 1, "merges": 1}


def test_a_visitor_without_a_name_is_erased_alone():
    store([event(42), event(43), event("ann")])

    erase(ENVIRONMENT, [42])

    assert {actor for actor, _ in events()} == {43, *actors("ann")}


def test_others_stay_here_and_the_same_name_elsewhere():
    store([event("ann"), event("bea"), event(7), identified(43, "bea")])
    store([event("ann", environment_id=ELSEWHERE), identified(42, "ann", environment_id=ELSEWHERE)])

    erase(ENVIRONMENT, actors("ann"))

    assert rows("select environment_id, count(*) from events group by 1 order by 1") == [
        (ENVIRONMENT, 2),
        (ELSEWHERE, 1),
    ]
    assert rows("select environment_id from merges order by 1") == [(ENVIRONMENT,), (ELSEWHERE,)]
    assert rows("select count(*) from people where environment_id = %s", ELSEWHERE) == [(1,)]


def test_somebody_unknown_is_no_error_and_a_second_time_finds_nobody():
    store([event("ann")])
    erase(ENVIRONMENT, actors("ann"))

    for again in ("ann", "nobody"):
        assert erase(ENVIRONMENT, actors(again)).rows == {"events": 0, "people": 0, "merges": 0}


def test_many_events_go_in_pieces_and_the_person_is_known_until_the_last():
    store([event(42), *(event("ann") for _ in range(4)), identified(42, "ann")])

    first = erase(ENVIRONMENT, actors("ann"), most_events=3)
    known = (len(events()), list(people()), merges())
    second = erase(ENVIRONMENT, actors("ann"), most_events=3)

    assert (first.is_complete, first.rows) == (False, {"events": 3})
    assert known == (2, actors("ann"), {42: actors("ann")[0]})
    assert (second.is_complete, second.rows) == (True, {"events": 2, "people": 1, "merges": 1})


def test_as_many_statements_for_hundreds_as_for_one():
    crowd = [f"person {number}" for number in range(300)]
    store([event(name) for name in crowd])

    counts = []
    for some in (crowd[:1], crowd[1:]):
        with CaptureQueriesContext(connection) as captured:
            erase(ENVIRONMENT, actors(*some))
        counts.append(len(captured))

    assert events() == []
    assert counts[0] == counts[1] < 15


# --- Beside writers -----------------------------------------------------------------------------------------------


@contextmanager
def in_a_thread(work):
    failures = []

    def run():
        try:
            work()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    yield thread
    thread.join(30)
    assert not thread.is_alive() and not failures, failures


@pytest.mark.django_db(transaction=True)
def test_who_is_identified_meanwhile_goes_with_the_person():
    """The search for events saw no merge. The transaction that adds one locks the person's row."""
    store([event(42), event("ann")])
    merged = threading.Event()

    def identify():
        with transaction.atomic():
            store([identified(42, "ann")])
            merged.set()
            wait_until_somebody_waits()

    with in_a_thread(identify):
        assert merged.wait(30)
        erase(ENVIRONMENT, actors("ann"))

    assert (events(), people(), merges()) == ([], {}, {})


@pytest.mark.django_db(transaction=True)
def test_what_comes_after_the_lock_begins_anew_and_whole():
    store([event("ann"), event(42)])

    with ExitStack() as afterwards, transaction.atomic():
        erase(ENVIRONMENT, actors("ann"))
        afterwards.enter_context(in_a_thread(lambda: store([identified(42, "ann"), event("ann", name="New")])))
        wait_until_somebody_waits()

    assert merges() == {42: actors("ann")[0]}
    assert list(people()) == actors("ann")
    assert [name for _, name in events()] == ["Order", "New"]


@pytest.mark.django_db(transaction=True)
def test_an_event_that_is_just_being_written_stays_and_the_next_one_brings_its_person_back():
    store([event("ann")])
    written, erased = threading.Event(), threading.Event()

    def write():
        with transaction.atomic():
            store([event("ann", name="Just now")])  # the person was seen within a minute: their row stays as it is
            written.set()
            assert erased.wait(30)

    with in_a_thread(write):
        assert written.wait(30)
        erase(ENVIRONMENT, actors("ann"))
        erased.set()
    left = ([name for _, name in events()], people())
    store([event("ann", name="Later")])

    assert left == (["Just now"], {})
    assert list(people()) == actors("ann")


@pytest.mark.django_db(transaction=True)
def test_a_writer_that_holds_the_person_for_long_is_not_waited_for(monkeypatch):
    monkeypatch.setattr(erasure, "LOCK_TIMEOUT", "10ms")
    store([event("ann")])
    locked, tried = threading.Event(), threading.Event()

    def hold():
        with transaction.atomic():
            store([change("ann", plan="gold")])
            locked.set()
            assert tried.wait(30)

    with in_a_thread(hold):
        assert locked.wait(30)
        with pytest.raises(OperationalError):
            erase(ENVIRONMENT, actors("ann"))
        tried.set()

    assert len(events()) == 1
