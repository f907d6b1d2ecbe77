import contextlib
import time

import psycopg
import pytest

from heapadmin import postgres
from heapadmin.postgres import PrivatePostgres
from heapadmin.standalone.postgres_keeper import PostgresKeeper
from tests.heapadmin.running import eventually


@pytest.fixture
def server(tmp_path):
    server = PrivatePostgres(tmp_path / "files", durable=False, say=lambda words: None)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def keeper(server):
    keeper = PostgresKeeper(server, (said := []).append)
    keeper.said = said
    return keeper


def kill(server):
    server.process.kill()
    server.process.wait()


def looked_until(keeper, words):
    def look():
        keeper.look()
        return any(words in each for each in keeper.said)

    return eventually(look)


def test_a_server_that_died_is_started_at_once(keeper, server):
    kill(server)

    assert looked_until(keeper, "PostgreSQL answers again.")
    assert server.answers()
    assert keeper.said[0] == "PostgreSQL ended unexpectedly; starting it again."


def test_one_that_dies_again_and_again_has_to_wait(keeper, server):
    kill(server)
    assert looked_until(keeper, "PostgreSQL answers again.")
    kill(server)

    keeper.look()

    assert keeper.said[-1] == "PostgreSQL ended unexpectedly; starting it again in 0.5 s."
    assert not server.is_alive()


def test_why_it_does_not_start_is_told_once(keeper, server, monkeypatch):
    monkeypatch.setattr(server, "_parameters", lambda: {"shared_buffers": "nonsense"})
    kill(server)
    assert looked_until(keeper, "PostgreSQL does not start")

    for _ in range(3):
        failures = keeper._failures
        keeper._next_try = 0
        assert eventually(lambda failures=failures: keeper.look() or keeper._failures > failures)

    [_, reason] = keeper.said
    assert 'FATAL:  invalid value for parameter "shared_buffers": "nonsense"' in reason


def test_looking_does_not_wait_for_a_server_that_is_starting(keeper, server, monkeypatch):
    monkeypatch.setattr(postgres, "programs", lambda: server.folder)
    (server.folder / "postgres").write_text("#!/bin/sh\nexec sleep 60\n")
    (server.folder / "postgres").chmod(0o755)
    kill(server)
    keeper.look()
    began = time.monotonic()

    for _ in range(10):
        keeper.look()

    assert time.monotonic() - began < 5
    assert server.is_alive()
    assert "PostgreSQL answers again." not in keeper.said
    kill(server)


def test_a_log_that_cannot_be_opened_is_a_reason_too(keeper, server, monkeypatch):
    def no_room(self):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(PrivatePostgres, "_open_log", no_room)
    kill(server)

    keeper.look()

    assert "No space left on device" in keeper.said[-1]


def test_the_log_says_who_asked_and_for_which_request(server):
    name = "heapadmin query 7"
    with psycopg.connect(server.conninfo("postgres"), application_name=name) as asking, pytest.raises(psycopg.Error):
        asking.execute("/* request-7 */ select of_nobody")

    lines = server.log.read_text().splitlines()
    assert any("heapadmin query 7: ERROR:" in line for line in lines)
    assert any("heapadmin query 7: STATEMENT:  /* request-7 */ select" in line for line in lines)


def test_a_long_log_is_cut_while_the_server_writes_it(keeper, server, monkeypatch):
    monkeypatch.setattr(postgres, "LOG_BYTES_KEPT", 20_000)
    monkeypatch.setattr(postgres, "LOG_END_BYTES", 5_000)

    def fail(times, words):
        with psycopg.connect(server.conninfo("postgres"), autocommit=True) as connection:
            for _ in range(times):
                with contextlib.suppress(psycopg.Error):
                    connection.execute(f"select {words}")

    fail(500, "of_before")
    assert server.log.stat().st_size > 20_000
    keeper.look()
    fail(1, "of_after")

    log = server.log.read_bytes()
    assert b"of_after" in log and b"of_before" not in log and b"\0" not in log
    aside = server.log.with_name("log.1").read_bytes()
    assert len(aside) == 5_000 and b"of_before" in aside

    fail(500, "of_before")
    keeper.look()
    assert b"of_before" in server.log.read_bytes(), "it looks at each look"
