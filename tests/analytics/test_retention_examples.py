"""What retention means, by the examples of docs/decisions/retention.md: plain loops and SQL both say it."""

import random
from datetime import timedelta
from itertools import product

import pytest

from analytics.kinds.retention.question import CohortEntry, Retention, Return
from analytics.questions.query import Scope
from analytics.questions.spans import Span, Unit, buckets
from tests.analytics import oracle_retention
from tests.analytics.random_worlds import store
from tests.analytics.text_worlds import ANY, NOW, PLAN, START, A, B, X, answer, person, world

pytestmark = pytest.mark.django_db

DAY = 24  # hours
DAYS = Span(None, START.date(), START.date() + timedelta(days=3))


def answered(there, environment_id, start, returning, most=7, now=NOW, **how):
    """The answer by SQL, after plain loops said the same."""
    retention = Retention(Scope(environment_id), start, returning, Unit.DAY, **{"span": DAYS} | how)
    cut = buckets(retention.span, Unit.DAY, NOW, retention.scope.zone)

    result = answer(retention, there, now)

    oracle_retention.check(result, there, retention, cut, most)
    return result


def asked(people, **how):
    there = world(*people)
    return answered(there, store(there), A, B, **how)


def sizes(people, **how):
    return [cohort.size for cohort in asked(people, **how).cohorts]


def test_a_cohort_is_of_the_first_time_in_the_range_or_ever_or_every_period():
    in_days_0_1_2 = [f"A1 A{DAY + 1} A{2 * DAY + 1}"]
    span = Span(None, START.date() + timedelta(days=1), START.date() + timedelta(days=3))

    assert sizes(in_days_0_1_2, span=span) == [1, 0, 0]
    assert sizes(in_days_0_1_2, span=span, entry=CohortEntry.EVER) == [0, 0, 0]
    assert sizes(in_days_0_1_2, span=span, entry=CohortEntry.EVERY) == [1, 1, 0]


def test_the_first_time_ever_is_the_first_that_matches():
    assert sizes([f"X1 A{DAY + 1}"], entry=CohortEntry.EVER) == [0, 1, 0, 0]


def test_back_on_a_day_or_on_it_and_after():
    back_on_day_3 = [f"A1 B{3 * DAY + 1}"]

    assert asked(back_on_day_3).cohorts[0].returned == (1, 0, 0, 1)
    assert asked(back_on_day_3, counts_as=Return.OR_AFTER).cohorts[0].returned == (1, 1, 1, 1)


def test_or_after_is_not_final_until_the_range_is_over():
    last_moment = START + timedelta(days=4) - timedelta(minutes=1)
    there = world(f"A1 B{DAY + 1}")
    environment_id = store(there)

    on, later = (
        answered(there, environment_id, A, B, now=last_moment, counts_as=each) for each in (Return.ON, Return.OR_AFTER)
    )
    over = answered(there, environment_id, A, B, counts_as=Return.OR_AFTER)

    assert [on.is_running(0, period) for period in (1, 2, 3)] == [False, False, True]
    assert [later.is_running(0, period) for period in (1, 2, 3)] == [True, True, True]
    assert [over.is_running(0, period) for period in (1, 2, 3)] == [False, False, False]


def test_a_group_has_the_value_of_the_event_that_enters_the_cohort():
    people = [f"A1(x) A2(y) B{DAY + 1}", "A1(y)", "A3", "A3()"]

    groups = asked(people, by=PLAN).groups

    assert [(each.label, each.key, each.cohorts[0].returned) for each in groups] == [
        ("(none)", None, (1, 0, 0, 0)),
        ("(empty)", "", (1, 0, 0, 0)),
        ("x", "x", (1, 1, 0, 0)),
        ("y", "y", (1, 0, 0, 0)),
    ]


def test_groups_add_up_and_the_rest_says_how_many_it_is(monkeypatch):
    monkeypatch.setattr("analytics.kinds.retention.answer.MOST_GROUPS", 1)

    result = asked(["A1(x)", "A1(x)", f"A1(y) B{DAY + 1}", "A1(z)"], by=PLAN, most=1)

    assert [(each.label, each.cohorts[0].returned[:2]) for each in result.groups] == [
        ("x", (2, 0)),
        ("everything else (2)", (2, 1)),
    ]
    assert result.cohorts[0].returned[:2] == (4, 1)


@pytest.mark.parametrize("seed", range(6))
def test_crowds_who_come_and_go(seed, monkeypatch):
    """Random people who did a few things in a few days, of whom the range has some: every cohort, return and group."""
    monkeypatch.setattr("analytics.kinds.retention.answer.MOST_GROUPS", 2)
    dice = random.Random(seed)
    there = world(*(person(dice, first=0, hours=6 * DAY) for _ in range(25)))
    environment_id = store(there)
    span = Span(None, START.date() + timedelta(days=1), START.date() + timedelta(days=4))

    for entry, counts_as, by in product(CohortEntry, Return, (None, PLAN)):
        start, returning = dice.choice([(A, B), (A, A), (X, ANY), (ANY, ANY)])
        answered(there, environment_id, start, returning, 2, span=span, entry=entry, counts_as=counts_as, by=by)
