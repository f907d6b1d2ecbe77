"""Hostile requests to all other endpoints: never a 5xx, all of a request stored or nothing, and no other spoilt."""

import http.client
import threading
import time
from contextlib import suppress

from collector.decide import ENDPOINTS, Request, decide
from collector.environments.known_environments import KnownEnvironment
from collector.protocol.limits import MAX_BODY_BYTES
from events import batch
from events.records import CustomerChange, EventRecord
from tests.collector.asking import APP_ID, ENVIRONMENTS, NOW, OUTSIDE, UNLIMITED
from tests.collector.hostile_elsewhere import requests
from tests.collector.test_hostile import ALLOWED, send_good_ones
from tests.events.naive import Naive, changed


class Client(http.client.HTTPConnection):
    """Sends any path, as it is."""

    def _validate_path(self, url):
        """Whatever it holds."""

    def _encode_request(self, request):
        return request.encode("latin-1")


def asked(sent, now):
    names = {name.lower().encode(): value.encode("latin-1") for name, value in sent.headers.items()}
    return Request(sent.method, sent.path, names, sent.body, OUTSIDE, now, sent.query)


def shown(sent):
    return sent.method, sent.path, sent.query[:200], sent.body[:200]


def test_there_are_enough_of_them_for_every_endpoint():
    paths = [sent.path for sent in requests(APP_ID)]

    assert set(paths) == set(ENDPOINTS) - {"/api/track"}
    assert min(paths.count(path) for path in set(paths)) >= 40
    assert len(paths) >= 2_000


def test_the_pure_function_answers_each_and_makes_nothing_of_what_it_refuses():
    statuses = set()
    for sent in requests(APP_ID):
        decision = decide(asked(sent, NOW), ENVIRONMENTS, UNLIMITED)

        assert decision.answer.status in ALLOWED, shown(sent)
        assert decision.answer.status == 200 or not decision.records
        assert decision.answer.status == 200 or decision.answer.body.isascii()
        batch.arguments(decision.records)
        statuses.add(decision.answer.status)
    assert statuses == ALLOWED


def test_the_server_answers_each_like_the_pure_function_and_stores_all_or_nothing(server, environment):
    environments = {environment.app_id: KnownEnvironment(environment.pk, 1, 1, is_closed=False, rules=())}
    other = server.make_environment()
    stop, good = threading.Event(), []
    others = threading.Thread(target=send_good_ones, args=(server, other.app_id, stop, good))
    others.start()
    expected = Expected()
    connection = Client("127.0.0.1", server.port, timeout=30)

    try:
        for sent in requests(environment.app_id):
            decision = decide(asked(sent, time.time()), environments, UNLIMITED)
            wanted = 413 if len(sent.body) > MAX_BODY_BYTES else decision.answer.status  # not even looked at
            status, body = answer(connection, sent)
            assert status == wanted, (shown(sent), body)
            if status == 200:
                expected.apply(decision.records)
    finally:
        stop.set()
        others.join()
        connection.close()

    assert set(good) == {b"OK"} and len(server.events(other)) == len(good)
    assert expected.events and expected.people and expected.merges and expected.customers
    assert len(server.events(environment)) == expected.events
    assert rows(server, environment, "from_actor, to_actor from merges") == expected.merges
    assert rows(server, environment, "actor_id, properties from people") == expected.people
    assert rows(server, environment, "account_id, properties from customers") == expected.customers


def rows(server, environment, what):
    return dict(server.query(f"select {what} where environment_id = %s", environment.pk))


def answer(connection, sent):
    target = sent.path.encode() + b"?" * bool(sent.query) + sent.query
    headers = {name: value.encode("latin-1") for name, value in sent.headers.items()}
    with suppress(BrokenPipeError):  # what is too large may be refused before it is sent
        connection.request(sent.method, target.decode("latin-1"), sent.body or None, headers)
    response = connection.getresponse()
    return response.status, response.read()


class Expected:
    """What the tables hold when all of what was accepted is stored, and nothing else."""

    def __init__(self):
        self.naive = Naive()
        self.events = 0
        self.keys = set()
        self.customers = {}

    def apply(self, records):
        for record in records:
            if isinstance(record, CustomerChange):
                known = self.customers.get(record.account_id, {})
                self.customers[record.account_id] = changed(known, record.properties)
                continue
            self.naive.apply(record)
            if isinstance(record, EventRecord):
                self.events += record.key is None or record.key not in self.keys
                self.keys.add(record.key)

    @property
    def people(self):
        return self.naive.people

    @property
    def merges(self):
        return self.naive.merges
