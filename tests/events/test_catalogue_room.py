"""What the catalogue keeps of all months is bounded: the oldest ones make room, and come back."""

from datetime import UTC, date, datetime

import pytest

from events.blocking_writer import store
from events.catalogue import counting, room
from events.catalogue import rows as rows_of
from events.catalogue.announcements import announce
from events.catalogue.state import catalogue_state
from events.erasure import erase
from tests.events.catalogue import NAMES, arrived, found, naive, settle
from tests.events.making import event, rows, who
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)


@pytest.fixture
def environment():
    return EnvironmentFactory()


def test_months_that_are_too_many_make_room_and_come_back_when_others_go(environment, monkeypatch):
    monkeypatch.setitem(rows_of.BOUNDS, "rows_in_all", 8)
    monkeypatch.setattr(room, "ROWS_AFTER_COUNT", 6)
    monkeypatch.setattr(room, "FEW_ROWS", 2)
    made = [
        event(who_did, f"Of {month}", environment_id=environment.pk, properties={"plan": 1},
              time=datetime(2026, month, 3, tzinfo=UTC).timestamp())
        for month, who_did in ((5, "ann"), (6, "ann"), (7, "ann"), (8, "bea"), (9, "bea"), (10, "bea"))
    ]  # fmt: skip
    announce(made[:5])
    announced = len(found(environment))
    store(made)
    arrived(environment, NOW)
    settle(environment)
    settle(environment)
    announce(made)
    kept = sorted({key[3].month for key in found(environment)} - {1})
    counting.note(environment.pk, date(2026, 6, 1))
    settle(environment)
    state = catalogue_state(environment.pk)

    assert announced == 8  # of ten
    assert kept == [8, 9, 10] == sorted({key[3].month for key in found(environment)} - {1})
    assert rows(NAMES, environment.pk) == [("custom", f"Of {month}") for month in (10, 8, 9)] + [("person", "")]
    assert (state.left_events, state.left_values, state.is_full) == (3, 3, True)

    erase(environment.pk, [who("bea", environment.pk)["actor_id"]])
    for _ in range(3):
        settle(environment)
    assert found(environment) == naive(environment)
    assert len(found(environment)) == 6 + 1
    assert not catalogue_state(environment.pk).is_full
