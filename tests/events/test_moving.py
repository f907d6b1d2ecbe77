"""Months whose events share the partition of all other times get their own, and nobody notices."""

import time
from datetime import UTC, datetime, timedelta
from unittest import mock

import psycopg
import pytest
from django.db import OperationalError, connection

from common.database import conninfo
from events import jobs, moving
from events.months import months, without_partition
from events.upkeep import ensure_partitions
from tests.events.making import rows
from tests.events.old_months import APRIL, KEYS, MAY, collect, others, spread, work

NOW = int(datetime(2026, 11, 10, 12, tzinfo=UTC).timestamp())


def run_jobs(monkeypatch):
    work(monkeypatch, "events.months", timestamp=NOW)


def in_default():
    return rows("select count(*) from events_default")[0][0]


@pytest.mark.django_db
class TestMoving:
    @pytest.fixture(autouse=True)
    def small(self, monkeypatch):
        monkeypatch.setattr(jobs, "CROWD", 3)
        monkeypatch.setattr(jobs, "COPIED_AT_ONCE", 4)
        monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.001)

    def test_a_month_with_events_enough_gets_a_partition_with_all_of_them(self, monkeypatch):
        collect(*spread(APRIL, 9), *spread(MAY, 5))
        collect(*spread(MAY, 6), environment_id=8)
        few = datetime(2019, 1, 1, tzinfo=UTC)
        collect(few, MAY.ends)
        before = rows(KEYS)

        run_jobs(monkeypatch)

        assert {APRIL, MAY} <= set(months())
        assert rows(KEYS) == before
        assert rows("select count(*) from events_2021_04") == [(9,)]
        assert rows("select count(*) from events_2021_05") == [(11,)]
        assert rows("select time from events_default order by 1") == [(few,), (MAY.ends,)]
        assert not moving.has_begun()
        assert rows("select to_regclass('events_moving')") == [(None,)]

    def test_the_partitions_are_as_others_are(self, monkeypatch):
        ensure_partitions(APRIL.starts.date(), APRIL.starts.date())
        collect(*spread(MAY, 3))

        run_jobs(monkeypatch)

        def shape(table):
            indexes = rows("select replace(indexdef, %s, '') from pg_indexes where tablename = %s", table, table)
            checks = rows(
                "select conname, pg_get_constraintdef(oid) from pg_constraint where conrelid = %s::regclass "
                "and contype = 'c' order by 1",
                table,
            )
            columns = rows(
                "select column_name, data_type, column_default, is_nullable from information_schema.columns "
                "where table_name = %s order by ordinal_position",
                table,
            )
            options = rows("select reloptions from pg_class where oid = %s::regclass", table)
            return sorted(text.split(" USING ")[1] for (text,) in indexes), checks, columns, options

        assert shape("events_2021_05") == shape("events_2021_04")
        assert shape("events_default")[:3] == shape("events_2021_04")[:3]
        assert rows("select count(*) from pg_inherits where inhparent = 'events_pkey'::regclass") == rows(
            "select count(*) from pg_inherits where inhparent = 'events'::regclass"
        )

    def test_what_comes_and_goes_meanwhile_is_there_or_gone(self):
        collect(*spread(MAY, 6))
        moving.begin([MAY])
        place = moving.copy((0, MAY.starts, 0), 3)
        first = MAY.starts + timedelta(seconds=1)
        collect(first, MAY.ends - timedelta(seconds=1), datetime(2019, 1, 1, tzinfo=UTC))
        rows("delete from events where time = (select max(time) from events where time < %s) returning 1", MAY.ends)
        rows("delete from events where id = (select id from events_moving where time > %s limit 1) returning 1", first)
        before = rows(KEYS)

        while place is not None:
            place = moving.copy(place, 3)
        assert moving.is_complete()
        assert moving.take_place() == [MAY]

        assert rows(KEYS) == before
        assert len(before) == 7

    def test_copies_that_are_not_the_events_are_thrown_away_and_said(self, monkeypatch, caplog):
        collect(*spread(MAY, 6))
        before = rows(KEYS)
        monkeypatch.setattr(moving, "copy", lambda after, most: None)

        run_jobs(monkeypatch)

        assert "Report this" in caplog.text
        assert MAY not in months() and rows(KEYS) == before
        assert rows("select to_regclass('events_moving')") == [(None,)]

    def test_what_was_begun_and_forgotten_is_begun_anew(self, monkeypatch):
        collect(*spread(MAY, 6))
        moving.begin([APRIL])
        moving.copy((0, APRIL.starts, 0), 2)

        run_jobs(monkeypatch)

        assert rows("select count(*) from events_2021_05") == [(6,)]
        assert APRIL not in months()

    def test_a_month_that_an_import_made_meanwhile_stays_as_it_is(self):
        collect(*spread(MAY, 6), *spread(APRIL, 3))
        moving.begin([APRIL, MAY])
        place = moving.copy((0, MAY.starts, 0), 5)
        ensure_partitions(MAY.starts.date(), MAY.starts.date())
        before = rows(KEYS)

        while place is not None:
            place = moving.copy(place, 5)
        assert moving.is_complete()
        assert moving.take_place() == [APRIL]

        assert rows(KEYS) == before
        assert rows("select count(*) from events_2021_05") == [(6,)]

    def test_a_slice_of_what_was_thrown_away_does_nothing(self):
        jobs.move_months(after=[0, "2020-01-01", 0])

    @pytest.mark.parametrize(("moment", "found"), [(datetime(2016, 10, 31, tzinfo=UTC), False), (MAY.starts, True)])
    def test_months_of_ten_years_are_looked_at(self, moment, found, monkeypatch):
        collect(*[moment] * 3)

        run_jobs(monkeypatch)

        assert (in_default() == 0) == found

    def test_months_with_few_events_have_none(self):
        collect(*spread(MAY, 2))

        assert not without_partition(APRIL.starts.date(), MAY.starts.date(), 3)


@pytest.fixture
def old_months(transactional_db):
    """Afterwards the partitions are as they were."""
    yield
    rows_of_ddl = [
        "drop table if exists events_2021_04, events_2021_05",
        "drop table events_default",
        "create table events_default partition of events default",
        "select index_names('events_default')",
    ]
    with connection.cursor() as cursor:
        for statement in rows_of_ddl:
            cursor.execute(statement)


def test_others_write_and_delete_all_the_time_and_nothing_is_lost(old_months, monkeypatch):
    monkeypatch.setattr(jobs, "CROWD", 3)
    monkeypatch.setattr(jobs, "COPIED_AT_ONCE", 20)
    collect(*spread(APRIL, 400), *spread(MAY, 400))

    def moment(chance):
        return chance.choice([*spread(APRIL, 1, chance), *spread(MAY, 1, chance), MAY.ends])

    with others(moment, 1, 2, deletes_of=7, pause=0.01) as them:
        run_jobs(monkeypatch)
        time.sleep(0.2)

    assert not them.faults
    assert {APRIL, MAY} <= set(months())
    assert rows("select count(*) from events where environment_id in (1, 2)") == [(len(them.written),)]
    assert rows("select count(*) from events where environment_id = 7") == [(800 - sum(them.deleted),)]
    assert in_default() == rows("select count(*) from events where time >= %s", MAY.ends)[0][0]
    assert sum(them.deleted) > 0 and len(them.written) > 20


def test_a_reader_who_stays_makes_it_try_later_and_nobody_waits(old_months, monkeypatch):
    monkeypatch.setattr(jobs, "CROWD", 3)
    monkeypatch.setattr(jobs, "TRIES", 1)
    collect(*spread(MAY, 5))
    before = rows(KEYS)
    with psycopg.connect(conninfo()) as reader:
        reader.execute("select 1 from events")
        with mock.patch.object(moving, "LOCK_MILLISECONDS", 50):
            moving.begin([MAY])
            place = (0, MAY.starts, 0)
            while place is not None:
                place = moving.copy(place, 3)
            for change in (moving.take_place, moving.throw_away):
                with pytest.raises(OperationalError, match="lock timeout"):
                    change()
        collect(MAY.starts)
    assert len(rows(KEYS)) == len(before) + 1

    assert moving.take_place() == [MAY]
    assert rows("select count(*) from events_2021_05") == [(6,)]


def test_who_still_looks_at_what_was_before_the_copies_misses_nothing(old_months, monkeypatch):
    """In such a view there are no copies. It has not touched `events` yet, so no lock protects it."""
    again = []
    monkeypatch.setattr(jobs, "defer_once", lambda name, **given: again.append(name))
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.5)
    collect(*spread(MAY, 5))
    before = rows(KEYS)
    with psycopg.connect(conninfo()) as viewer:
        viewer.execute("set transaction isolation level repeatable read, read only")
        viewer.execute("select 1")
        moving.begin([MAY])

        jobs.move_months(after=[0, MAY.starts.isoformat(), 0])

        assert viewer.execute("select count(*) from events").fetchone() == (len(before),)
    assert again == ["events.move_months"]

    jobs.move_months(after=[0, MAY.starts.isoformat(), 0])

    assert MAY in months() and rows(KEYS) == before


@pytest.mark.django_db
def test_a_move_that_goes_on_since_yesterday_is_not_begun_anew_and_that_is_said(monkeypatch, caplog):
    monkeypatch.setattr(jobs, "CROWD", 3)
    collect(*spread(MAY, 5))
    moving.begin([MAY])
    jobs.move_months.defer(after=[0, MAY.starts.isoformat(), 0])

    jobs.months(timestamp=NOW)

    assert "The move of events of old months waits. In its way: nobody who stays" in caplog.text
    assert moving.has_begun()
    work(monkeypatch, "events.move_months", after=[0, MAY.starts.isoformat(), 0])
    assert MAY in months()
