"""Who events and properties belong to: the SQL against a naive model."""

import pytest
from django.db import connection
from hypothesis import given, settings
from hypothesis import strategies as st

from events.blocking_writer import store
from events.identity import actor_of
from tests.events.making import change, event, events, identified, merges, people, seen
from tests.events.naive import Naive

ACTORS = st.one_of(st.integers(0, 3), st.sampled_from(["ann", "bob"]))
CALLS = st.one_of(
    st.builds(
        event, ACTORS, st.sampled_from(["A", "B"]), time=st.integers(1_500_000, 1_500_009).map(lambda n: n * 1_000)
    ),
    st.builds(
        lambda actor, key, value: change(actor, **{key: value}), ACTORS, st.sampled_from("xyz"), st.integers(0, 9)
    ),
    st.builds(identified, st.integers(0, 3), st.sampled_from(["ann", "bob"])),
)


def clear():
    with connection.cursor() as cursor:
        cursor.execute("delete from events; delete from people; delete from merges")


@pytest.mark.django_db
@settings(max_examples=150)
@given(batches=st.lists(st.lists(CALLS, min_size=1, max_size=6), max_size=6))
def test_any_sequence_in_any_batches_ends_like_the_naive_model(batches):
    clear()
    naive = Naive()

    for batch in batches:
        store(batch)
        for record in batch:
            naive.apply(record)

    assert people() == naive.people
    assert merges() == naive.merges
    assert events() == naive.events
    assert seen() == naive.seen()


@pytest.mark.django_db
def test_the_first_identity_wins_and_the_second_makes_nobody():
    store([identified(5, "ann")])

    store([identified(5, "bob")])

    assert merges() == {5: actor_of(7, "ann")}
    assert set(people()) == {actor_of(7, "ann")}


@pytest.mark.django_db
def test_what_was_known_of_a_visitor_goes_to_the_identity_whose_own_values_win():
    store([change("ann", plan="pro"), change(5, plan="free", colour="red")])

    store([identified(5, "ann")])

    assert people() == {actor_of(7, "ann"): {"plan": "pro", "colour": "red"}}


@pytest.mark.django_db
def test_properties_of_a_visitor_who_is_somebody_go_to_that_identity():
    store([identified(5, "ann")])

    store([change(5, plan="pro")])

    assert people() == {actor_of(7, "ann"): {"plan": "pro"}}


@pytest.mark.django_db
def test_a_merged_visitors_event_keeps_its_number_and_makes_no_visitor_again():
    store([identified(5, "ann")])

    store([event(5)])

    assert events() == [(5, "Order")]
    assert set(people()) == {actor_of(7, "ann")}


@pytest.mark.django_db
def test_an_identity_of_one_environment_is_nobody_in_another():
    store([identified(5, "ann", environment_id=7), event(5, environment_id=8), event("ann", environment_id=8)])

    assert set(people()) == {actor_of(7, "ann"), 5, actor_of(8, "ann")}


def test_an_identity_is_always_negative_and_case_counts():
    assert actor_of(1, "ann") < 0
    assert actor_of(1, "ann") != actor_of(1, "Ann")
