"""Databases that have settings of their own: they work, or are refused in a sentence."""

import os
import re
import subprocess
import sys
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings

from heapadmin.given_settings import sessions
from tests.servers import CollectingServer, conninfo_of, manage, served_database, sibling_url

pytestmark = pytest.mark.timeout(180)
OWN = {
    "datestyle": "German, DMY",
    "timezone": "Asia/Tokyo",
    "client_encoding": "latin1",
    "intervalstyle": "sql_standard",
    "bytea_output": "escape",
    "extra_float_digits": "0",
    "lc_numeric": "C",
}


@pytest.fixture(scope="module")
def url(django_db_blocker):
    with served_database(django_db_blocker) as made:
        yield made


@pytest.fixture
def having(url):
    """Gives the database settings of its own until the test is over."""
    name = conninfo_of(url).partition("dbname=")[2].split()[0]

    def having(**own):
        with psycopg.connect(conninfo_of(url), autocommit=True) as connection:
            for setting, value in own.items():
                connection.execute(f"alter database \"{name}\" set {setting} = '{value}'")

    yield having
    with psycopg.connect(conninfo_of(url), autocommit=True) as connection:
        connection.execute(f'alter database "{name}" reset all')


def test_forms_of_times_and_texts_of_its_own_change_nothing(url, having, tmp_path):
    """The collector, pages, the check of `/readyz`, and PostgreSQL's programs all connect by themselves."""
    having(**OWN)
    server = CollectingServer(url, tmp_path, workers=1).collect_static().start()
    try:
        environment = server.make_environment()
        event = {
            "app_id": environment.app_id,
            "identity": "žofie",
            "event": "Účet 🙂",
            "timestamp": "2026-03-04T05:06:07Z",
        }

        assert server.post("/api/track", event).status == 200
        assert server.events(environment) == [("Účet 🙂",)]
        assert server.events(environment, "extract(epoch from time)::int") == [(1772600767,)]
        assert server.request("GET", "/readyz").status == 200
        assert server.request("GET", "/login/login/").status == 200
        assert server.request("GET", "/status/").status == 200
        manage(url, "backup", str(tmp_path / "one.backup"))
    finally:
        server.stop()
    manage(url, "restore", "--yes", str(tmp_path / "one.backup"))
    assert server.events(environment, "extract(epoch from time)::int") == [(1772600767,)]
    assert "Traceback" not in server.log.read_text()


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("standard_conforming_strings", "off"),
        ("array_nulls", "off"),
        ("default_transaction_isolation", "repeatable read"),
    ],
)
def test_what_would_change_the_meaning_of_statements_is_refused(url, having, tmp_path, name, value):
    having(**{name: value})

    for command in (["manage.py", "migrate"], ["-m", "gunicorn", "-c", "python:heapadmin.gunicorn_conf"]):
        result = start(command, url, tmp_path)

        assert result.returncode == 1
        assert f"has {name} = {value}, and Heapadmin needs " in result.stderr
        assert f"alter database … reset {name}" in result.stderr
        assert "Traceback" not in result.stderr


def test_a_database_that_does_not_keep_every_script_is_refused(url):
    name = "of_letters"
    with psycopg.connect(conninfo_of(sibling_url("postgres")), autocommit=True) as admin:
        admin.execute(f"create database {name} encoding 'latin1' locale 'C' template template0")
        try:
            with psycopg.connect(conninfo_of(sibling_url(name))) as connection:
                assert "has server_encoding = LATIN1, and Heapadmin needs UTF8" in sessions.unfit(connection)
        finally:
            admin.execute(f"drop database {name} with (force)")


@pytest.mark.parametrize("form", ["socket", "query", "two hosts"])
def test_each_way_to_name_a_database_reaches_it(url, tmp_path, form):
    found = dict(part.split("=", 1) for part in conninfo_of(url).split())
    if "host" not in found or not found["host"].startswith("/"):
        pytest.skip("The tests' database has no socket.")
    folder, place = found["host"], quote(found["host"], safe="")
    named = {
        "socket": f"postgres://{found['user']}@{place}/{found['dbname']}",
        "query": f"postgres://{found['user']}@/{found['dbname']}?host={folder}&application_name=ours",
        "two hosts": f"postgres://{found['user']}@%2Fnowhere,{place}/{found['dbname']}?target_session_attrs=read-write",
    }

    result = start(["manage.py", "migrate", "--check"], named[form], tmp_path)
    backup = start(["manage.py", "backup", str(tmp_path / "one.backup")], named[form], tmp_path)

    assert (result.returncode, result.stderr) == (0, "")
    assert (backup.returncode, backup.stderr) == (0, "")


def test_options_of_the_address_stay_beside_our_time_limits(url, tmp_path):
    asked = start(["manage.py", "shell", "-v0", "-c", OPTIONS], f"{url}?options=-c%20work_mem%3D77MB", tmp_path)

    assert re.findall(r"\S+", asked.stdout) == ["77MB", "3s", "200", "ok"], asked.stderr


OPTIONS = """
from common.database import impatient_connection
from heapadmin.health import probe
with impatient_connection(connect_seconds=2, statement_seconds=3) as connection:
    print(*[connection.execute(f"show {name}").fetchone()[0] for name in ("work_mem", "statement_timeout")])
print(*probe.verdict())
"""


def start(command, url, folder):
    return subprocess.run(
        [sys.executable, *command],
        cwd=settings.BASE_DIR,
        env=os.environ | {"DATABASE_URL": url, "DATA_DIR": str(folder)},
        capture_output=True,
        text=True,
        timeout=60,
    )
