"""A real database of another version: newer ones are refused, and one in use is backed up before it changes."""

import os
import stat
import subprocess
import sys
import time
from threading import Event, Thread

import psycopg
import pytest
from django.conf import settings

from heapadmin import upgrades
from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres, programs
from tests.heapadmin.running import Installation
from tests.ports import free_port
from tests.small_disk import small_disk

pytestmark = pytest.mark.timeout(180)
BEFORE = ("collector", "0005")  # without its last migration


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    folder = tmp_path_factory.mktemp("upgrades")
    server = PrivatePostgres(folder / "postgres", durable=False, say=lambda words: None)
    server.start()
    yield server
    server.stop()


@pytest.fixture
def data_dir(tmp_path):
    folder = tmp_path / "data"
    folder.mkdir()
    return folder


@pytest.fixture
def manage(server, data_dir):
    def manage(*arguments, wait=True):
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
        return run(command, server, data_dir, wait=wait)

    return manage


def run(command, server, data_dir, *, wait=True):
    environment = os.environ | {
        "DATABASE_URL": private_database_url(server.folder.parent),
        "DATA_DIR": str(data_dir),
        "BACKUP_BEFORE_UPGRADE": "on",
    }
    process = subprocess.Popen(
        command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, cwd=settings.BASE_DIR
    )
    return finished(process) if wait else process


def finished(process):
    """Exit status and everything that it wrote."""
    written, _ = process.communicate(timeout=120)
    return process.returncode, written


@pytest.fixture
def migrated(manage):
    status, written = manage("migrate", "-v0", "--without-backup")
    assert status == 0, written


@pytest.fixture
def one_version_back(manage, migrated):
    status, written = manage("migrate", *BEFORE, "-v0", "--without-backup")
    assert status == 0, written


@pytest.fixture
def newer(server, migrated):
    """A version of the future has been here."""
    with psycopg.connect(server.conninfo(), autocommit=True) as database:
        database.execute("insert into django_migrations (app, name, applied) values ('events', '9999_later', now())")
        yield
        database.execute("delete from django_migrations where name = '9999_later'")


def backups(data_dir):
    return sorted(data_dir.glob("backups/*"))


# --- A newer database ---------------------------------------------------------------------------------------------
@pytest.mark.parametrize(
    "command",
    [
        ["manage.py", "migrate"],
        ["manage.py", "standalone"],
        ["manage.py", "procrastinate", "worker"],
        ["manage.py", "runserver", "--noreload"],
        ["-m", "gunicorn", "-c", "python:heapadmin.gunicorn_conf"],
        ["-m", "gunicorn", "-c", "python:heapadmin.gunicorn_conf", "heapadmin.collector_asgi:application"],
        ["-m", "gunicorn", "-c", "python:heapadmin.gunicorn_wsgi_conf"],
    ],
    ids=" ".join,
)
def test_a_newer_database_is_refused_in_words(newer, server, data_dir, monkeypatch, command):
    monkeypatch.setenv("PORT", str(free_port()))

    status, written = run([sys.executable, *command], server, data_dir)

    assert status != 0
    assert "made by a newer version of Heapadmin: this one does not know events.9999_later." in written
    assert "Traceback" not in written
    assert backups(data_dir) == []


def test_a_backup_of_a_newer_database_is_not_restored(newer, server, manage, tmp_path):
    file = tmp_path / "newer.backup"
    assert manage("backup", str(file))[0] == 0
    with psycopg.connect(server.conninfo(), autocommit=True) as database:
        database.execute("create table still_there ()")

        status, written = manage("restore", "--yes", str(file))

        assert status != 0
        assert "does not know events.9999_later" in written
        assert database.execute("select to_regclass('still_there') is not null").fetchone() == (True,)
        database.execute("drop table still_there")


def test_a_database_that_does_not_answer_refuses_nothing(monkeypatch):
    monkeypatch.setattr(upgrades, "conninfo", lambda: "host=/nowhere")

    upgrades.refuse_a_newer_database()


# --- The backup before an upgrade ---------------------------------------------------------------------------------
def test_a_new_installation_makes_no_backup(data_dir):
    installation = Installation(data_dir, BACKUP_BEFORE_UPGRADE="on")
    try:
        installation.start()
        assert backups(data_dir) == []
    finally:
        installation.end()


def test_an_upgrade_makes_a_backup_first(one_version_back, manage, data_dir):
    status, written = manage("migrate", "-v0")

    assert status == 0, written
    (file,) = backups(data_dir)
    assert f"Backed up to {file}" in written
    assert (stat.S_IMODE(file.parent.stat().st_mode), stat.S_IMODE(file.stat().st_mode)) == (0o700, 0o600)
    content = subprocess.run([programs() / "pg_restore", "--list", file], capture_output=True, text=True, check=True)
    assert "TABLE DATA public django_migrations" in content.stdout
    assert manage("migrate", "-v0") == (0, "")


def test_of_several_that_start_at_once_one_makes_a_backup_and_all_succeed(one_version_back, manage, data_dir):
    at_once = [manage("migrate", "-v0", wait=False) for _ in range(3)]

    assert [finished(process)[0] for process in at_once] == [0, 0, 0]
    assert len(backups(data_dir)) == 1


def test_an_index_is_built_concurrently_while_one_upgrades_and_another_waits(migrated, server, monkeypatch):
    monkeypatch.setattr(upgrades, "conninfo", server.conninfo)
    had_its_turn = Event()

    def wait():
        with upgrades.one_at_a_time(lambda words: None):
            had_its_turn.set()

    waiting = Thread(target=wait)
    with psycopg.connect(server.conninfo(), autocommit=True) as database:
        with upgrades.one_at_a_time(lambda words: None):
            waiting.start()
            assert not had_its_turn.wait(1)
            database.execute("set lock_timeout = '5s'")
            database.execute("create index concurrently beside_others on people (identity)")
        database.execute("drop index beside_others")
    waiting.join(10)
    assert had_its_turn.is_set()


def test_the_lock_of_an_upgrade_is_no_transaction(server, monkeypatch):
    """A server may end one that is idle, and so an upgrade that takes long."""
    monkeypatch.setattr(upgrades, "conninfo", server.conninfo)
    holder = "select state from pg_stat_activity where pid in (select pid from pg_locks where locktype = 'advisory')"

    with upgrades.one_at_a_time(print), psycopg.connect(server.conninfo()) as database:
        assert database.execute(holder).fetchall() == [("idle",)]


def test_who_waits_for_another_upgrade_is_told(one_version_back, server, manage):
    with psycopg.connect(server.conninfo(), autocommit=True) as other:
        other.execute("select pg_advisory_lock(%s)", [upgrades.LOCK_NUMBER])
        waiting = manage("migrate", "-v0", wait=False)
        assert waiting.stdout.readline() == "Another upgrade of this database runs; waiting for it.\n"

    assert finished(waiting)[0] == 0


def test_the_lock_of_a_long_upgrade_outlasts_what_a_server_allows_idle_sessions(server, monkeypatch):
    monkeypatch.setattr(upgrades, "conninfo", server.conninfo)
    with psycopg.connect(server.conninfo(), autocommit=True) as other:
        other.execute("alter role heapadmin set idle_session_timeout = '100ms'")
        try:
            with upgrades.one_at_a_time(print):
                time.sleep(1)
                is_free = other.execute("select pg_try_advisory_lock(%s)", [upgrades.LOCK_NUMBER]).fetchone()[0]
        finally:
            other.execute("alter role heapadmin reset idle_session_timeout")

    assert not is_free


def test_on_a_full_disk_nothing_is_upgraded_and_with_room_it_is(tmp_path_factory, manage):
    with small_disk(250) as disk:
        server = PrivatePostgres(disk.folder / "postgres", durable=False, say=lambda words: None)
        server.start()
        try:
            command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "migrate", "-v0"]
            back = [*command, *BEFORE, "--without-backup"]
            assert run(command, server, disk.folder)[0] == run(back, server, disk.folder)[0] == 0
            before = applied(server)
            disk.fill()

            status, written = run(command, server, disk.folder)

            assert status != 0 and "so the database was not upgraded" in written
            assert applied(server) == before and backups(disk.folder) == []

            disk.empty()
            assert run(command, server, disk.folder)[0] == 0
            assert len(backups(disk.folder)) == 1 and applied(server) != before
        finally:
            disk.empty()
            server.stop()


def applied(server):
    with psycopg.connect(server.conninfo()) as database:
        return database.execute("select app, name from django_migrations order by app, name").fetchall()


def test_without_a_backup_nothing_is_upgraded(one_version_back, manage, data_dir):
    (data_dir / "backups").write_text("no folder")

    status, written = manage("migrate", "-v0")

    assert status != 0
    assert "so the database was not upgraded" in written
    assert "BACKUP_BEFORE_UPGRADE=off" in written
    assert manage("migrate", "--check")[0] != 0  # something is unapplied


def test_the_last_backups_are_kept(one_version_back, manage, data_dir):
    folder = data_dir / "backups"
    folder.mkdir()
    for year in range(2020, 2026):
        (folder / f"before-upgrade-{year}-01-01-000000-{year}.backup").touch()
    (folder / "before-upgrade-2025-02-02-000000-2025.backup").touch()  # of the same state, so it takes its place
    (folder / "before-upgrade-2025-03-03-000000-2025.backup.unfinished").touch()
    (folder / "mine.backup").touch()

    assert manage("migrate", "-v0")[0] == 0

    kept = [file.name for file in backups(data_dir)]
    assert len(kept) == upgrades.KEPT + 1
    assert "mine.backup" in kept
    assert {"before-upgrade-2024-01-01-000000-2024.backup", "before-upgrade-2025-02-02-000000-2025.backup"} < set(kept)
