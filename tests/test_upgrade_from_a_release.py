"""The last release, with data: restored and migrated by this code, it says what it said, and goes on.

tests/releases/installation.py says how it is kept, and how to take a newer one.
"""

import json
import lzma
import os
import subprocess
import sys

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from tests.releases.installation import PERSON, WORKS_WITH
from tests.servers import conninfo_of, sibling_url

FOLDER = settings.BASE_DIR / "tests" / "releases"
MOST_BYTES = 200_000
BEFORE = json.loads((FOLDER / "last.json").read_text())


@pytest.fixture(scope="module")
def upgraded(django_db_setup, django_db_blocker, tmp_path_factory):
    """Runs commands of this code on the upgraded installation; it has a database and a data folder of its own."""
    folder = tmp_path_factory.mktemp("release")
    (folder / "last.backup").write_bytes(lzma.decompress((FOLDER / "last.backup.xz").read_bytes()))
    with django_db_blocker.unblock():
        name = f"{connection.settings_dict['NAME']}_release"
    with psycopg.connect(conninfo_of(sibling_url("postgres")), autocommit=True) as admin:
        admin.execute(f'drop database if exists "{name}" with (force)')
        admin.execute(f'create database "{name}"')
        environment = os.environ | WORKS_WITH | {"DATABASE_URL": sibling_url(name), "DATA_DIR": str(folder / "data")}
        environment["DEBUG"] = "on"  # pages need no compressed files then

        def run(*command):
            done = subprocess.run(
                [sys.executable, *command], cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True
            )
            assert done.returncode == 0, done.stdout + done.stderr
            return done.stdout

        run.url = sibling_url(name)
        try:
            run("manage.py", "restore", "--yes", str(folder / "last.backup"))
            yield run
        finally:
            admin.execute(f'drop database "{name}" with (force)')


def rows(upgraded, sql):
    with psycopg.connect(conninfo_of(upgraded.url)) as there:
        return there.execute(sql).fetchall()


def renamed(answer):
    """An answer of before, with the names that columns have now."""
    now = {"\ufeffCohort,People,Week 1": "\ufeffWeek from,People,Came back in week 1"}
    return [now.get(str(line), line) for line in answer] if isinstance(answer, list) else answer


def test_logins_keys_reports_and_jobs_are_what_they_were(upgraded):
    said = json.loads(upgraded("tests/releases/installation.py", "say"))

    assert said == {name: renamed(answer) for name, answer in BEFORE["answers"].items()}
    assert said["signed in"] == 302
    assert len(said["Everybody"]) > 50  # there is something to compare
    assert [task for task, _ in said["jobs that wait"]] == ["collector.delete_people"]


def test_a_job_of_before_is_done_by_the_new_worker(upgraded):
    before = rows(upgraded, PERSON)

    upgraded("manage.py", "procrastinate", "worker", "--one-shot")

    done = rows(upgraded, "select status from procrastinate_jobs where task_name = 'collector.delete_people'")
    assert done == [("succeeded",)]
    assert before == [(BEFORE["person"],)] != rows(upgraded, PERSON)


def test_a_release_is_kept_in_little_room():
    assert sum(file.stat().st_size for file in FOLDER.glob("last.*")) < MOST_BYTES
