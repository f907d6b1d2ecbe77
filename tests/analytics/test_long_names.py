"""An event's name that is too long for an index is stored, counted, asked for and shown."""

import random
from datetime import timedelta

import pytest
from django.utils import timezone

from analytics.kinds.registry import run
from analytics.questions.conditions import Condition, Field, Group, Operator, Source
from analytics.questions.query import Counts, EventReference, RefersTo, Scope
from analytics.questions.spans import Span
from analytics.rollups.refresh import refresh
from analytics.store.current import event_store
from collector.counts.overview import overview
from events.blocking_writer import store
from events.names import MAX_BYTES, stored_name
from tests.analytics.factories import ANY_EVENT, graph_of
from tests.events.making import event, rows


def noise(seed):
    """1,024 characters of three bytes, which do not become fewer when they are compressed."""
    chance = random.Random(seed)
    return "".join(chr(chance.randrange(0x4E00, 0x9F00)) for _ in range(1_024))


ONCE, TWICE = noise(1), noise(1)[:-1] + "語"


@pytest.fixture(params=[False, True], ids=["from events", "from counted days"])
def world(request, environment):
    """An event of one name and two of another, which differ in their last character, two days ago."""
    noon = timezone.now().replace(hour=12, minute=0, second=0, microsecond=0) - timedelta(days=2)
    names = [ONCE, TWICE, TWICE]
    store([event(5, name, environment_id=environment.pk, time=noon.timestamp() + n) for n, name in enumerate(names)])
    if request.param:
        refresh(environment)
        assert rows("select count(*) from rollup_counts where kind = 'custom'") == [(2,)]
    return environment


def total(environment, reference, where=()):
    return run(graph_of(Scope.of(environment), reference, Counts.EVENTS, Span(7), where=Group(where))).total


@pytest.mark.parametrize(("name", "number"), [(ONCE, 1), (TWICE, 2), (ONCE[:-1], 0)])
def test_it_is_asked_for_whole(world, name, number):
    assert total(world, EventReference(RefersTo.CUSTOM, name)) == number


@pytest.mark.parametrize(("operator", "number"), [(Operator.IS, 1), (Operator.IS_NOT, 2)])
def test_a_condition_on_the_name_means_all_of_it(world, operator, number):
    assert total(world, ANY_EVENT, (Condition(Field(Source.EVENT, "name"), operator, ONCE),)) == number


def test_it_is_shown_whole(world):
    shown = [each.name for each in event_store().newest_events(world.pk).events]

    assert shown == [TWICE, TWICE, ONCE]
    assert overview(world, timezone.now()).last_arrived in (ONCE, TWICE)


@pytest.mark.parametrize("name", ["", "Order", "x" * 1_024, "ü" * 1_024, "語" * 800])
def test_a_name_that_fits_stays_as_it_is(name):
    assert stored_name(name) == name


@pytest.mark.parametrize("name", ["語" * 801, "😀" * 601, ONCE])
def test_what_stands_for_another_is_short_and_begins_like_it(name):
    short = stored_name(name)

    assert len(short.encode()) <= MAX_BYTES and short.startswith(name[:200])
    assert short == stored_name(name) != stored_name(name[:-1] + "x")
