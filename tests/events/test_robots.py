"""Visitors all of whose events came from robots are robots; people with an identity are none."""

import random

import pytest

from events.blocking_writer import store
from events.records import ROBOT
from tests.events.making import change, event, identified, merges, rows, who

pytestmark = pytest.mark.django_db


def robots():
    """{actor: whether they are a robot}"""
    return dict(rows("select actor_id, is_robot from people"))


@pytest.mark.parametrize(
    ("devices", "is_robot"),
    [
        ([ROBOT], True),
        ([ROBOT, ROBOT], True),
        ([None], False),
        (["desktop"], False),
        ([ROBOT, None], False),
        (["mobile", ROBOT], False),
    ],
)
@pytest.mark.parametrize("at_once", [True, False])
def test_all_events_decide(devices, is_robot, at_once):
    sent = [event(5, device=device) for device in devices]

    for records in [sent] if at_once else [[each] for each in sent]:
        store(records)

    assert robots() == {5: is_robot}


def test_ids_of_robots_events_are_below_zero_and_in_their_order():
    store([event(5, name=str(number), device=ROBOT if number % 2 else "mobile") for number in range(6)])

    stored = rows("select name, id >= 0 from events order by id")
    assert stored == [(name, name in "024") for name in ("1", "3", "5", "0", "2", "4")]


def test_properties_alone_tell_nothing_yet():
    store([change(5, plan="free")])
    before = robots()
    store([event(5, device=ROBOT)])

    assert (before, robots()) == ({5: None}, {5: True})


def test_who_has_an_identity_is_somebody():
    store([event("ann", device=ROBOT), change("bob", plan="free")])
    store([event(5, device=ROBOT), identified(5, "cyd"), event(5, device=ROBOT)])
    store([event(5, device=ROBOT), event("bob", device=ROBOT)])

    assert robots() == {who(name)["actor_id"]: False for name in ("ann", "bob", "cyd")}


def test_a_repeat_changes_nothing():
    store([event(5, key="k", device=ROBOT)])
    store([event(5, key="k", device="desktop")])

    assert robots() == {5: True}


def test_what_is_known_is_not_written_again():
    store([event(5, device=ROBOT), event(6, device="desktop")])
    written = rows("select actor_id, xmin::text from people")
    store([event(5, device=ROBOT), event(6, device=ROBOT)])

    assert rows("select actor_id, xmin::text from people") == written


@pytest.mark.parametrize("seed", range(6))
def test_random_histories(seed):
    chance = random.Random(seed)
    came: dict[int, list] = {visitor: [] for visitor in range(4)}
    for _ in range(12):
        batch = []
        for _ in range(chance.randint(1, 4)):
            visitor = chance.randrange(4)
            what = chance.random()
            if what < 0.15:
                batch.append(identified(visitor, chance.choice(["ann", "bob"])))
            elif what < 0.3:
                batch.append(change(visitor, plan=chance.choice(["free", "pro"])))
            else:
                device = chance.choice([ROBOT, ROBOT, ROBOT, "mobile", None])
                came[visitor].append(device)
                batch.append(event(visitor, device=device))
        store(batch)

        found, merged = robots(), merges()
        assert {actor for actor in found if actor >= 0}.isdisjoint(merged)
        for actor, is_robot in found.items():
            devices = came[actor] if actor >= 0 else []
            assert is_robot == (all(each == ROBOT for each in devices) if devices else None) or actor < 0
            assert actor >= 0 or not is_robot
