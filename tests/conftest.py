"""A private PostgreSQL for the whole run, unless DATABASE_URL names a server; and settings that suit tests."""

import asyncio
import contextlib
import os
import shutil
import tempfile
from pathlib import Path

import psycopg
import pytest
from django.conf import settings
from django.db.backends.postgresql.creation import DatabaseCreation
from django.db.backends.postgresql.operations import DatabaseOperations
from hypothesis import HealthCheck
from hypothesis import settings as hypothesis_settings

from heapadmin.deployment import private_database_url
from heapadmin.postgres import PrivatePostgres
from tests import slow
from tests.postgres_15 import allow_tests

MADE_BY_SQL = """
select relname from pg_class
 where relnamespace = current_schema()::regnamespace and relkind in ('r', 'p') and not relispartition
   and relname <> all(%s)
"""
PRIVATE = pytest.StashKey[tuple[PrivatePostgres, Path]]()

# An example has no deadline: how long it takes says more of what runs beside it.
hypothesis_settings.register_profile("untimed", deadline=None, suppress_health_check=[HealthCheck.too_slow])
hypothesis_settings.load_profile("untimed")


def pytest_addoption(parser):
    parser.addoption("--golden", action="store_true", help="write tests/analytics/golden/*.sql anew")


def pytest_configure(config):
    """Runs in pytest itself and in each worker of pytest-xdist; the workers find DATABASE_URL set by the former."""
    _suit_tests()
    if not hasattr(config, "workerinput"):
        slow.choose(config)
    if settings.PRIVATE_DATABASE and not config.option.collectonly:
        config.stash[PRIVATE] = _start_private_postgres()


def pytest_report_header():
    return slow.in_words()


def pytest_collection_modifyitems(config, items):
    slow.leave_out(config, items)


def pytest_unconfigure(config):
    server, folder = config.stash.get(PRIVATE, (None, None))
    if server is not None:
        server.stop()
        shutil.rmtree(folder, ignore_errors=True)


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    return (yield from _without_the_browsers_loop(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_call(item):
    return (yield from _without_the_browsers_loop(item))


@pytest.hookimpl(wrapper=True)
def pytest_runtest_teardown(item):
    return (yield from _without_the_browsers_loop(item))


def _without_the_browsers_loop(item):
    """Hide the event loop that Playwright keeps in this thread from its first test on.

    Others want to run loops of their own; and Django has other database connections where a loop runs, so all three
    phases of a test must agree. A test of the browser is told by its mark: others may call a fixture `browser` too.
    """
    if item.get_closest_marker("browser"):
        return (yield)
    loop = asyncio._get_running_loop()
    asyncio._set_running_loop(None)
    try:
        return (yield)
    finally:
        asyncio._set_running_loop(loop)


@pytest.fixture(autouse=True, scope="session")
def _views_are_written_when_told():
    """Views of shared links are counted, but no timer writes them while another test runs."""
    from analytics.shared_links import views_count  # noqa: PLC0415  the apps are ready only now

    views_count.writer.adding = contextlib.nullcontext


def _suit_tests():
    """Static files go by their own names, since none were collected; whitenoise wants the folder all the same."""
    settings.STORAGES["staticfiles"]["BACKEND"] = "django.contrib.staticfiles.storage.StaticFilesStorage"
    settings.STATIC_ROOT.mkdir(parents=True, exist_ok=True)
    _empty_tables_with_what_hangs_on_them()
    _drop_databases_that_are_still_connected_to()


def _drop_databases_that_are_still_connected_to():
    """At the end of a run a thread of pytest-django's live server may still hold its connection."""

    def drop(self, name, verbosity):
        with self._nodb_cursor() as cursor:
            cursor.execute(f"DROP DATABASE {self.connection.ops.quote_name(name)} WITH (FORCE)")

    DatabaseCreation._destroy_test_db = drop


def _empty_tables_with_what_hangs_on_them():
    """After a test that commits Django empties its models' tables; here those made by SQL too, jobs among them."""
    sql_flush = DatabaseOperations.sql_flush

    def flush_all(self, style, tables, *, reset_sequences=False, allow_cascade=False):
        with self.connection.cursor() as cursor:
            cursor.execute(MADE_BY_SQL, [[*tables, "django_migrations"]])
            others = [name for (name,) in cursor.fetchall()]
        return sql_flush(self, style, [*tables, *others], reset_sequences=reset_sequences, allow_cascade=True)

    DatabaseOperations.sql_flush = flush_all


def _start_private_postgres():
    """Start a server that keeps nothing, and make it the one that this run and all it starts will use."""
    folder = Path(tempfile.mkdtemp(prefix="heapadmin-tests-"))
    server = PrivatePostgres(folder / "postgres", durable=False, say=lambda words: None)
    server.start()
    with psycopg.connect(server.superuser_conninfo("postgres"), autocommit=True) as superuser:
        allow_tests(superuser)
    url = private_database_url(folder)
    os.environ["DATABASE_URL"] = settings.DATABASE_URL = url
    os.environ["BACKUP_BEFORE_UPGRADE"], settings.BACKUP_BEFORE_UPGRADE = "off", False
    os.environ["DATA_DIR"] = str(folder / "data")
    settings.DATA_DIR = folder / "data"
    settings.DATA_DIR.mkdir()
    settings.PRIVATE_DATABASE = False
    settings.DATABASES["default"]["HOST"] = str(server.socket_dir)
    return server, folder
