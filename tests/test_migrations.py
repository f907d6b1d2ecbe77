"""Migrations are frozen: a released one never changes, and every installation comes to the schema of a fresh one.

tests/installations holds early installations, as the schema and the list of migrations that had run there.
"""

import ast
import difflib
import hashlib
import re
import subprocess
import sys
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
DIGESTS = ROOT / "tests" / "migrations.sha256"  # `sha256sum -c` reads it too
INSTALLATIONS = ROOT / "tests" / "installations"
EARLY_ROLLUPS = import_module("analytics.migrations.0004_early_rollups")

MAY_IMPORT = {"django", *sys.stdlib_module_names}
MODELS_DEFAULT = ("projects/migrations/0001_first.py", "projects.models")  # Django compares it with the model's own
READS_BESIDE = 'SQL = Path(__file__).parent / "sql"'


# --- A released migration stays as it is ----------------------------------------------------------------------------
def migrations():
    """The files that decide what migrations do, by path."""
    found = [file for file in ROOT.glob("*/migrations/**/*") if file.is_file() and "__pycache__" not in file.parts]
    return {file.relative_to(ROOT).as_posix(): file for file in sorted(found) if file.name != "__init__.py"}


def released():
    """Digest and path, as released."""
    return [line.split() for line in DIGESTS.read_text().splitlines()]


def test_a_released_migration_never_changes():
    now = {path: hashlib.sha256(file.read_bytes()).hexdigest() for path, file in migrations().items()}
    changed = [path for digest, path in released() if now.get(path) != digest]

    assert not changed, (
        f"Released, and changed or gone since: {', '.join(changed)}. Installations that ran it keep what it did then: "
        "put it back, and write a new migration. (On no branch but yours? Renew its line in tests/migrations.sha256.)"
    )


def test_a_new_migration_is_frozen():
    new = migrations().keys() - {path for _, path in released()}

    assert not new, f"When it does what it should: sha256sum {' '.join(sorted(new))} >> tests/migrations.sha256"


def test_migrations_depend_on_nothing_that_changes():
    """Code of ours changes, and so do files elsewhere: a migration says all itself, or reads what lies beside it."""
    found = []
    for path, file in migrations().items():
        if file.suffix != ".py":
            continue
        text = file.read_text()
        found += [(path, name) for name in imported(text) if name.split(".")[0] not in MAY_IMPORT]
        found += [(path, line) for line in re.findall(r".*\b(?:Path|open)\(.*", text) if line != READS_BESIDE]

    assert found == [MODELS_DEFAULT]


def imported(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield node.module or "."


# --- Every way leads to one schema ----------------------------------------------------------------------------------
@pytest.fixture(scope="module")
def fresh(django_db_setup, django_db_blocker):
    """The URL of a database that was migrated from nothing: a copy of the one that other tests use."""
    with served_database(django_db_blocker) as url:
        yield url


@contextmanager
def installation(name):
    """The URL of an early installation as it was. `fresh` has made its name differ from those of other processes."""
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


@pytest.mark.parametrize("name", sorted(file.stem for file in INSTALLATIONS.iterdir()))
def test_an_upgraded_database_has_the_schema_of_a_fresh_one(fresh, name):
    with installation(name) as url:
        manage(url, "migrate", "--verbosity=0")

        found = differences(fresh, url)

    assert not found, found


def test_days_that_were_counted_in_an_older_form_are_counted_again(fresh):
    with installation("before_edits") as url:
        with psycopg.connect(conninfo_of(url)) as there:
            there.execute(EARLY_ROLLUPS.MEND)

        kept = ask(url, "select (select count(*) from rollup_days), (select count(*) from rollup_values)")

    assert kept == [(0, 0)]


@pytest.mark.django_db
def test_days_that_were_counted_in_todays_form_stay():
    environment = EnvironmentFactory()
    with connection.cursor() as cursor:
        cursor.execute("insert into rollup_days values (%s, '2026-11-21', '2026-11-22', true, true)", [environment.pk])

        cursor.execute(EARLY_ROLLUPS.MEND)

    assert rows("select environment_id from rollup_days") == [(environment.pk,)]


def test_what_sql_made_goes_back_and_comes_again(fresh, django_db_blocker):
    with served_database(django_db_blocker) as url:
        manage(url, "migrate", "events", "zero", "--verbosity=0")
        gone = ask(url, "select to_regclass('events'), to_regclass('rollup_days'), to_regproc('collect')")
        manage(url, "migrate", "--verbosity=0")

        assert gone == [(None, None, None)]
        found = differences(fresh, url)

        assert not found, found
