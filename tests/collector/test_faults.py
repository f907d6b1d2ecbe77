"""What was acknowledged is there, whatever is killed; with idempotency keys and retries exactly once."""

import json
import os
import random
import signal
import time
from collections import Counter
from types import SimpleNamespace

import pytest

from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres
from tests.collector.sending import Load
from tests.servers import CollectingServer, manage

IMMEDIATE = signal.SIGQUIT  # to PostgreSQL: as if the machine had lost power


@pytest.fixture(scope="module")
def postgres(tmp_path_factory):
    """A durable PostgreSQL that may be killed."""
    folder = tmp_path_factory.mktemp("faults")
    postgres = PrivatePostgres(folder / "postgres", say=lambda words: None)
    postgres.start()
    manage(url_of(postgres), "migrate", "--verbosity=0")
    yield postgres
    postgres.stop()


@pytest.fixture(scope="module")
def one_server(postgres):
    server = CollectingServer(url_of(postgres), postgres.folder.parent).start()
    yield server
    server.kill()


@pytest.fixture
def server(one_server):
    """Running, whatever the test before did to it."""
    if one_server.process.poll() is not None:
        one_server.start()
    return one_server


@pytest.fixture(scope="module")
def environment(postgres):
    """One for all tests here: each sends events of other names."""
    who = ["--email=a@shop.example", "--password=spring-rain-7", "--account=A"]
    made = manage(url_of(postgres), "createaccount", *who, "--json")
    environment = json.loads(made)["environments"][0]
    return SimpleNamespace(pk=environment["id"], app_id=environment["app_id"])


def url_of(postgres):
    return private_database_url(postgres.folder.parent)


def stored(server, environment, load):
    names = Counter(name for (name,) in server.events(environment))
    return Counter({name: count for name, count in names.items() if name.startswith(load.label)})


def kill_a_worker(server):
    os.kill(random.choice(server.worker_pids()), signal.SIGKILL)


def stop_postgres_at_once(postgres):
    postgres.process.send_signal(IMMEDIATE)
    postgres.process.wait()


@pytest.mark.parametrize("retrying", [False, True], ids=["sent once", "with keys and retries"])
def test_a_killed_worker_loses_nothing_that_was_acknowledged(server, environment, retrying):
    with Load(server, environment.app_id, retrying=retrying) as load:
        for _ in range(3):
            load.wait_for_more(100)
            kill_a_worker(server)
        load.wait_for_more(100)

    check(server, environment, load, retrying)


@pytest.mark.parametrize("retrying", [False, True], ids=["sent once", "with keys and retries"])
def test_a_killed_postgres_loses_nothing_that_was_acknowledged(server, environment, postgres, retrying):
    with Load(server, environment.app_id, retrying=retrying) as load:
        for _ in range(2):
            load.wait_for_more(100)
            stop_postgres_at_once(postgres)
            postgres.start()
        load.wait_for_more(100)

    check(server, environment, load, retrying)
    assert load.refused <= {503, None}


def check(server, environment, load, retrying):
    acknowledged, there = set(load.acknowledged), stored(server, environment, load)
    assert not acknowledged - set(there)
    if retrying:
        assert set(there.values()) == {1}
        assert set(there) == acknowledged


def test_without_postgres_a_request_is_refused_with_503_and_taken_when_it_is_back(server, environment, postgres):
    payload = {"app_id": environment.app_id, "event": "E", "identity": "a"}
    assert server.post("/api/track", payload).status == 200
    stop_postgres_at_once(postgres)

    refused = server.post("/api/track", payload)

    assert refused.status == 503
    assert int(refused.headers["retry-after"]) > 0
    postgres.start()
    assert until_taken(server, payload)
    assert until_counted(server, environment, "unavailable")


def until_counted(server, environment, outcome):
    """Whether what happened without a database is written to it, once it is there again."""
    deadline = time.monotonic() + 20
    counted = "select 1 from collector_collectedhour where environment_id = %s and outcome = %s"
    while time.monotonic() < deadline:
        if server.query(counted, environment.pk, outcome):
            return True
        time.sleep(0.1)
    return False


def until_taken(server, payload):
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline:
        if server.post("/api/track", payload).status == 200:
            return True
    return False


def test_a_stop_in_mid_flight_answers_what_it_stored_and_ends(server, environment):
    with Load(server, environment.app_id, retrying=False) as load:
        load.wait_for_more(200)
        began = time.monotonic()
        status = server.stop()
        took = time.monotonic() - began

    assert status == 0
    assert took < 20
    assert stored(server, environment, load) == Counter(load.acknowledged)
