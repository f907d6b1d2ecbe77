import pytest
from django.db import connection
from django.db.utils import OperationalError

from heapadmin import health


@pytest.mark.django_db
def test_ready_means_that_the_database_answers(client):
    assert client.get("/readyz", headers={"host": "10.1.2.3"}).status_code == 200


@pytest.mark.django_db
def test_not_ready_without_a_database(client, monkeypatch):
    def refuse():
        raise OperationalError("gone")

    monkeypatch.setattr(connection, "cursor", refuse)
    monkeypatch.setattr(health.connection, "close", lambda: None)

    answer = client.get("/readyz")

    assert answer.status_code == 503
    assert b"gone" not in answer.content


def test_healthy_needs_no_database(client):
    answer = client.get("/healthz")

    assert (answer.status_code, answer.content) == (200, b"ok\n")
    assert answer["Cache-Control"] == "no-store"
