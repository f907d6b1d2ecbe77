"""What a funnel means, by the examples of docs/decisions/funnels.md: plain loops and SQL both say it."""

import random
from datetime import timedelta
from itertools import product

import pytest

from analytics.kinds.funnel.question import Asks, Exclusion, Funnel, Order
from analytics.questions.conditions import BadQuery, Condition, Field, Group, Operator
from analytics.questions.query import PAGEVIEW, Scope, Selection
from analytics.questions.spans import Span, Unit, buckets
from tests.analytics import oracle_funnel
from tests.analytics.random_worlds import store
from tests.analytics.text_worlds import ANY, NOW, PLAN, START, A, B, C, X, answer, person, world

pytestmark = pytest.mark.django_db

WEEK = Span(None, START.date(), START.date() + timedelta(days=6))


def page(path):
    return Selection(PAGEVIEW, Group((Condition(Field.parse("event:path"), Operator.IS, path),)))


def answered(there, environment_id, steps, how, most=20):
    """The answer by SQL, after plain loops said the same."""
    funnel = Funnel(Scope(environment_id), steps, **{"span": WEEK} | how)
    cut = buckets(funnel.span, funnel.unit, NOW, funnel.scope.zone)

    result = answer(funnel, there)

    assert oracle_funnel.answered(result) == oracle_funnel.sides(there, funnel, cut, most), funnel
    return result


def asked(people, *steps, **how):
    there = world(*people)
    return answered(there, store(there), steps, how)


def counts(people, *steps, **how):
    return asked(people, *steps, **how).sides[0].counts


def test_the_attempt_that_counts_ends_first_and_began_last():
    (times,) = asked(["A1 A3 B4 A5 B9"], A, B, asks=Asks.TIMES).sides[0].times

    assert (times.median, times.people) == (3600, 1)


def test_times_are_interpolated_in_the_middle_and_a_bin_begins_with_its_edge():
    people = ["A1 B2", "A1 B3", "A1 B4", "A1 B11"]  # 1, 2, 3, 10 hours

    result = asked(people, A, B, asks=Asks.TIMES)

    (times,) = result.sides[0].times
    assert times.median == 2.5 * 3600
    assert dict(zip(result.query.bin_names, times.bins, strict=False)) == {
        "under 1 minute": 0,
        "1 to 5 minutes": 0,
        "5 to 30 minutes": 0,
        "30 minutes to 1 hour": 0,
        "1 to 6 hours": 3,
        "6 hours to 1 day": 1,
        "1 to 3 days": 0,
        "3 to 7 days": 0,
        "7 to 30 days": 0,  # exactly 7 days are within 7 days
    }


def test_the_time_to_a_step_is_that_of_a_funnel_up_to_this_step():
    two, three = asked(["A1 B2 A5 B8 C9"], A, B, C, asks=Asks.TIMES).sides[0].times

    assert (two.median, three.median) == (3600, 4 * 3600)


def test_a_group_has_the_value_of_the_start_that_counts():
    everybody, *groups = asked(["A1(x) A2(y) B3"], A, B, by=PLAN).sides

    assert everybody.counts == (1, 1)
    assert [(each.key, each.counts) for each in groups] == [("y", (1, 1))]


def test_missing_and_empty_values_are_groups_of_their_own():
    groups = asked(["A1", "A1()", "A1(none) B2", "A1 B2"], A, B, by=PLAN).sides[1:]

    assert [(each.label, each.key, each.is_apart, each.counts) for each in groups] == [
        ("(none)", None, True, (2, 1)),
        ("(empty)", "", True, (1, 0)),
        ("none", "none", False, (1, 1)),
    ]


def test_groups_add_up_and_the_rest_says_how_many_it_is(monkeypatch):
    monkeypatch.setattr("analytics.kinds.funnel.answer.TOP_GROUPS", 1)
    there = world("A1(x) B2", "A1(x)", "A1(y) B2", "A1(z)")

    result = answered(there, store(there), (A, B), {"by": PLAN}, most=1)

    assert [(each.label, each.counts, each.is_rest) for each in result.sides] == [
        ("Everyone", (4, 2), False),
        ("x", (2, 1), False),
        ("everything else (2)", (2, 1), True),
    ]


def test_in_strict_order_only_what_the_steps_look_at_comes_between():
    steps = page("/a"), page("/b")

    assert counts(["/a1 click2 /b3", "/a1 /c2 /b3"], *steps, order=Order.STRICT) == (2, 1)
    assert counts(["/a1 click2 /b3", "/a1 /c2 /b3"], *steps) == (2, 2)


def test_in_any_order_whoever_comes_first_begins():
    assert counts(["B1 A2"], A, B, order=Order.ANY) == (1, 1)
    assert counts(["B1 A2"], A, B) == (1, 0)
    assert counts(["C1 A2 A3", "B1"], A, B, C, order=Order.ANY) == (2, 1, 0)


def test_in_any_order_an_event_is_the_first_step_that_means_it():
    any_page = Selection(PAGEVIEW)

    assert counts(["/a1 /a2"], page("/a"), any_page, order=Order.ANY) == (1, 0)
    assert counts(["/a1 /b2"], page("/a"), any_page, order=Order.ANY) == (1, 1)


def test_in_any_order_a_start_is_in_the_range_and_the_rest_may_follow():
    days = 24 * 7

    assert counts([f"A{days - 1} B{days + 1}"], A, B, order=Order.ANY) == (1, 1)
    assert counts([f"A{days + 1} B{days + 2}"], A, B, order=Order.ANY) == (0, 0)


def test_what_is_excluded_between_two_steps_takes_nobody_from_earlier_ones():
    without = (Exclusion(X, 1),)

    assert counts(["A1 X2 B3"], A, B, without=without) == (1, 0)
    assert counts(["A1 X2 A3 B4"], A, B, without=without) == (1, 1)
    assert counts(["A1 B2 X3 C4"], A, B, C, without=without) == (1, 1, 1)
    assert counts(["A1 B2 X3 C4"], A, B, C, without=(Exclusion(X, 2),)) == (1, 1, 0)
    assert counts(["A1 B2 X3 B4 C5"], A, B, C, without=(Exclusion(X, 2),)) == (1, 1, 1)


@pytest.mark.parametrize(
    ("how", "words"),
    [
        ({"without": (Exclusion(A, 1),)}, "cannot be one of them"),
        ({"without": (Exclusion(X, 2),)}, "no step 3"),
        ({"without": (Exclusion(X, 1),) * 6}, "At most 5"),
        ({"without": (Exclusion(X, 1),), "order": Order.ANY}, "nothing is between"),
        ({"by": PLAN, "asks": Asks.TREND}, "cannot be grouped"),
    ],
    ids=["a step", "no such step", "too many", "any order", "trend by group"],
)
def test_what_makes_no_sense_is_refused(how, words):
    with pytest.raises(BadQuery, match=words):
        Funnel(Scope(1), (A, B), **how)


def test_in_any_order_the_same_step_twice_is_refused():
    with pytest.raises(BadQuery, match="cannot be the same"):
        Funnel(Scope(1), (A, A), order=Order.ANY)


def test_over_time_each_bucket_is_a_funnel_of_its_own():
    result = asked(["A1 A30 B31"], A, B, asks=Asks.TREND, within=timedelta(days=7))

    (side,) = result.sides
    assert side.conversions == (100.0, 100.0, None, None, None, None, None)
    assert side.counts == (1, 1)
    assert result.table().rows[-1] == ("Whole range", 1, 1, 100.0)


def test_a_bucket_is_complete_when_the_last_who_began_had_their_time():
    result = asked(["A1"], A, B, asks=Asks.TREND, within=timedelta(days=15), unit=Unit.DAY)

    assert [bucket.complete for bucket in result.buckets] == [True] * 5 + [False] * 2  # the sixth ends on day 6 + 15


PAGES = (Selection(PAGEVIEW), page("/a"), page("/b"))


@pytest.mark.parametrize("seed", range(12))
def test_crowds_who_do_much_at_once(seed, monkeypatch):
    """Random people with few kinds of events on few moments, around the range's end: every order, every question."""
    monkeypatch.setattr("analytics.kinds.funnel.answer.TOP_GROUPS", 2)
    dice = random.Random(seed)
    there = world(*(person(dice, dice.choice([20, 44]), hours=8) for _ in range(25)))  # around a midnight
    environment_id = store(there)

    for order, asks, by in product(Order, Asks, (None, PLAN)):
        steps = tuple(dice.sample([A, A, B, B, C, C, ANY, *PAGES], dice.choice([2, 2, 3])))
        if by and asks is Asks.TREND:
            continue
        if order is Order.ANY:
            steps, without = tuple(dict.fromkeys((*steps, X, B)))[:3], []
        else:
            excluded = [Exclusion(dice.choice([X, X, C, ANY]), dice.randint(1, len(steps) - 1)) for _ in range(2)]
            without = [each for each in excluded if each.selection not in steps[each.after - 1 : each.after + 1]]
        answered(
            there,
            environment_id,
            steps,
            {
                "order": order,
                "asks": asks,
                "by": by,
                "without": tuple(without),
                "within": timedelta(hours=dice.randint(1, 5)),
                "span": Span(None, START.date(), START.date() + timedelta(days=1)),
            },
            most=2,
        )
