"""How many questions run at once, counted by the database for all processes."""

import threading

import pytest
from django.db import connection, transaction

from accounts import current_request
from analytics.store import places
from analytics.store.failures import QueryBusy
from analytics.store.places import OF_A_PERSON, OF_AN_ENVIRONMENT, place

pytestmark = pytest.mark.django_db(transaction=True)

HERE, ELSEWHERE = 1, 2


class Asker(threading.Thread):
    """Holds a place on a connection of its own, as another process does, until `let_go`."""

    def __init__(self, person, environment_id):
        super().__init__()
        self.person, self.environment_id = person, environment_id
        self.is_busy = False
        self._tried, self._over = threading.Event(), threading.Event()

    def run(self):
        token = current_request._person.set(self.person)
        try:
            with transaction.atomic(), place(self.environment_id):
                self._tried.set()
                self._over.wait(60)
        except QueryBusy:
            self.is_busy = True
        finally:
            self._tried.set()
            current_request._person.reset(token)
            connection.close()

    def begin(self):
        self.start()
        assert self._tried.wait(60)
        return self

    def let_go(self):
        self._over.set()
        self.join(60)


@pytest.fixture(autouse=True)
def many_threads(monkeypatch):
    monkeypatch.setattr(places, "_here", threading.BoundedSemaphore(100))


@pytest.fixture
def ask():
    askers = []

    def begin(person, environment_id=HERE):
        askers.append(Asker(person, environment_id).begin())
        return askers[-1]

    yield begin
    for asker in askers:
        asker.let_go()


def test_one_person_has_so_many_places_and_gets_them_back(ask):
    held = [ask(person=1) for _ in range(OF_A_PERSON)]

    assert not any(each.is_busy for each in held)
    assert ask(person=1).is_busy
    assert ask(person=1, environment_id=ELSEWHERE).is_busy
    assert not ask(person=2).is_busy

    held[1].let_go()
    assert not ask(person=1, environment_id=ELSEWHERE).is_busy


def test_one_environment_has_so_many_places(ask):
    held = [ask(person=number) for number in range(OF_AN_ENVIRONMENT)]

    assert not any(each.is_busy for each in held)
    assert ask(person=100).is_busy
    assert not ask(person=100, environment_id=ELSEWHERE).is_busy


def test_all_together_have_so_many_places(ask, settings):
    settings.QUESTIONS_AT_ONCE = 2

    assert [ask(person=number, environment_id=number).is_busy for number in range(4)] == [False, False, True, True]


def test_one_process_has_so_many_places(ask, monkeypatch):
    monkeypatch.setattr(places, "_here", threading.BoundedSemaphore(1))

    assert [ask(person=number, environment_id=number).is_busy for number in range(2)] == [False, True]


def test_jobs_and_commands_need_no_place(ask):
    assert not any(ask(person=None).is_busy for _ in range(places.OF_AN_ENVIRONMENT + 2))
