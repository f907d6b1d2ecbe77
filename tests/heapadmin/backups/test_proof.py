"""`manage.py restore --check` proves a file, and touches nothing."""

import os
import re

import psycopg
import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from common.database import conninfo
from heapadmin.backups import dump, proof
from heapadmin.deployment import DATABASE_SUPERUSER
from heapadmin.postgres import PostgresError, PrivatePostgres
from tests.analytics.rows import add_event
from tests.factories import EnvironmentFactory

pytestmark = [pytest.mark.django_db(transaction=True), pytest.mark.timeout(180)]


@pytest.fixture
def file(tmp_path):
    """A backup of three events of two people."""
    environment = EnvironmentFactory()
    for actor in (1, 1, 2):
        add_event(environment, actor_id=actor)
    with connection.cursor() as cursor:
        cursor.execute("insert into people (environment_id, actor_id) values (%s, 1), (%s, 2)", [environment.pk] * 2)
    dump.write(tmp_path / "file")
    return tmp_path / "file"


def checked(file, capsys):
    call_command("restore", "--check", str(file))
    return capsys.readouterr().out


def test_a_good_one_is_proved_by_restoring_it_elsewhere(file, capsys, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    with connection.cursor() as cursor:
        cursor.execute("delete from events")

    said = checked(file, capsys)

    assert "It holds 3 events, 2 people, 1 account," in said
    assert re.search(r"support\.\d{4}_\w+", said)
    assert "It was restored into a PostgreSQL of its own" in said
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from events")
        assert cursor.fetchone() == (0,)


def test_where_no_server_starts_it_is_read_to_its_end(file, capsys, monkeypatch):
    monkeypatch.setattr(PrivatePostgres, "start", lambda self: (_ for _ in ()).throw(PostgresError("No room.")))

    said = checked(file, capsys)

    assert "It holds 3 events, 2 people, 1 account," in said
    assert "It was read to its end, and not restored: No room." in said


@pytest.mark.parametrize("share", [0.0, 0.3, 0.9, 0.999])
def test_one_that_was_cut_is_no_good_backup(file, share):
    os.truncate(file, int(file.stat().st_size * share))

    with pytest.raises(CommandError, match="is no good backup"):
        call_command("restore", "--check", str(file))


def test_one_that_can_be_read_and_not_be_restored_is_found(file, tmp_path):
    with psycopg.connect(conninfo(), user=DATABASE_SUPERUSER) as database:
        database.execute("set session_replication_role = replica")  # which checks no foreign keys
        database.execute("update projects_project set account_id = account_id + 1000")
    dump.write(tmp_path / "broken")

    with pytest.raises(CommandError, match=r"broken was not restored: .*foreign key"):
        call_command("restore", "--check", str(tmp_path / "broken"))


def test_one_of_a_newer_version_is_refused(tmp_path):
    with connection.cursor() as cursor:
        cursor.execute("insert into django_migrations (app, name, applied) values ('events', '9999_later', now())")
    try:
        dump.write(tmp_path / "file")
    finally:
        with connection.cursor() as cursor:
            cursor.execute("delete from django_migrations where name = '9999_later'")

    with pytest.raises(CommandError, match=r"newer version of Heapadmin.*events\.9999_later"):
        call_command("restore", "--check", str(tmp_path / "file"))


@pytest.mark.parametrize("content", [None, b"", b"no backup at all" * 100])
def test_what_is_no_backup_is_refused_in_words(tmp_path, content):
    file = tmp_path / "file"
    if content is not None:
        file.write_bytes(content)

    with pytest.raises(CommandError, match=r"There is no file|is no good backup"):
        call_command("restore", "--check", str(file))


def test_it_stops_before_the_disk_is_full(file, monkeypatch):
    monkeypatch.setattr("common.disk.is_full", lambda folder: True)

    with pytest.raises(dump.BackupError, match="no room left"):
        proof.prove(file)
