"""Every installation comes to the schema of a fresh one.

tests/installations holds early installations, as the schema and the list of migrations that had run there.
"""

import difflib
import re
import subprocess
from contextlib import contextmanager
from importlib import import_module

import psycopg
import pytest
from django.conf import settings
from django.db import connection

from heapadmin.postgres import programs
from tests.events.making import rows
from tests.factories import EnvironmentFactory
from tests.servers import conninfo_of, manage, served_database, sibling_url

ROOT = settings.BASE_DIR
INSTALLATIONS = ROOT / "tests" / "installations"


@pytest.fixture(scope="module")
def fresh(django_db_setup, django_db_blocker):
    """The URL of a database that was migrated from nothing: a copy of the one that other tests use."""
    with served_database(django_db_blocker) as url:
        yield url


@pytest.fixture(scope="module")
def upgraded(request, fresh):
    """The URL of an early installation, named by the test, that has been migrated."""
    with installation(request.param) as url:
        manage(url, "migrate", "--verbosity=0")
        yield url


@contextmanager
def installation(name):
    database = f"{connection.settings_dict['NAME']}_{name}"
    with psycopg.connect(conninfo_of(sibling_url("postgres")), autocommit=True) as admin:
        admin.execute(f'drop database if exists "{database}" with (force)')
        admin.execute(f'create database "{database}"')
        try:
            with psycopg.connect(conninfo_of(sibling_url(database))) as there:
                there.execute((INSTALLATIONS / f"{name}.sql").read_text())
            yield sibling_url(database)
        finally:
            admin.execute(f'drop database "{database}" with (force)')


def ask(url, sql, *parameters):
    with psycopg.connect(conninfo_of(url)) as there:
        return there.execute(sql, parameters).fetchall()


def have_the_same_months(*urls):
    """Which months have partitions depends on the day of the installation: give each those of all."""
    month = "to_date(substring(relname from '^events_(...._..)$'), 'YYYY_MM')"
    months = [ask(url, f"select min({month}), max({month}) from pg_class where relkind = 'r'")[0] for url in urls]
    first, last = min(first for first, _ in months), max(last for _, last in months)
    for url in urls:
        ask(url, "select ensure_event_partitions(%s, %s)", first, last)


def schema(url):
    command = [programs() / "pg_dump", "--schema-only", f"--dbname={conninfo_of(url)}"]
    text = subprocess.run(command, check=True, capture_output=True, text=True).stdout
    text = re.sub(r"(?m)^\\(un)?restrict .*$", "", text)  # with a key that is another each time
    return re.sub(r"\(ARRAY\[(.*?)\]\)::text\[\]", each_cast, text).splitlines()


def each_cast(found):
    """PostgreSQL spells a restored `in ('a', 'b')` of a varchar in this way, and one that it was given in another."""
    return f"ARRAY[{', '.join(f'({value})::text' for value in found[1].split(', '))}]"


def differences(one, other):
    have_the_same_months(one, other)
    return "\n".join(difflib.unified_diff(schema(one), schema(other), lineterm=""))


@pytest.mark.parametrize("upgraded", sorted(file.stem for file in INSTALLATIONS.iterdir()), indirect=True)
def test_an_upgraded_database_has_the_schema_of_a_fresh_one(fresh, upgraded):
    found = differences(fresh, upgraded)

    assert not found, found


@pytest.mark.parametrize("upgraded", ["before_edits"], indirect=True)
def test_days_that_were_counted_in_an_older_form_are_counted_again(upgraded):
    kept = "select (select count(*) from rollup_days), (select count(*) from rollup_values), complete from rollup_marks"

    assert ask(upgraded, kept) == [(0, 0, False)]


@pytest.mark.django_db
def test_days_that_were_counted_in_todays_form_stay():
    environment = EnvironmentFactory()
    mend = import_module("analytics.migrations.0004_early_rollups").MEND
    with connection.cursor() as cursor:
        cursor.execute("insert into rollup_days values (%s, '2026-11-21', '2026-11-22', true, true)", [environment.pk])

        cursor.execute(mend)

    assert rows("select environment_id from rollup_days") == [(environment.pk,)]


def test_what_sql_made_goes_back_and_comes_again(fresh, django_db_blocker):
    with served_database(django_db_blocker) as url:
        manage(url, "migrate", "events", "zero", "--verbosity=0")
        gone = ask(url, "select to_regclass('events'), to_regclass('rollup_days'), to_regproc('collect')")
        manage(url, "migrate", "--verbosity=0")

        assert gone == [(None, None, None)]
        found = differences(fresh, url)

        assert not found, found
