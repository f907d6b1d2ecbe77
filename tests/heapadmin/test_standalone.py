import json
import re
import socket
import stat
import subprocess
from urllib.parse import quote

import pytest

from heapadmin.postgres import PrivatePostgres
from tests.heapadmin.running import Installation, eventually

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def running(tmp_path_factory):
    """One installation for the tests of this file; none of them stops it."""
    installation = Installation(tmp_path_factory.mktemp("standalone") / "data").start()
    yield installation
    installation.end()


def test_the_first_start_prints_all_a_newcomer_needs(running):
    words = running.read()

    assert f"Heapadmin is at http://127.0.0.1:{running.port}/" in words
    assert re.search(r"e-mail +admin@localhost", words)
    assert re.search(r"password +\S{16}", words)
    assert f'curl -H \'Content-Type: application/json\' -d \'{{"app_id": "{running.app_id()}"' in words


def test_a_page_answers(running):
    status, body = running.get("/login/login/")

    assert status == 200
    assert "<form" in body


def test_health_is_public_and_needs_no_known_host(running):
    with socket.create_connection(("127.0.0.1", running.port)) as client:
        client.sendall(b"GET /readyz HTTP/1.1\r\nHost: 10.0.0.7\r\nConnection: close\r\n\r\n")
        answer = client.makefile("rb").read()

    assert running.get("/healthz") == (200, "ok\n")
    assert answer.startswith(b"HTTP/1.1 200 ")


def test_createaccount_prints_the_ids(running):
    result = running.run(
        *["createaccount", "--email", "Ada@Example.com", "--password", "correct horse battery"],
        *["--account", "Engines", "--project", "Notes", "--json"],
    )

    made = json.loads(result.stdout)
    assert set(made) == {"account_id", "user_id", "project_id", "environments"}
    assert [set(one) for one in made["environments"]] == [{"id", "name", "app_id"}]
    assert made["environments"][0]["name"] == "Production"


def test_a_second_start_says_who_uses_the_data_folder(running):
    result = running.run("standalone")

    assert result.returncode == 1
    assert f"in use by standalone (process {running.process.pid})" in result.stderr
    assert running.get("/healthz")[0] == 200


def test_a_taken_port_is_named_with_who_has_it(running, tmp_path):
    other = Installation(tmp_path / "data", PORT=str(running.port))

    result = other.run("standalone")

    assert result.returncode == 1
    assert f"Port {running.port} on 127.0.0.1 is taken" in result.stderr
    assert f"PORT={running.port + 1}" in result.stderr
    assert other.processes() == []


def test_a_backup_is_written_while_it_runs(running, tmp_path):
    result = running.run("backup", str(tmp_path / "one.backup"))

    assert result.returncode == 0, result.stderr
    assert (tmp_path / "one.backup").read_bytes().startswith(b"PGDMP")
    assert stat.S_IMODE((tmp_path / "one.backup").stat().st_mode) == 0o600


def test_restoring_waits_until_it_is_stopped(running, tmp_path):
    result = running.run("restore", "--yes", str(tmp_path / "one.backup"))

    assert result.returncode == 1
    assert "in use by standalone" in result.stderr


def test_other_users_get_at_nothing(running):
    for path in (running.folder, running.folder / "postgres"):
        assert stat.S_IMODE(path.stat().st_mode) & stat.S_IRWXO == 0
    assert stat.S_IMODE((running.folder / "secret_key").stat().st_mode) == 0o600


def test_reloaded_its_servers_keep_their_processes_and_their_port(running):
    """What a reload changes is tested in test_reload.py."""
    web, jobs = running.processes("heapadmin.gunicorn_conf"), running.processes("procrastinate")
    workers = [process for process in web if process.ppid() != running.process.pid]

    result = running.run("reload")

    assert result.returncode == 0, result.stdout + result.stderr
    assert "The web server (process" in result.stdout
    assert "and 2 workers of before have ended" in result.stdout
    assert f"The jobs' worker (process {jobs[0].pid}) runs the new code" in result.stdout
    assert not any(process.is_running() for process in workers)
    assert all(process.is_running() for process in [*jobs, *web] if process not in workers)
    assert "ended unexpectedly" not in running.read()
    assert running.get("/login/login/")[0] == 200


def test_a_killed_web_server_comes_back(running):
    gunicorn = running.processes("heapadmin.gunicorn_conf")

    for process in gunicorn:
        process.kill()

    assert eventually(lambda: "The web server ended unexpectedly" in running.read())
    assert running.get("/login/login/")[0] == 200  # waits in the listening socket meanwhile


def test_a_killed_postgresql_comes_back(running):
    postmaster = min(running.processes("bin/postgres"), key=lambda process: process.create_time())

    postmaster.kill()

    assert eventually(lambda: "PostgreSQL ended unexpectedly" in running.read())
    assert eventually(lambda: running.get("/readyz")[0] == 200)


def test_a_server_of_ones_own_is_used_and_left_running(tmp_path):
    server = PrivatePostgres(tmp_path / "server", durable=False, say=lambda words: None)
    server.start()
    url = f"postgres://heapadmin@/{quote(str(server.socket_dir))}/heapadmin"
    installation = Installation(tmp_path / "data", DATABASE_URL=url)
    try:
        installation.start()

        assert installation.get("/readyz") == (200, "ok\n")
        assert not (installation.folder / "postgres").exists()
        assert installation.stop() == 0
        assert server.is_alive()
    finally:
        installation.end()
        server.stop()


def test_an_unknown_database_server_is_told_in_words(tmp_path):
    installation = Installation(tmp_path / "data", DATABASE_URL="postgres://nobody@127.0.0.1:1/none")

    result = installation.run("standalone")

    assert result.returncode == 1
    assert "The database does not answer" in result.stderr
    assert "Traceback" not in result.stderr


def test_a_command_without_a_database_says_how_to_start_one(tmp_path):
    result = Installation(tmp_path / "data").run("createaccount", "--email=a@b.cd", "--password=x", "--account=A")

    assert result.returncode == 1
    assert "start it with `make run`" in result.stderr


def test_make_run_uses_the_standalone_command():
    plan = subprocess.run(["make", "--dry-run", "run"], capture_output=True, text=True, check=True)

    assert "manage.py standalone" in plan.stdout
