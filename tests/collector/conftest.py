"""A running collector for the whole session, and environments in it."""

import pytest

from tests.servers import CollectingServer, served_database

RUNNING = []


@pytest.fixture(scope="session")
def collecting_server(django_db_setup, django_db_blocker, tmp_path_factory):
    """Two gunicorn workers with pages and collector, on a database of their own.

    One for all: tests/browser takes these fixtures over by import, which pytest takes for others of the same name.
    """
    if RUNNING:
        yield RUNNING[0]
        return
    with served_database(django_db_blocker) as url:
        many = {"READ_REQUESTS_PER_MINUTE": "10000"}  # schemathesis asks on and on
        RUNNING.append(CollectingServer(url, tmp_path_factory.mktemp("collecting"), **many).collect_static().start())
        yield RUNNING[0]
        RUNNING.pop().stop()


@pytest.fixture
def server(collecting_server, django_db_blocker):
    with django_db_blocker.unblock():
        yield collecting_server


@pytest.fixture
def environment(server):
    """An environment that no other test uses."""
    return server.make_environment()
