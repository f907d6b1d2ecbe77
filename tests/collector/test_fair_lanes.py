"""One environment misbehaves, another is collected beside it: nothing of that one is refused, nor waits long."""

import contextlib
import json
import threading
import time

import psycopg
import pytest

from events.lane import LONG
from tests.collector.other_limits import with_limits
from tests.collector.sending import Load
from tests.servers import CollectingServer, conninfo_of, served_database
from tests.together import WAITING, wait_until_somebody_waits

HOSTILE = 16  # connections
REQUESTS = 200  # of the environment beside it
KEYS = 1_000  # of a body of one megabyte
GENEROUS_SECONDS = 60  # for all of them, on any machine
CAPACITY = 60  # records that may wait
PERSON = "/api/add_user_properties"


def one_worker(django_db_blocker, folder, limits):
    """A server with one worker, so that there are no lanes but its own."""
    with served_database(django_db_blocker) as url:
        server = CollectingServer(url, folder, with_limits(limits), workers=1).start()
        yield server
        server.stop()


@pytest.fixture(scope="module")
def usual_server(django_db_setup, django_db_blocker, tmp_path_factory):
    yield from one_worker(django_db_blocker, tmp_path_factory.mktemp("fair"), {})


@pytest.fixture
def server(usual_server, django_db_blocker):
    with django_db_blocker.unblock():
        yield usual_server


@pytest.fixture
def small_server(django_db_setup, django_db_blocker, tmp_path):
    """It soon has more than it can hold."""
    limits = {"events.queue.CAPACITY_RECORDS": CAPACITY, "events.queue.BATCH_RECORDS": CAPACITY}
    yield from one_worker(django_db_blocker, tmp_path, limits)


@pytest.fixture
def hostile(server):
    return server.make_environment()


@pytest.fixture
def beside(server):
    return server.make_environment()


@contextlib.contextmanager
def sending(server, path, payload, connections=HOSTILE):
    """Send the same again and again over so many connections; yields the statuses of the answers."""
    stop, statuses, body = threading.Event(), [], json.dumps(payload).encode()

    def send():
        while not stop.is_set():
            statuses.append(server.post(path, body).status)

    threads = [threading.Thread(target=send) for _ in range(connections)]
    for thread in threads:
        thread.start()
    try:
        yield statuses
    finally:
        stop.set()
        for thread in threads:
            thread.join()


@contextlib.contextmanager
def locked(server, statement, *parameters):
    """What `statement` locks stays so until the end."""
    with psycopg.connect(conninfo_of(server.url)) as other:
        other.execute(statement, parameters)
        yield
        other.rollback()


def send_beside(server, environment):
    """Events of an environment beside it, all of which are stored, without a long wait for any."""
    for number in range(REQUESTS):
        began = time.monotonic()
        answer = server.post("/api/track", {"app_id": environment.app_id, "event": "E", "identity": f"u{number}"})
        assert answer.status == 200
        assert time.monotonic() - began < LONG.lock_seconds / 2
    assert len(server.events(environment)) == REQUESTS


def update(environment, **properties):
    return {"app_id": environment.app_id, "identity": "ann", "properties": properties}


def test_a_locked_row_of_one_environment_holds_no_other_up(server, hostile, beside):
    assert server.post(PERSON, update(hostile, plan="pro")).status == 200
    lock = "select 1 from people where environment_id = %s for update"

    with contextlib.ExitStack() as until_sent, locked(server, lock, hostile.pk):
        statuses = until_sent.enter_context(sending(server, PERSON, update(hostile, plan="free")))
        wait_until_somebody_waits(server.query)
        send_beside(server, beside)
        assert 200 not in statuses


def test_what_was_held_up_is_stored_as_soon_as_its_row_is_free(server, hostile):
    assert server.post(PERSON, update(hostile, plan="pro")).status == 200
    lock = "select 1 from people where environment_id = %s for update"

    with contextlib.ExitStack() as until_sent:
        with locked(server, lock, hostile.pk):
            statuses = until_sent.enter_context(sending(server, PERSON, update(hostile, plan="free"), connections=4))
            wait_until_somebody_waits(server.query)
            time.sleep(1)  # longer than a batch waits that others share
            assert not statuses
        until(lambda: len(statuses) >= REQUESTS)

    assert set(statuses) == {200}
    assert server.people(hostile) == {"ann": {"plan": "free"}}


TEXTS = {f"key{number}": f"{number:01000}" for number in range(KEYS)}
LARGE = {
    PERSON: {"identity": "ann", "properties": TEXTS},
    "/api/track": {"events": [{"event": "E", "identity": f"u{number}"} for number in range(10 * KEYS)]},
}


@pytest.mark.parametrize("path", LARGE)
def test_large_bodies_of_one_environment_hold_no_other_up(server, hostile, beside, path):
    large = LARGE[path] | {"app_id": hostile.app_id}

    with sending(server, path, large) as statuses:
        until(lambda: statuses)
        began = time.monotonic()
        send_beside(server, beside)

    assert time.monotonic() - began < GENEROUS_SECONDS


def test_a_full_queue_still_takes_what_others_send(small_server):
    server, hostile, beside = small_server, small_server.make_environment(), small_server.make_environment()
    bulk = {"app_id": hostile.app_id, "events": [{"event": "E", "identity": "a"}] * CAPACITY}
    one = {"app_id": beside.app_id, "event": "E", "identity": "a"}

    with contextlib.ExitStack() as until_sent:
        with locked(server, "lock table events in share mode"):
            flood = until_sent.enter_context(sending(server, "/api/track", bulk))
            until(lambda: flood[-HOSTILE:] == [503] * HOSTILE)
            statuses = until_sent.enter_context(sending(server, "/api/track", one, connections=CAPACITY // 3))
            time.sleep(1)  # they arrive meanwhile
        until(lambda: len(statuses) >= REQUESTS)

    assert set(statuses) == {200}


def test_a_locked_table_lets_everybody_wait_and_loses_nothing(server, hostile, beside):
    with contextlib.ExitStack() as stack:
        loads = [stack.enter_context(Load(server, each.app_id, retrying=True)) for each in (hostile, beside)]
        for load in loads:
            load.wait_for_more(20)
        with locked(server, "lock table events in share mode"):
            wait_until_somebody_waits(server.query)
            time.sleep(LONG.lock_seconds + 1)
            waiting = len(server.query(WAITING))
        for load in loads:
            load.wait_for_more(20)

    assert waiting <= 3
    for load, environment in zip(loads, (hostile, beside), strict=True):
        assert load.refused <= {503}
        load.check(environment)


def until(what):
    deadline = time.monotonic() + 60
    while not what():
        assert time.monotonic() < deadline
        time.sleep(0.01)
