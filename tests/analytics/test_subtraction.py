"""People who are erased are subtracted from the counted days: these are then what a fresh count would give."""

import json
import random
from datetime import timedelta

import pytest
from django.db import connection
from django.utils import timezone

from analytics.rollups.builder import FIELDS
from analytics.rollups.refresh import refresh
from events.erasure import erase
from tests.analytics.rows import merge
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db
DAYS = 12
VISITORS, IDENTITIES = range(1, 9), (-1, -2, -3, -4)
NAMES, PATHS = ("Paid", "Left"), ("/", "/a", None, "=")
KINDS = [("pageview", ""), ("pageview", ""), ("click", ""), *(("custom", name) for name in NAMES)]
MADE = """
insert into events (environment_id, time, received_at, actor_id, session_id, kind, name, path, browser, device, id)
select *, nextval('events_id_seq') - case when device = 'robot' then 1000000 else 0 end
  from (values (%s, %s, %s, %s, %s::bigint, %s, %s, %s, %s, %s)) as row(a, b, c, d, e, f, g, h, i, device)
"""


def rows(sql, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(sql, parameters)
        return cursor.fetchall() if cursor.description else cursor.rowcount


def collect(environment, chance, number=150, *, shared=0.0, late=timedelta(0)):
    """Random events of some days, many soon after another of its session. A session is a person's own, but for a share
    of the events."""
    last = {}
    today = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0)
    for _ in range(number):
        actor = chance.choice([*VISITORS, *IDENTITIES])
        session = chance.choice([None, 10 * abs(actor) + chance.choice([0, 1]) + (1_000 if actor < 0 else 0)])
        if chance.random() < shared:
            session = 5
        time = today - timedelta(hours=chance.choice([5, 24 * DAYS]) * chance.random())
        if session in last and chance.random() < 0.6:
            time = min(last[session] + timedelta(minutes=chance.choice([5, 29, 30, 31, 90])), today)
        last[session] = time
        kind, name = chance.choice(KINDS)
        row = [actor, session, kind, name, chance.choice(PATHS), chance.choice(["Firefox", None])]
        row.append(chance.choice([None, "mobile", "robot"]))
        rows(MADE, environment.pk, time, time + late, *row)


def become(environment, chance, number):
    known = {visitor for (visitor,) in rows("select from_actor from merges where environment_id = %s", environment.pk)}
    for visitor in chance.sample(sorted(set(VISITORS) - known), number):
        merge(environment, visitor, chance.choice(IDENTITIES))


def counted(environment):
    """All that is counted, with people by their numbers: (days, events and people by kind and name, values)."""
    merged = dict(rows("select from_actor, to_actor from merges where environment_id = %s", environment.pk))
    places = dict(rows("select position, actor_id from rollup_positions where environment_id = %s", environment.pk))
    days = rows("select starts, is_empty, has_names from rollup_days where environment_id = %s", environment.pk)
    counts = rows(
        "select starts, kind, name, events, people from rollup_counts where environment_id = %s", environment.pk
    )
    values = rows("select starts, kind, field, labels from rollup_values where environment_id = %s", environment.pk)

    def people(bits):
        found = (place for place in range(len(bits) * 8) if bits[place // 8] >> place % 8 & 1)
        return {merged.get(places[place], places[place]) for place in found}

    return (
        {starts: state for starts, *state in days},
        {(starts, kind, name): (events, people(bytes(bits))) for starts, kind, name, events, bits in counts},
        {(starts, kind, field): json.loads(labels) for starts, kind, field, labels in values},
    )


def counted_afresh(environment):
    rows("delete from rollup_days where environment_id = %s", environment.pk)
    rows("delete from rollup_positions where environment_id = %s", environment.pk)
    refresh(environment)
    return counted(environment)


def of_days(found, starts):
    """The same, of these days alone."""
    days, counts, values = found
    return (
        {each: state for each, state in days.items() if each in starts},
        {key: count for key, count in counts.items() if key[0] in starts},
        {key: labels for key, labels in values.items() if key[0] in starts},
    )


def random_people(chance):
    return chance.sample([*VISITORS, *IDENTITIES], chance.randint(1, 6))


@pytest.mark.parametrize("seed", range(8))
def test_all_counted_days_are_what_a_fresh_count_gives(seed):
    chance = random.Random(seed)
    environment, other = (
        EnvironmentFactory(project__leaves_out_robots=each) for each in (seed % 2 == 0, seed % 3 == 0)
    )
    for each in (environment, other):
        collect(each, chance)
    become(environment, chance, chance.choice([0, 3]))
    for each in (environment, other):
        refresh(each)
    become(environment, chance, chance.choice([0, 2]))  # these are not in the days yet
    before, elsewhere = counted(environment), counted(other)

    for _ in range(2):
        people = random_people(chance)
        while not erase(environment.pk, people, most_events=chance.choice([7, None])).is_complete:
            check(environment, before[0])
    check(environment, before[0])
    refresh(environment)
    check(environment, before[0])

    assert counted(environment) == counted_afresh(environment)
    assert counted(other) == elsewhere


def check(environment, days):
    """No day was forgotten, and what is counted is what is there, after each piece of a deletion."""
    found = counted(environment)
    assert set(found[0]) == set(days)
    assert found == on_the_side(environment)


def on_the_side(environment):
    """What a fresh count gives, without keeping it; merges that wait are kept waiting."""
    with connection.cursor() as cursor:
        cursor.execute("savepoint afresh")
        found = counted_afresh(environment)
        cursor.execute("rollback to savepoint afresh")
    return found


@pytest.mark.parametrize("seed", range(5))
def test_days_of_shared_sessions_are_forgotten_and_the_others_stay_right(seed):
    chance = random.Random(seed)
    environment = EnvironmentFactory()
    collect(environment, chance, shared=0.05)
    become(environment, chance, 2)
    refresh(environment)
    days = set(counted(environment)[0])

    erase(environment.pk, random_people(chance), most_events=chance.choice([5, None]))

    left = counted(environment)
    fresh = on_the_side(environment)
    assert set(left[0]) <= days
    assert left == of_days(fresh, set(left[0]))


def test_a_day_is_forgotten_when_somebody_else_took_part_in_a_session():
    environment = EnvironmentFactory()
    noon = timezone.now().replace(hour=12, minute=0) - timedelta(days=5)
    for actor, session, time in ((1, 5, noon), (2, 5, noon), (3, 6, noon), (1, 7, noon - timedelta(days=3))):
        rows(MADE, environment.pk, time, time, actor, session, "click", "", "/", None, None)
    refresh(environment)
    days = counted(environment)[0]

    erase(environment.pk, [3])
    assert counted(environment)[0].keys() == days.keys()
    erase(environment.pk, [1])

    assert days.keys() - counted(environment)[0].keys() == {noon.replace(hour=0, second=0, microsecond=0)}


@pytest.mark.parametrize(("visitors", "days"), [(1_000, 2), (1_001, 1)])
def test_days_of_somebody_who_was_more_than_a_thousand_visitors_are_forgotten(visitors, days):
    environment = EnvironmentFactory()
    noon = timezone.now().replace(hour=12, minute=0) - timedelta(days=5)
    before = noon - timedelta(days=3)
    for actor, time in ((1, noon), (-2, noon), (-2, before)):
        rows(MADE, environment.pk, time, time, actor, actor, "click", "", "/", None, None)
    became = "insert into merges (environment_id, from_actor, to_actor) select %s, n, -1 from generate_series(1, %s) n"
    rows(became, environment.pk, visitors)
    refresh(environment)

    erase(environment.pk, [-1])

    left = counted(environment)
    assert [is_empty for is_empty, _ in left[0].values()].count(False) == days
    assert left == of_days(on_the_side(environment), set(left[0]))
    assert rows("select actor_id from rollup_positions") == [(-2,)]


@pytest.mark.parametrize("seed", range(5))
def test_days_that_may_not_know_a_late_event_are_forgotten(seed):
    chance = random.Random(seed)
    environment = EnvironmentFactory()
    collect(environment, chance)
    refresh(environment)
    rows("update rollup_marks set mark = mark - interval '1 hour'")  # that refresh was an hour ago
    days = set(counted(environment)[0])
    collect(environment, chance, 3, late=timedelta(days=DAYS + 1))
    long_ago = "time = time - interval '1 day', received_at = now() - interval '30 minutes'"
    rows(f"update events set {long_ago} where received_at > now()")  # yesterday is not counted before one o'clock
    late = rows("select actor_id from events where received_at - time > interval '1 hour'")

    erase(environment.pk, [actor for (actor,) in late])

    left = counted(environment)
    assert left == of_days(on_the_side(environment), set(left[0]))
    assert len(left[0]) < len(days)


def test_a_day_counted_before_shared_sessions_were_noted_is_forgotten():
    environment = EnvironmentFactory()
    collect(environment, random.Random(1))
    refresh(environment)
    rows("update rollup_days set shared_sessions = null")

    erase(environment.pk, [1])

    left = counted(environment)
    assert left == of_days(on_the_side(environment), set(left[0]))


def test_whoever_comes_next_does_not_get_the_bits_of_somebody_who_is_gone():
    environment = EnvironmentFactory()
    collect(environment, random.Random(2))
    refresh(environment)
    erase(environment.pk, [*VISITORS, *IDENTITIES])
    now = timezone.now()

    rows(MADE, environment.pk, now - timedelta(days=4), now - timedelta(days=4), 77, 1, "click", "", "/", None, None)
    rows("delete from rollup_days where starts <= now() - interval '4 days' and ends > now() - interval '4 days'")
    refresh(environment)

    counts = counted(environment)[1]
    assert {kind: found for (_, kind, _), found in counts.items()} == dict.fromkeys(
        ["any", "click", "session"], (1, {77})
    )


def test_the_fields_that_the_database_subtracts_are_those_that_are_counted():
    (source,) = rows("select prosrc from pg_proc where proname = 'forget_counted'")[0]

    assert all(source.count(f"('{field}', {field})") == 2 for field in FIELDS)
