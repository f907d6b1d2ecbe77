import pytest
from django.db import connection
from django.db.backends.signals import connection_created

from common import sql_comments


@pytest.fixture
def watched():
    """A connection that was opened while somebody watched it, as the cache does."""
    sql_comments.name_requests()
    before = list(connection.execute_wrappers)
    connection.execute_wrappers.clear()

    def watch(execute, *arguments):
        return execute(*arguments)

    with connection.execute_wrapper(watch):
        connection_created.send(sender=type(connection), connection=connection)
    yield watch
    connection_created.disconnect(dispatch_uid="common.sql_comments")
    connection.execute_wrappers[:] = before


@pytest.mark.django_db
def test_a_connection_that_is_watched_while_it_opens_keeps_its_comments(watched):
    assert connection.execute_wrappers == [sql_comments._commented]
