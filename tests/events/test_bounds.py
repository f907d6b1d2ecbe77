"""How many properties a person and a customer may have, and what becomes of what is more."""

import json

import psycopg
import pytest
from django.db import connection
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st

from common.database import conninfo
from events import batch
from events.blocking_writer import store
from events.identity import actor_of
from events.records import Stored
from tests.events.making import ENVIRONMENT, change, customer, event, identified, people, rows
from tests.events.naive import bounded

ANN = actor_of(ENVIRONMENT, "ann")
VERSION = "select xmin, ctid from {}"


@pytest.fixture
def three(settings):
    """A person may have three properties."""
    settings.PERSON_PROPERTIES = 3


def put_person(actor=ANN, identity="ann", **properties):
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into people values (%s, %s, %s, %s, now(), now())",
            [ENVIRONMENT, actor, identity, json.dumps(properties)],
        )


def customers():
    return {name: json.loads(found) for name, found in rows("select account_id, properties from customers")}


# --- The rule -------------------------------------------------------------------------------------------------------
NAMES = st.sampled_from(["a", "b", "é", "c", "Z", 'q"', "\n", "😀"])
VALUES = st.one_of(st.integers(0, 2000), st.text("xü\\", max_size=20), st.booleans(), st.none())
PROPERTIES = st.dictionaries(NAMES, VALUES, max_size=8)


@pytest.mark.django_db
@hypothesis_settings(max_examples=400)
@given(known=PROPERTIES, given=PROPERTIES, most=st.integers(0, 8), most_bytes=st.integers(2, 160))
def test_the_limits_hold_by_the_rule(known, given, most, most_bytes):
    ((found, taken),) = rows(
        "select b, octet_length(b::text) from bounded(%s::jsonb, %s::jsonb, %s, %s) as b",
        json.dumps(known), json.dumps(given), most, most_bytes,
    )  # fmt: skip

    found = json.loads(found)
    assert found == bounded(known, given, most, most_bytes)
    assert len(found) <= most and taken <= most_bytes


# --- People ---------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_what_is_more_is_left_out_and_told(three):
    assert store([change("ann", d=1, b=1)]) == Stored()
    assert store([change("ann", c=1, a=1, e=1, b=2)]) == Stored(left_out=2)

    assert people() == {ANN: {"d": 1, "b": 2, "a": 1}}


@pytest.mark.django_db
def test_a_new_person_begins_within_the_limits(three):
    assert store([change("ann", a=1, b=1, c=1, d=1, e=1)]) == Stored(left_out=2)

    assert people() == {ANN: {"a": 1, "b": 1, "c": 1}}


@pytest.mark.django_db
def test_whoever_has_as_many_as_they_may_have_can_still_change_them(three):
    store([change("ann", a=1, b=1, c=1)])

    store([change("ann", a=2, c=3)])

    assert people() == {ANN: {"a": 2, "b": 1, "c": 3}}


@pytest.mark.django_db
def test_a_change_that_is_too_large_itself_changes_first_what_is_there(three):
    store([change("ann", z=1)])

    assert store([change("ann", a=1, b=1, c=1, d=1, z=2)]) == Stored(left_out=2)
    assert people() == {ANN: {"a": 1, "b": 1, "z": 2}}


@pytest.mark.django_db
def test_bytes_are_limited_too(settings):
    settings.PERSON_BYTES = 100
    store([change("ann", a="x" * 40)])

    assert store([change("ann", a="x" * 60, b="y" * 60)]) == Stored(left_out=1)
    assert store([change("ann", a="x" * 100, z=1)]) == Stored(left_out=2)
    assert people() == {ANN: {"a": "x" * 60}}


@pytest.mark.django_db
def test_a_visitors_properties_that_their_identity_has_no_room_for_are_told(three):
    store([change("ann", a=1, b=1), change(5, a=2, c=2, d=2, e=2)])

    assert store([identified(5, "ann")]) == Stored(left_out=1)
    assert people() == {ANN: {"a": 1, "b": 1, "c": 2}}


@pytest.mark.django_db
def test_what_is_set_for_a_visitor_is_told_to_its_sender_whoever_they_have_become(three):
    store([change("ann", a=1, b=1, c=1)])

    requests = [[identified(5, "ann")], [change(5, d=1, a=9)], [change(6, d=1)], [change(6), change("ann", e=1, f=1)]]

    assert learn(*requests) == [0, 1, 0, 2]
    assert people() == {ANN: {"a": 9, "b": 1, "c": 1}, 6: {"d": 1}}


@pytest.mark.django_db
def test_what_a_visitor_was_told_before_they_are_identified_goes_with_them(three):
    put_person(a=1, b=1)

    assert learn([change(5, d=1, a=9)], [change(5, e=1, a=8)], [identified(5, "ann")]) == [0, 0, 1]
    assert people() == {ANN: {"a": 1, "b": 1, "d": 1}}


@pytest.mark.django_db
def test_a_person_of_many_changes_in_one_batch_is_written_once():
    put_person()
    before = written()

    store([identified(5, "ann"), *(change(actor, n=n) for n in range(500) for actor in (5, "ann"))])

    assert people() == {ANN: {"n": 499}}
    assert written() - before <= 2  # the person, and the visitor who goes


def written():
    """How many rows of people this transaction has changed."""
    return rows("select pg_stat_get_xact_tuples_updated('people'::regclass)")[0][0]


@pytest.mark.django_db
def test_each_request_learns_of_its_own(three):
    requests = [
        [change("ann", a=1, b=1, c=1)],
        [change("ann", d=1), change("bob", d=1)],
        [change("bob", e=1), customer("ann", x=1, y=1, z=1, zz=1)],
        [event("ann")],
    ]

    assert learn(*requests) == [0, 1, 1, 0]


def learn(*requests):
    """How many properties of each of these requests, in one batch, were left out."""
    with connection.cursor() as cursor:
        cursor.execute(batch.STATEMENT, batch.arguments(record for request in requests for record in request))
        told = cursor.fetchone()[0]
    return [learnt.left_out for learnt in batch.stored(requests, told)]


@pytest.mark.django_db
def test_more_than_twice_as_many_in_one_batch_are_left_out_before_the_database_sees_them(three):
    store([change("ann", z=1, zz=1)])
    many, others = dict.fromkeys("abcdefgh", 1), dict.fromkeys("ijklmn", 1)

    assert learn([change("ann", **many)], [change("ann", z=2), change("ann", **others)]) == [7, 6]
    assert learn([change(6, **many), change(6, **others)], [customer("ann", **many)]) == [11, 5]
    assert people() == {ANN: {"z": 2, "zz": 1, "a": 1}, 6: {"a": 1, "b": 1, "c": 1}}
    sent = batch.arguments([change("ann", **many)])[2]
    assert '"f"' in sent and '"g"' not in sent


# --- Customers ------------------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_customers_have_the_same_limits(three):
    store([customer("acme", a=1, b=1)])

    assert store([customer("acme", a=2, d=1, c=1)]) == Stored(left_out=1)
    assert store([customer("new", a=1, b=1, c=1, d=1)]) == Stored(left_out=1)
    assert customers() == {"acme": {"a": 2, "b": 1, "c": 1}, "new": {"a": 1, "b": 1, "c": 1}}


# --- What changes nothing -------------------------------------------------------------------------------------------
NOTHING_NEW = {
    "people": [change("ann", a=1), change("ann")],
    "visitors": [change(5, a=1), identified(5, "ann"), change(5)],
    "customers": [customer("acme", a=1), customer("acme")],
}


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", NOTHING_NEW)
def test_a_change_that_changes_nothing_writes_nothing_and_waits_for_nobody(what):
    store([change("ann", a=1, b=2), identified(5, "ann"), customer("acme", a=1, b=2)])
    before = [rows(VERSION.format(table)) for table in ("people", "customers", "merges")]

    with psycopg.connect(conninfo()) as other, connection.cursor() as cursor:
        other.execute("select from people, customers for update")
        cursor.execute("set lock_timeout = '1s'")
        try:
            for record in NOTHING_NEW[what]:
                assert store([record]) == Stored()
        finally:
            cursor.execute("reset lock_timeout")

    assert [rows(VERSION.format(table)) for table in ("people", "customers", "merges")] == before


@pytest.mark.django_db
def test_who_is_full_is_not_written_for_what_they_cannot_have(three):
    store([change("ann", a=1, b=1, c=1)])
    before = rows(VERSION.format("people"))

    assert store([change("ann", a=1, d=1)]) == Stored(left_out=1)
    assert rows(VERSION.format("people")) == before


# --- Limits that came later -----------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_who_has_too_many_already_loses_the_last_of_them_with_the_next_change(three):
    put_person(a=1, b=1, c=1, d=1, e=1)

    assert store([change("ann", b=2, z=1)]) == Stored(left_out=1)
    assert people() == {ANN: {"a": 1, "b": 2, "c": 1}}


@pytest.mark.django_db
def test_their_events_do_not_take_anything_from_them(three):
    put_person(a=1, b=1, c=1, d=1)

    store([event("ann", time=1_500_000_000)])

    assert len(people()[ANN]) == 4


@pytest.mark.django_db
def test_a_visitor_without_properties_who_becomes_somebody_takes_nothing_from_them(three):
    put_person(a=1, b=1, c=1, d=1)

    assert store([event(5), identified(5, "ann")]) == Stored()
    assert len(people()[ANN]) == 4


# --- Programs of before ---------------------------------------------------------------------------------------------
@pytest.mark.django_db
def test_a_program_of_before_keeps_the_limits_that_are_usual():
    many = {f"p{number:04}": number for number in range(1_500)}
    *given, _, _ = batch.arguments([change("ann", **many), event(key="k"), customer("acme", **many)])

    with connection.cursor() as cursor:
        for _ in range(2):
            cursor.execute("select collect(%s, %s, %s, %s, %s)", given)
            repeats = cursor.fetchone()[0]
        visitors = batch.arguments([change(5, **many), identified(5, "bob")])
        cursor.execute("select collect(%s, %s, %s, %s, %s)", visitors[:5])

    assert len(repeats) == 1
    assert [len(properties) for properties in people().values()] == [1_000, 1_000]
    assert [len(properties) for properties in customers().values()] == [1_000]
