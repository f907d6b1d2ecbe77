"""Hostile bodies: never a 5xx, never half of a request stored, and nobody else's request spoilt."""

import http.client
import threading

import pytest

from collector.decide import Request, decide
from events import batch
from tests.collector.asking import APP_ID, ENVIRONMENTS, NOW, OUTSIDE, UNLIMITED
from tests.collector.hostile import bodies

ALLOWED = {200, 400, 413, 415}


def decided(headers, body):
    names = {name.lower().encode(): value.encode("latin-1", "replace") for name, value in headers.items()}
    return decide(Request("POST", "/api/track", names, body, OUTSIDE, NOW), ENVIRONMENTS, UNLIMITED)


def test_there_are_enough_of_them():
    assert len(list(bodies(APP_ID))) >= 300


def test_the_pure_function_answers_each_and_makes_nothing_of_what_it_refuses():
    for headers, body in bodies(APP_ID):
        decision = decided(headers, body)

        assert decision.answer.status in ALLOWED, body[:200]
        assert decision.answer.status == 200 or not decision.records
        assert decision.answer.body.isascii()
        batch.arguments(decision.records)


@pytest.mark.parametrize("with_others", [False, True], ids=["alone", "while others send"])
def test_the_server_answers_each_and_stores_all_or_nothing(server, environment, with_others):
    other = server.make_environment()
    stop = threading.Event()
    sent = []
    thread = threading.Thread(target=send_good_ones, args=(server, other.app_id, stop, sent))
    if with_others:
        thread.start()
    expected = 0
    statuses = set()
    connection = http.client.HTTPConnection("127.0.0.1", server.port, timeout=30)

    for headers, body in bodies(environment.app_id):
        headers = {name: value.encode("latin-1", "replace") for name, value in headers.items()}
        try:
            connection.request("POST", "/api/track", body, headers)
            response = connection.getresponse()
        except (ConnectionError, http.client.RemoteDisconnected):  # refused before the body was read
            connection.close()
            continue
        response.read()
        assert response.status in ALLOWED, body[:200]
        statuses.add(response.status)
        if response.status == 200:
            expected += len(decided_for(environment, headers, body).records)

    stop.set()
    if with_others:
        thread.join()
        assert set(sent) == {b"OK"} and len(server.events(other)) == len(sent)
    connection.close()
    assert statuses == ALLOWED
    assert len(server.events(environment)) == expected > 0


def decided_for(environment, headers, body):
    body = body.replace(environment.app_id.encode(), APP_ID.encode())
    if b"gzip" in headers.get("Content-Encoding", b""):
        return ONE
    return decided({name: value.decode("latin-1") for name, value in headers.items()}, body)


class ONE:
    records = (None,)


def send_good_ones(server, app_id, stop, sent):
    while not stop.is_set():
        sent.append(server.post("/api/track", {"app_id": app_id, "identity": "a", "event": "E"}).body)
