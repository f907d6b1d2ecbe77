"""The rows that one batch stores."""

import time

import pytest
from django.db import connection

from events.blocking_writer import store
from events.columns import TEXTS
from events.faults import NotStorable
from events.identity import actor_of
from tests.events.making import change, customer, event, events, identified, people, rows, seen

pytestmark = pytest.mark.django_db


def test_every_field_of_an_event_is_stored():
    given = {name: f"the {name}" for name in TEXTS}

    store([event(5, "", kind="click", time=1_600_000_000.25, session_id=8, pageview_id=9, **given,
                 properties={"a": 1, "b": None, "c": True, "d": 1.5, "e": "ü"})])  # fmt: skip

    stored = rows(
        f"select extract(epoch from time), session_id, pageview_id, kind, name, {', '.join(TEXTS)} from events"
    )
    assert stored == [(1_600_000_000.25, 8, 9, "click", "", *given.values())]
    assert rows("select properties->>'a', properties->'b' is null, properties->>'e' from events") == [("1", False, "ü")]


def test_a_repeated_key_changes_nothing_in_the_same_batch_or_a_later_one():
    store([event(name="First", key="k"), event(name="Second", key="k"), event(name="Other", key="j")])

    store([event(name="Third", key="k"), event(name="No key")])

    assert [name for _, name in events()] == ["First", "Other", "No key"]


def test_it_says_how_many_were_there_already():
    assert store([event(key="k"), event(key="k"), event()]).repeats == 1
    assert store([event(key="k"), event(key="j"), event()]).repeats == 1
    assert store([event()]).repeats == 0


def test_a_repeated_key_does_not_touch_the_person():
    store([event(key="k", time=1_600_000_000)])

    store([event(key="k", time=1_700_000_000)])

    assert rows("select extract(epoch from last_seen_at) from people") == [(1_600_000_000,)]


def test_the_same_key_in_another_environment_is_another_key():
    store([event(key="k"), event(key="k", environment_id=8)])

    assert len(events()) == 2


def test_a_key_counts_for_seven_days():
    store([event(key="k")])
    with connection.cursor() as cursor:
        cursor.execute("update idempotency_keys set at = now() - interval '7 days 1 minute'")

    store([event(key="k")])
    store([event(key="k")])

    assert len(events()) == 2


def test_a_person_is_seen_from_the_first_to_the_last_event():
    store([event(time=1_600_000_500), event(time=1_600_000_000)])
    store([event(time=1_600_009_000)])
    store([event(time=1_500_000_000)])

    seen = rows("select extract(epoch from first_seen_at), extract(epoch from last_seen_at) from people")
    assert seen == [(1_500_000_000, 1_600_009_000)]


def test_properties_and_identities_alone_make_nobody_active():
    now = time.time()
    store([event("ann", time=1_600_000_000), event(5, time=1_600_000_500)])

    store([change("ann", plan="pro"), change("bob", plan="pro"), change(6, plan="free")])
    store([identified(5, "bob"), identified(7, "cy")])

    assert seen() == {
        actor_of(7, "ann"): (1_600_000_000, 1_600_000_000),
        actor_of(7, "bob"): (1_600_000_500, 1_600_000_500),
        actor_of(7, "cy"): (None, None),
        6: (None, None),
    }
    store([event("cy", time=now - 30), event(6, time=now - 20)])
    assert {actor: round(now - first) for actor, (first, _) in seen().items() if first > now - 60} == {
        actor_of(7, "cy"): 30,
        6: 20,
    }


def test_a_persons_row_is_not_written_again_for_every_event():
    now = time.time()
    store([event(time=now)])
    before = rows("select xmin from people")

    store([event(time=now + 30)])

    assert rows("select xmin from people") == before


def test_the_last_value_of_a_property_stays_and_others_are_kept():
    store([change(a=1, b=1), change(a=2)])
    store([change(c=3)])

    assert list(people().values()) == [{"a": 2, "b": 1, "c": 3}]


def test_customers_are_kept_by_account_id():
    store([customer("acme", plan="pro"), customer("acme", seats=3), customer("other")])

    assert rows("select account_id, properties->>'plan', properties->>'seats' from customers order by 1") == [
        ("acme", "pro", "3"),
        ("other", None, None),
    ]


def test_events_of_one_batch_keep_their_order():
    store([event(name=f"{number:03}", key=str(number) if number % 3 == 0 else None) for number in range(300)])

    assert [name for _, name in events()] == [f"{number:03}" for number in range(300)]


@pytest.mark.django_db(transaction=True)
def test_a_batch_with_one_event_that_cannot_be_stored_stores_nothing():
    with pytest.raises(NotStorable):
        store([event(), change(b=1), event(name="NUL \0")])

    assert events() == []
    assert people() == {}


def test_a_month_gets_a_partition_and_the_rows_that_waited_for_it():
    store([event(time=1_300_000_000), event(time=1_400_000_000)])

    assert rows("select ensure_event_partitions('2011-03-05', '2011-04-01')") == [(2,)]
    assert rows("select ensure_event_partitions('2011-03-05', '2011-04-01')") == [(0,)]

    where = rows("select tableoid::regclass::text from events order by time")
    assert where == [("events_2011_03",), ("events_default",)]
