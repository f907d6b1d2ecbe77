"""Events that are kept no longer: they go, with whoever has done nothing since, and nothing else does."""

import random
import threading
import time
from datetime import UTC, date, datetime, timedelta
from functools import partial
from unittest import mock

import psycopg
import pytest
from django.utils import timezone

from accounts.models import Activity
from analytics import jobs
from analytics.actions import create_fixed_segment
from analytics.expiry import removing
from analytics.models import Expiry, SegmentMember
from analytics.rollups.refresh import refresh
from common.database import conninfo
from events import expiry
from events.months import months
from events.upkeep import ensure_partitions
from projects.keeping import kept_from
from tests.analytics.rows import add_event, add_person, merge
from tests.analytics.test_subtraction import become, collect, counted, counted_afresh, rows
from tests.factories import EnvironmentFactory, UserFactory

NOW = datetime(2026, 11, 10, 12, tzinfo=UTC)
NOVEMBER, OCTOBER = datetime(2026, 11, 1, tzinfo=UTC), datetime(2026, 10, 1, tzinfo=UTC)
LONG_AGO = datetime(2020, 5, 1, tzinfo=UTC)  # a month without a partition


@pytest.fixture
def environment():
    return EnvironmentFactory(months_kept=1, project__name="Shop", name="Production")


@pytest.fixture
def other():
    """An environment of somebody else, who keeps everything."""
    return EnvironmentFactory()


def run_to_the_end(now=NOW):
    removing.drop_months(removing.moments(now))
    after = 0
    while (after := removing.run(now, seconds=0.01, after=after)) is not None:
        pass


def times(environment):
    return [time for (time,) in rows("select time from events where environment_id = %s order by 1", environment.pk)]


def people(environment):
    return {actor for (actor,) in rows("select actor_id from people where environment_id = %s", environment.pk)}


def made_month(first=date(2001, 3, 1)):
    """A month of its own, far from those of other tests."""
    ensure_partitions(first, first)
    return next(month for month in months() if month.starts.date() == first)


@pytest.mark.django_db
class TestEvents:
    def test_those_of_months_that_are_kept_stay_to_the_second(self, environment, other):
        moments = [OCTOBER - timedelta(microseconds=1), OCTOBER, NOVEMBER - timedelta(seconds=1), NOW]
        for moment in moments:
            add_event(environment, at=moment)
            add_event(other, at=moment)

        run_to_the_end()

        assert times(environment) == moments[1:]
        assert times(other) == moments

    def test_none_goes_where_nothing_is_set(self, other):
        add_event(other, at=datetime(2000, 6, 1, tzinfo=UTC))

        run_to_the_end()

        assert len(times(other)) == 1
        assert not Expiry.objects.exists()
        assert not Activity.objects.filter(verb="environment.expired").exists()

    def test_the_receipt_has_every_row_once_even_if_a_run_was_killed(self, environment, monkeypatch):
        monkeypatch.setattr(removing, "STEP_ROWS", 3)
        for hours in range(10):
            add_event(environment, at=LONG_AGO + timedelta(hours=hours))
        removed, steps_left = expiry.remove_events, [1, 2]

        def dying(*of_step):
            if not steps_left:
                raise KeyboardInterrupt
            steps_left.pop()
            return removed(*of_step)

        with mock.patch.object(expiry, "remove_events", dying), pytest.raises(KeyboardInterrupt):
            run_to_the_end()
        assert (Expiry.objects.get().rows, len(times(environment))) == ({"events": 6}, 4)
        run_to_the_end()

        receipt = Activity.objects.get(verb="environment.expired")
        assert receipt.target == "Shop › Production"
        assert receipt.details == {"before": "2026-10-01", "events": 10}
        assert Expiry.objects.get().done_at is not None

    def test_what_comes_late_goes_in_the_next_night(self, environment):
        add_event(environment, at=LONG_AGO)
        run_to_the_end()
        add_event(environment, at=LONG_AGO)

        run_to_the_end(NOW + timedelta(days=1))

        assert not times(environment)
        assert [each.rows for each in Expiry.objects.order_by("pk")] == [{"events": 1}, {"events": 1}]

    def test_whoever_changes_their_mind_keeps_what_is_left(self, environment):
        for day in range(3):
            add_event(environment, at=LONG_AGO + timedelta(days=day))
        one = partial(expiry.remove_events, environment.pk, removing.EVER, OCTOBER, 1)
        removing._step(environment.pk, OCTOBER, "events", one)
        environment.months_kept = None
        environment.save()

        run_to_the_end()

        assert len(times(environment)) == 2
        assert Activity.objects.get(verb="environment.expired").details["events"] == 1

    @pytest.mark.parametrize("seed", range(3))
    def test_counted_days_are_then_what_a_fresh_count_gives(self, seed):
        chance = random.Random(seed)
        environment = EnvironmentFactory(project__time_zone="Asia/Kolkata", months_kept=1)
        collect(environment, chance, shared=0.1)
        become(environment, chance, 3)
        refresh(environment)
        cut = timezone.now().replace(hour=0, minute=0, second=0, microsecond=0) - timedelta(days=4)
        before = counted(environment)

        while not removing.expire(environment.pk, cut, seconds=5):
            pass
        refresh(environment)

        kept = counted(environment)
        assert kept != before
        assert kept == counted_afresh(environment)


@pytest.mark.django_db(transaction=True)
@pytest.mark.timeout(30)
def test_what_somebody_has_locked_holds_nothing_up_and_goes_in_the_next_night(environment):
    """An update that was never committed would hold up all other jobs too, mails and backups among these."""
    for day in range(3):
        add_event(environment, at=LONG_AGO + timedelta(days=day))

    with psycopg.connect(conninfo()) as somebody:
        somebody.execute("update events set name = 'other' where time = %s", [LONG_AGO])
        run_to_the_end()
        assert times(environment) == [LONG_AGO]
        somebody.rollback()
    run_to_the_end(NOW + timedelta(days=1))

    assert not times(environment)
    assert [each.rows for each in Expiry.objects.order_by("pk")] == [{"events": 2}, {"events": 1}]


def test_environments_take_turns(db, monkeypatch):
    first, second = EnvironmentFactory.create_batch(2, months_kept=1)
    turns = []
    monkeypatch.setattr(removing, "expire", lambda environment_id, before, seconds, whole: turns.append(environment_id))

    assert removing.run(NOW, seconds=-1) == first.pk
    assert removing.run(NOW, seconds=-1, after=first.pk) == second.pk
    assert removing.run(NOW, seconds=-1, after=second.pk) is None
    assert turns == [first.pk, second.pk]


@pytest.mark.django_db
class TestPeople:
    def test_who_has_done_nothing_since_goes_with_their_merges(self, environment):
        add_person(environment, -7, identity="ada@shop.example", last=LONG_AGO)
        add_person(environment, 8, last=OCTOBER - timedelta(days=1))
        merge(environment, 42, -7)
        add_event(environment, actor_id=42, at=LONG_AGO)

        run_to_the_end()

        assert not people(environment)
        assert not rows("select 1 from merges where environment_id = %s", environment.pk)
        assert Activity.objects.get(verb="environment.expired").details == {
            "before": "2026-10-01", "events": 1, "people": 2,
        }  # fmt: skip

    def test_who_still_has_an_event_stays(self, environment):
        """`last_seen_at` may be a minute behind, and an event may have been a visitor's before."""
        add_person(environment, 1, last=OCTOBER - timedelta(seconds=30))
        add_event(environment, actor_id=1, at=OCTOBER + timedelta(seconds=20))
        add_person(environment, -2, identity="ben@shop.example", last=OCTOBER - timedelta(seconds=30))
        merge(environment, 43, -2)
        add_event(environment, actor_id=43, at=OCTOBER + timedelta(seconds=20))

        run_to_the_end()

        assert people(environment) == {1, -2}
        assert rows("select from_actor from merges where environment_id = %s", environment.pk) == [(43,)]

    def test_who_never_did_anything_stays(self, environment):
        add_person(environment, -3, identity="new@shop.example", properties={"plan": "gold"}, seen=False)

        run_to_the_end()

        assert people(environment) == {-3}

    def test_they_leave_fixed_segments_with_whoever_was_merged_into_them(self, environment):
        add_person(environment, -7, identity="ada@shop.example", last=LONG_AGO)
        merge(environment, 42, -7)
        add_person(environment, 9, last=NOW)
        create_fixed_segment(environment=environment, name="Three", people=[-7, 42, 9], by=UserFactory())

        run_to_the_end()

        assert list(SegmentMember.objects.values_list("actor_id", flat=True)) == [9]

    def test_those_of_others_stay(self, environment, other):
        add_person(other, -1, identity="cy@shop.example", last=LONG_AGO)
        merge(other, 42, -1)

        run_to_the_end()

        assert people(other) == {-1}


@pytest.mark.django_db
class TestMonths:
    def test_one_of_which_nobody_keeps_anything_is_dropped(self, environment):
        month = made_month()
        second = EnvironmentFactory(project__months_kept=120)
        for each in (environment, second):
            add_event(each, at=month.starts)
        add_event(second, at=month.ends - timedelta(seconds=1))

        assert removing.drop_months(removing.moments(NOW)) >= 1

        assert month not in months()
        assert {each.environment: each.rows for each in Expiry.objects.all()} == {
            environment: {"events": 1}, second: {"events": 2},
        }  # fmt: skip
        run_to_the_end()
        assert Activity.objects.filter(verb="environment.expired").count() == 2

    def test_one_of_which_somebody_keeps_an_event_is_emptied_of_the_others(self, environment, other):
        month = made_month()
        for each in (environment, other):
            add_event(each, at=month.starts)

        run_to_the_end()

        assert month in months()
        assert (times(environment), times(other)) == ([], [month.starts])

    def test_they_stay_where_events_are_kept_for_ever(self, other):
        month = made_month()

        run_to_the_end()

        assert month in months()

    def test_what_comes_later_for_such_a_month_is_stored(self, environment):
        month = made_month()
        add_event(environment, at=month.starts)
        run_to_the_end()

        add_event(environment, at=month.starts)

        assert times(environment) == [month.starts]

    def test_counted_days_of_it_are_forgotten(self, environment):
        month = made_month()
        add_event(environment, at=month.starts)
        rows(
            "insert into rollup_days (environment_id, starts, ends, has_names, has_people, is_empty) "
            "values (%s, %s, %s, true, true, false)",
            environment.pk, month.starts, month.starts + timedelta(days=1),
        )  # fmt: skip

        removing.drop_months(removing.moments(NOW))

        assert not rows("select 1 from rollup_days where environment_id = %s", environment.pk)


@pytest.mark.django_db(transaction=True)
def test_a_month_in_use_stays_whole_until_the_next_night_and_nobody_waits_for_it(monkeypatch, caplog):
    monkeypatch.setattr(removing, "DROP_SECONDS", 0.5)
    monkeypatch.setattr(removing, "DROP_PAUSE", 0.1)
    monkeypatch.setattr(expiry, "LOCK_MILLISECONDS", 50)
    monkeypatch.setattr(jobs, "defer_once", lambda name, in_seconds=0, **given: jobs.expire(**given))
    counted, paused, count, sleep = [], [], expiry.count, time.sleep
    monkeypatch.setattr(expiry, "count", lambda *of: counted.append(of) or count(*of))
    monkeypatch.setattr(removing.time, "sleep", lambda seconds: paused.append(seconds) or sleep(seconds))
    environment = EnvironmentFactory(months_kept=1)
    month = made_month()
    monkeypatch.setattr(removing, "months", lambda: [month] if month in months() else [])  # a rollback makes none again
    around = [month.starts - timedelta(seconds=1), month.ends]  # in the partition of all other times
    inside = [month.starts, month.ends - timedelta(seconds=1)]

    def night(day):
        jobs.expire_nightly(int((NOW + timedelta(days=day)).timestamp()))

    try:
        for at in [*around, *inside]:
            add_event(environment, at=at)
        with psycopg.connect(conninfo()) as dump:
            dump.execute(f"select * from {month.table}")
            night(0)
            add_event(environment, at=NOW)  # within the time limit of a statement
            pid = dump.info.backend_pid
        assert times(environment) == [*inside, NOW]
        assert [each.rows for each in Expiry.objects.all()] == [{"events": 2}]
        assert (counted, paused.count(0.1) > 1) == ([], True)
        said = f"{month.table} is kept no longer, but stays until the next night. In its way: process {pid} of"
        assert [said in each for each in caplog.messages if month.table in each] == [True]

        night(1)
        assert times(environment) == [NOW]
        assert counted == [(month, environment.pk)]
        assert [each.rows for each in Expiry.objects.order_by("pk")] == [{"events": 2}] * 2
        assert len(caplog.messages) == 1
    finally:
        rows(f"drop table if exists {month.table}")


@pytest.mark.django_db(transaction=True)
def test_a_month_that_is_free_after_a_moment_is_counted_once_and_dropped(monkeypatch):
    monkeypatch.setattr(removing, "DROP_PAUSE", 0.1)
    monkeypatch.setattr(expiry, "LOCK_MILLISECONDS", 50)
    counted, count = [], expiry.count
    month = made_month()
    monkeypatch.setattr(removing, "months", lambda: [month])
    environment = EnvironmentFactory(months_kept=1)
    add_event(environment, at=month.starts)
    readers = [psycopg.connect(conninfo()) for _ in range(2)]

    def read_again(*of):
        """Somebody else comes while events are counted."""
        counted.append(count(*of))
        readers[1].execute(f"select * from {month.table}")
        threading.Timer(0.3, readers[1].close).start()
        return counted[-1]

    monkeypatch.setattr(expiry, "count", read_again)
    try:
        readers[0].execute(f"select * from {month.table}")
        threading.Timer(0.3, readers[0].close).start()

        assert removing.drop_months(removing.moments(NOW)) == 1

        assert counted == [1]
        assert Expiry.objects.get().rows == {"events": 1}
    finally:
        rows(f"drop table if exists {month.table}")


@pytest.mark.django_db
def test_a_month_that_somebody_writes_into_meanwhile_stays(environment, other, monkeypatch):
    month = made_month()
    monkeypatch.setattr(removing, "months", lambda: [month])
    locked = expiry.lock

    def late(month):
        add_event(other, at=month.starts)
        locked(month)

    with mock.patch.object(expiry, "lock", late):
        assert removing.drop_months({environment.pk: kept_from(1, NOW)}) == 0

    assert set(times(other)) == {month.starts}


@pytest.mark.django_db
def test_the_nightly_job_queues_itself_until_all_is_gone(environment, monkeypatch):
    monkeypatch.setattr(jobs, "SLICE_SECONDS", -1)
    second = EnvironmentFactory(months_kept=1)
    for each in (environment, second):
        add_event(each, at=LONG_AGO)
    asked = []
    monkeypatch.setattr(jobs, "defer_once", lambda name, **given: asked.append((name, given)))

    jobs.expire_nightly(int(NOW.timestamp()))
    while asked:
        name, given = asked.pop()
        given.pop("in_seconds", None)
        assert name == "analytics.expire"
        jobs.expire(**given)

    assert not times(environment) and not times(second)
    assert Activity.objects.filter(verb="environment.expired").count() == 2
