"""A running collector for the whole session, and environments in it."""

import pytest

from tests.servers import CollectingServer, served_database


@pytest.fixture(scope="session")
def collecting_server(django_db_setup, django_db_blocker, tmp_path_factory):
    """Two gunicorn workers with pages and collector, on a database of their own."""
    with served_database(django_db_blocker) as url:
        server = CollectingServer(url, tmp_path_factory.mktemp("collecting")).start()
        yield server
        server.stop()


@pytest.fixture
def server(collecting_server, django_db_blocker):
    with django_db_blocker.unblock():
        yield collecting_server


@pytest.fixture
def environment(server):
    """An environment that nobody else uses."""
    return server.make_environment()
