"""Every acknowledged event is stored, whatever is killed; with idempotency keys and retries, exactly once."""

import contextlib
import json
import os
import random
import signal
import socket
import tempfile
import time
from collections import Counter
from pathlib import Path
from types import SimpleNamespace

import psutil
import psycopg
import pytest

from events.writer import LANES
from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres
from tests.collector.other_limits import with_limits
from tests.collector.sending import PATIENCE_SECONDS, Load
from tests.servers import CollectingServer, manage

BETWEEN = 40  # events that are acknowledged between two kills
EVENT = "Fault"
IMMEDIATE = signal.SIGQUIT  # to PostgreSQL: as if the machine had lost power
ENDS_BY_ITSELF = "--graceful-timeout=3600"  # gunicorn kills no worker that takes long to stop


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
    server = CollectingServer(url_of(postgres), postgres.folder.parent, GUNICORN_CMD_ARGS=ENDS_BY_ITSELF).start()
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

    load.check(environment)


@pytest.mark.parametrize("retrying", [False, True], ids=["sent once", "with keys and retries"])
def test_a_killed_postgres_loses_nothing_that_was_acknowledged(server, environment, postgres, retrying):
    with Load(server, environment.app_id, retrying=retrying) as load:
        for _ in range(2):
            load.wait_for_more(100)
            stop_postgres_at_once(postgres)
            postgres.start()
        load.wait_for_more(100)

    load.check(environment)
    assert load.refused <= {503, None}


def test_without_postgres_a_request_is_refused_with_503_and_taken_when_it_is_back(server, environment, postgres):
    payload = {"app_id": environment.app_id, "event": "E", "identity": "a"}
    assert server.post("/api/track", payload).status == 200
    stop_postgres_at_once(postgres)

    refused = [
        server.post("/api/track", payload),
        server.post("/api/track", payload | {"app_id": "1"}),  # which may be known
        server.request("POST", "/api/public/v0/auth_token", b""),
    ]

    assert [answer.status for answer in refused] == [503, 503, 503]
    assert all(int(answer.headers["retry-after"]) > 0 for answer in refused)
    postgres.start()
    assert until_taken(server, payload)
    assert until_counted(server, environment, "unavailable")


def until_counted(server, environment, outcome):
    """Whether what happened without a database is written to it, once it is there again."""
    counted = "select 1 from collector_collectedhour where environment_id = %s and outcome = %s"
    return until(lambda: server.query(counted, environment.pk, outcome))


def until_taken(server, payload):
    return until(lambda: server.post("/api/track", payload).status == 200)


def until(what):
    """Whether it holds in the end, however slow the machine is."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        if time.monotonic() > deadline:
            return False
        time.sleep(0.05)
    return True


def test_a_stop_in_mid_flight_answers_what_it_stored_and_ends(server, environment):
    with Load(server, environment.app_id, retrying=False) as load:
        load.wait_for_more(200)
        status = server.stop()

    assert status == 0
    assert load.stored(environment) == Counter(load.acknowledged)


def test_a_rolling_reload_in_mid_flight_loses_nothing_and_changes_every_worker(server, environment):
    before = set(server.worker_pids())
    with Load(server, environment.app_id, retrying=True) as load:
        load.wait_for_more(200)
        server.process.send_signal(signal.SIGHUP)
        assert until(lambda: not before & set(server.worker_pids()))
        load.wait_for_more(200)

    assert load.refused <= {None}  # a connection that ended, whose event was sent again
    load.check(environment)


# --- A database that hangs -------------------------------------------------------------------------------------
@pytest.fixture
def impatient_server(one_server, postgres, environment, admin):
    """A server with one worker that soon gives up a connection that does not answer. Its lanes are connected."""
    one_server.kill()
    assert until(lambda: not backends(admin))
    limits = with_limits({"events.lane.EXECUTE_SECONDS": 1.0})
    server = CollectingServer(url_of(postgres), postgres.folder.parent, limits, workers=1).start()
    server.post("/api/track", payload(environment))
    assert until(lambda: len(backends(admin)) == LANES)
    yield server
    server.kill()


def test_connections_that_hang_are_given_up_for_new_ones(impatient_server, environment, admin):
    """A refused event may still be written when the database continues. Its key prevents a second copy."""
    once = payload(environment, "Hanging") | {"idempotency_key": "hanging"}

    with hanging(backends(admin)) as pids:
        refused = impatient_server.post("/api/track", once)
        assert until_taken(impatient_server, once)

    assert refused.status == 503
    assert int(refused.headers["retry-after"]) > 0
    assert until(lambda: pids - backends(admin)), "none of them has ended"
    assert impatient_server.query("select count(*) from events where name = 'Hanging'") == [(1,)]


def test_a_postgres_that_hangs_is_not_waited_for_and_loses_nothing(impatient_server, environment, admin, postgres):
    with Load(impatient_server, environment.app_id, retrying=True) as load:
        load.wait_for_more(100)
        with hanging({postgres.process.pid, *backends(admin)}):
            assert until_refused(impatient_server, environment, "the database does not keep up")
            assert until(lambda: load.refused)
        load.wait_for_more(100)

    assert 503 in load.refused <= {503, None}
    load.check(environment)


def backends(admin):
    """The processes that serve the lanes of collectors."""
    found = admin.execute("select pid from pg_stat_activity where application_name = 'heapadmin collector'")
    return {pid for (pid,) in found}


@contextlib.contextmanager
def hanging(pids):
    """These processes stop wherever they are, and go on afterwards."""
    signal_all(pids, signal.SIGSTOP)
    try:
        yield pids
    finally:
        signal_all(pids, signal.SIGCONT)


def signal_all(pids, which):
    for pid in pids:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, which)


def until_refused(server, environment, why):
    """Whether a request is refused for this reason, in the end."""

    def refused():
        answer = server.post("/api/track", payload(environment))
        return answer.status == 503 and why in answer.text

    return until(refused)


# --- A storm of kills ----------------------------------------------------------------------------------------
def test_a_storm_of_kills_loses_nothing_and_doubles_nothing(server, environment, postgres):
    """KILLS=500 kills so often. A failure shows the seed; KILLS_SEED=… runs the same order again."""
    seed = int(os.environ.get("KILLS_SEED", random.randrange(10**6)))
    kills = int(os.environ.get("KILLS", 50))
    print(f"KILLS={kills} KILLS_SEED={seed}")
    chance = random.Random(seed)

    with Load(server, environment.app_id, retrying=True) as load:
        for kill in chance.choices(list(SHARES), list(SHARES.values()), k=kills):
            load.wait_for_more(BETWEEN)
            kill(server, postgres, chance)
        load.wait_for_more(BETWEEN)

    load.check(environment)
    assert load.refused <= {503, None}


def kill_one_worker(server, postgres, chance):
    workers = server.worker_pids()
    if workers:  # none while gunicorn makes them anew
        os.kill(chance.choice(workers), signal.SIGKILL)


def kill_the_master(server, postgres, chance):
    """Kill the master. When another one answers, kill its old workers, which go on with their connections."""
    workers = server.worker_pids()
    server.process.kill()
    server.process.wait()
    assert until(lambda: is_free(server.port)), "the workers go on listening"
    server.start()
    for pid in workers:
        with contextlib.suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)


def is_free(port):
    """Whether another master may listen: gunicorn itself tries five times, for as many seconds."""
    with socket.socket() as probe, contextlib.suppress(OSError):
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(("127.0.0.1", port))
        probe.listen()
        return True
    return False


def kill_a_backend(server, postgres, chance):
    """PostgreSQL ends all its connections then, and recovers by itself."""
    backends = psutil.Process(postgres.process.pid).children()
    os.kill(chance.choice(backends).pid, signal.SIGKILL)
    assert until(postgres.answers)


def kill_postgres(server, postgres, chance):
    stop_postgres_at_once(postgres)
    postgres.start()


SHARES = {kill_one_worker: 12, kill_a_backend: 4, kill_postgres: 4, kill_the_master: 2}


# --- PostgreSQL that cannot write ----------------------------------------------------------------------------
def payload(environment, event=EVENT):
    return {"app_id": environment.app_id, "identity": "a", "event": event}


def count(server):
    return server.query("select count(*) from events where name = %s", EVENT)[0][0]


@pytest.fixture
def admin(postgres):
    with psycopg.connect(postgres.superuser_conninfo(), autocommit=True) as connection:
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
