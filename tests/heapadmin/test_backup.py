import os
import subprocess
import sys

import psycopg
import pytest
from django.conf import settings

from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres
from tests.heapadmin.running import Installation

pytestmark = pytest.mark.timeout(180)


@pytest.fixture(scope="module")
def data_dir(tmp_path_factory):
    """A data folder whose private PostgreSQL was migrated once, and runs."""
    folder = tmp_path_factory.mktemp("backup") / "data"
    server = PrivatePostgres(folder / "postgres", durable=False, say=lambda words: None)
    server.start()
    result = manage(folder, "migrate", "-v0")
    assert result.returncode == 0, result.stderr
    yield folder
    server.stop()


def manage(data_dir, *arguments, url=None):
    """A command that is told of the server by DATABASE_URL."""
    environment = {**os.environ, "DATABASE_URL": url or private_database_url(data_dir), "DATA_DIR": str(data_dir)}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *arguments]
    return subprocess.run(command, env=environment, capture_output=True, text=True)


def ask(data_dir, question):
    """The rows of `question`, or None when it gives none."""
    with psycopg.connect(PrivatePostgres(data_dir / "postgres").conninfo()) as connection:
        cursor = connection.execute(question)
        return cursor.fetchall() if cursor.description else None


def test_what_was_backed_up_comes_back(data_dir, tmp_path):
    file = tmp_path / "file"
    ask(data_dir, "CREATE TABLE probe AS SELECT 'before' AS state")
    assert manage(data_dir, "backup", str(file)).returncode == 0
    ask(data_dir, "UPDATE probe SET state = 'after'")
    ask(data_dir, "CREATE TABLE of_a_later_version (id int)")

    result = manage(data_dir, "restore", "--yes", str(file))

    assert result.returncode == 0, result.stderr
    assert ask(data_dir, "SELECT state FROM probe") == [("before",)]
    assert ask(data_dir, "SELECT to_regclass('of_a_later_version')") == [(None,)]


@pytest.mark.parametrize("share", [0.0, 0.2, 0.5])
def test_a_damaged_backup_changes_nothing(data_dir, tmp_path, share):
    file = tmp_path / "file"
    manage(data_dir, "backup", str(file))
    ask(data_dir, "CREATE TABLE IF NOT EXISTS newer (id int)")
    file.write_bytes(file.read_bytes()[: int(file.stat().st_size * share)])

    result = manage(data_dir, "restore", "--yes", str(file))

    assert result.returncode == 1
    assert "nothing has changed" in result.stderr
    assert ask(data_dir, "SELECT count(*) FROM newer") == [(0,)]


def test_a_backup_overwrites_nothing(data_dir, tmp_path):
    file = tmp_path / "precious"
    file.write_text("data")

    result = manage(data_dir, "backup", str(file))

    assert "never overwrites" in result.stderr
    assert file.read_text() == "data"


def test_a_backup_that_fails_leaves_no_file(data_dir, tmp_path):
    result = manage(data_dir, "backup", str(tmp_path / "file"), url="postgres://x@127.0.0.1:1/x")

    assert "pg_dump failed" in result.stderr
    assert list(tmp_path.iterdir()) == []


def test_restoring_asks_first(data_dir):
    environment = {**os.environ, "DATABASE_URL": private_database_url(data_dir), "DATA_DIR": str(data_dir)}
    command = [sys.executable, str(settings.BASE_DIR / "manage.py"), "restore", os.devnull]

    result = subprocess.run(command, env=environment, input="no\n", capture_output=True, text=True)

    assert "Nothing has changed." in result.stderr


def test_the_private_server_is_started_for_it_and_stopped_again(tmp_path):
    installation = Installation(tmp_path / "data")

    result = installation.run("backup", str(tmp_path / "file"))

    assert result.returncode == 0, result.stderr
    assert (tmp_path / "file").exists()
    assert installation.processes() == []
