"""What was acknowledged is there, whatever is killed; with idempotency keys and retries exactly once."""

import contextlib
import json
import os
import random
import signal
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import psycopg
import pytest

from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres
from tests.collector.sending import Load
from tests.servers import CollectingServer, manage

BETWEEN = 40  # events that are acknowledged between two of the twenty kills
KILLS_SECONDS = 120  # for a machine that is slow
EVENT = "Fault"
IMMEDIATE = signal.SIGQUIT  # to PostgreSQL: as if the machine had lost power


@pytest.fixture(scope="module")
def postgres():
    """A durable PostgreSQL that may be killed.

    Not below pytest's own folder: any other run of pytest closes that to PostgreSQL's user.
    """
    with tempfile.TemporaryDirectory(prefix="heapadmin-faults-") as folder:
        postgres = PrivatePostgres(Path(folder) / "postgres", say=lambda words: None)
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

    refused = [server.post("/api/track", payload), server.request("POST", "/api/public/v0/auth_token", b"")]

    assert [answer.status for answer in refused] == [503, 503]
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
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


# --- Twenty kills ------------------------------------------------------------------------------------------
def test_twenty_kills_lose_nothing_and_double_nothing(one_server, environment, postgres):
    """A failure shows the seed; KILLS_SEED=… runs the same order again."""
    seed = int(os.environ.get("KILLS_SEED", random.randrange(10**6)))
    print(f"KILLS_SEED={seed}")
    chance = random.Random(seed)
    kills = [kill_one_worker] * 12 + [kill_postgres] * 5 + [kill_the_master] * 3
    chance.shuffle(kills)

    with Load(one_server, environment.app_id, retrying=True, deadline_seconds=KILLS_SECONDS) as load:
        for kill in kills:
            load.wait_for_more(BETWEEN, KILLS_SECONDS)
            kill(one_server, postgres, chance)
        load.wait_for_more(BETWEEN, KILLS_SECONDS)

    assert set(stored(one_server, environment, load).values()) == {1}
    assert set(stored(one_server, environment, load)) == set(load.acknowledged)
    assert load.refused <= {503, None}


def kill_one_worker(server, postgres, chance):
    workers = server.worker_pids()
    if workers:  # none while gunicorn makes them anew
        os.kill(chance.choice(workers), signal.SIGKILL)


def kill_the_master(server, postgres, chance):
    """The master, and once another one answers the workers that it left: they go on with what is connected."""
    workers = server.worker_pids()
    server.process.kill()
    server.process.wait()
    server.start()
    for pid in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def kill_postgres(server, postgres, chance):
    stop_postgres_at_once(postgres)
    postgres.start()


# --- PostgreSQL that cannot write ----------------------------------------------------------------------------
def payload(environment, event=EVENT):
    return {"app_id": environment.app_id, "identity": "a", "event": event}


def count(server):
    return server.query("select count(*) from events where name = %s", EVENT)[0][0]


@pytest.fixture
def admin(postgres):
    with psycopg.connect(postgres.conninfo(), autocommit=True) as connection:
        yield connection


def refused_and_taken_again(server, environment, mend):
    before = count(server)

    refused = server.post("/api/track", payload(environment))

    assert refused.status == 503, refused.text
    assert int(refused.headers["retry-after"]) > 0
    mend()
    assert count(server) == before
    assert until_taken(server, payload(environment))
    assert count(server) == before + 1


def test_a_table_that_somebody_locks(server, environment, postgres):
    with psycopg.connect(postgres.conninfo()) as other:
        other.execute("lock table events in share mode")  # may be read, not written

        refused_and_taken_again(server, environment, other.rollback)


def test_a_server_that_has_become_read_only(server, environment, admin):
    set_read_only(admin, "on")

    refused_and_taken_again(server, environment, lambda: set_read_only(admin, "off"))


def set_read_only(admin, value):
    """As a server that was failed over from is. Connections that are open see it a moment after the reload."""
    admin.execute("set default_transaction_read_only = off")
    admin.execute(f"alter system set default_transaction_read_only = {value}")
    admin.execute("select pg_reload_conf()")
    while seen_by_a_new_connection(admin) != value:
        time.sleep(0.01)


def seen_by_a_new_connection(admin):
    with psycopg.connect(admin.info.dsn) as connection:
        return connection.execute("show default_transaction_read_only").fetchone()[0]


def test_a_disk_that_is_full(server, environment, admin):
    admin.execute(
        "create function full_disk() returns trigger language plpgsql as "
        "$$ begin raise exception 'could not extend file: No space left on device' using errcode = '53100'; end $$"
    )
    admin.execute("create trigger full_disk before insert on events for each statement execute function full_disk()")

    refused_and_taken_again(server, environment, lambda: admin.execute("drop function full_disk cascade"))
