"""Events of the past are stored once for ever, in months of their own."""

import threading
import time
from datetime import UTC, date, datetime

import psycopg
import pytest
from django.db import connection, transaction

from common.database import conninfo
from events import imports
from events.blocking_writer import store
from events.imports import FIRST_ID, Months, recognisable, store_once
from tests.events.making import ENVIRONMENT, event, rows
from tests.events.test_jobs import partitions

LONG_AGO = datetime(2012, 5, 7, 8, tzinfo=UTC).timestamp()


def past(name="Order", content=None, **fields):
    made = event(name=name, **({"time": LONG_AGO} | fields))
    return recognisable(made, content or name, time.time())


def stored():
    return rows("select name, count(*) from events group by 1 order by 1")


@pytest.mark.django_db
class TestEachIsStoredOnce:
    def test_by_its_content(self):
        assert store_once([past("a"), past("b")]).repeats == 0
        assert store_once([past("b"), past("c")]).repeats == 1

        assert stored() == [("a", 1), ("b", 1), ("c", 1)]

    def test_in_one_commit_too(self):
        assert store_once([past("a"), past("a"), past("b")]).repeats == 1

        assert stored() == [("a", 1), ("b", 1)]

    def test_when_all_are_there(self):
        store_once([past("a")])

        assert store_once([past("a"), past("a")]).repeats == 2

    def test_by_its_key_long_after_keys_are_forgotten(self):
        store_once([past("a", key="k")])
        assert rows("select count(*) from idempotency_keys") == [(0,)]  # nothing is remembered but the event itself

        assert store_once([past("a", key="k", content="written in another way")]).repeats == 1

        assert stored() == [("a", 1)]

    def test_and_with_another_time_it_is_another_event_in_whatever_commits(self):
        first, second, third = (
            past(name, key="k", time=1_400_000_000.25 + number) for number, name in enumerate("abc")
        )

        assert store_once([first, second]).repeats == 0
        assert store_once([second, third]).repeats == 1

        assert stored() == [("a", 1), ("b", 1), ("c", 1)]

    def test_that_its_sender_sent_too_this_week(self):
        an_hour_ago = time.time() - 3600
        store([event(name="live", key="k", time=an_hour_ago)])

        assert store_once([past("imported", key="k", time=an_hour_ago + 1)]).repeats == 1

        assert stored() == [("live", 1)]

    def test_in_each_environment(self):
        store_once([past("a")])
        store_once([past("a", environment_id=8, actor="ann")])

        assert stored() == [("a", 2)]

    def test_and_its_id_stands_apart_from_those_that_are_counted_up(self):
        store_once([past("a")])
        store([event(name="live")])

        ids = dict(rows("select name, id from events"))
        assert FIRST_ID <= ids["a"] < 2 * FIRST_ID < 10**18
        assert ids["live"] < FIRST_ID


@pytest.mark.django_db
def test_who_came_as_a_robot_only_is_none_once_their_past_is_imported():
    store([event(5, name="live", device="robot")])
    assert rows("select is_robot from people") == [(True,)]

    store_once([past("a", actor=5)])

    assert rows("select is_robot from people") == [(False,)]
    assert rows("select name, id < 0 from events order by time") == [("a", False), ("live", True)]


@pytest.mark.django_db(transaction=True)
def test_two_imports_of_the_same_events_at_once_store_them_once():
    events = [[past(str(number), actor="ann") for number in range(400)] for _ in range(2)]
    told = []

    def work(each):
        told.extend(store_once(each[start : start + 20]).repeats for start in range(0, 400, 20))
        connection.close()

    threads = [threading.Thread(target=work, args=(each,)) for each in events]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert sum(told) == 400
    assert rows("select count(*) from events") == [(400,)]


@pytest.mark.django_db(transaction=True)
def test_while_another_import_writes_into_the_environment_it_waits():
    with psycopg.connect(conninfo()) as other:
        other.execute("select pg_advisory_xact_lock(hashtextextended('import', %s))", [ENVIRONMENT])
        done = threading.Event()

        def work():
            store_once([past("a")])
            connection.close()
            done.set()

        thread = threading.Thread(target=work)
        thread.start()
        assert not done.wait(0.5)
        other.rollback()
        thread.join()

    assert done.is_set()
    assert stored() == [("a", 1)]


# --- Beside what is collected ---------------------------------------------------------------------------------------
@pytest.mark.django_db
@pytest.mark.parametrize(("name", "took", "pauses"), [
    ("heapadmin collector", 0.5, [1.0]), ("heapadmin directory", 0.5, []),
    ("heapadmin collector", 60, [2 * imports.STATEMENT_SECONDS]),
])  # fmt: skip
def test_an_import_pauses_where_the_collector_writes(name, took, pauses, monkeypatch):
    paused = []
    monkeypatch.setattr(imports.time, "sleep", paused.append)
    with psycopg.connect(conninfo(), autocommit=True, application_name=name) as other:
        other.execute("select 1")

        imports.make_way(took)

    assert paused == pauses


# --- Months ---------------------------------------------------------------------------------------------------------
@pytest.fixture
def no_partitions_left():
    yield
    for (name,) in rows("select inhrelid::regclass::text from pg_inherits where inhparent = 'events'::regclass"):
        if name < "events_2020":
            with connection.cursor() as cursor:
                cursor.execute(f"drop table {name}")


def at(year, month, day=3):
    return event(time=datetime(year, month, day, tzinfo=UTC).timestamp())


NOW = datetime(2020, 6, 15, tzinfo=UTC).timestamp()


@pytest.mark.django_db(transaction=True)
class TestMonths:
    @pytest.fixture(autouse=True)
    def clean(self, no_partitions_left):
        """Partitions are not rolled back."""

    def test_each_month_of_the_events_gets_a_partition(self):
        before = partitions()

        Months().ensure([at(2012, 5), at(2012, 5, 4), at(2013, 1)], NOW)

        assert partitions() - before == {"events_2012_05", "events_2013_01"}

    def test_ten_years_back_and_no_further_and_none_to_come(self):
        before = partitions()

        Months().ensure([at(2000, 1), at(2010, 5), at(2010, 6), at(2020, 7)], NOW)

        assert partitions() - before == {"events_2010_06"}

    def test_they_hold_back_nobody_who_collects(self):
        """An event of this month is being stored, and the next one is stored while the partition is made."""
        with psycopg.connect(conninfo()) as collecting:
            collecting.execute(imports_insert())

            months = Months()
            months.ensure([at(2012, 5)], NOW)

            assert months.without == []

    def test_what_is_stored_while_one_is_made_does_not_wait(self):
        with psycopg.connect(conninfo()) as making, connection.cursor() as cursor:
            making.execute("select ensure_event_partitions('2012-05-01', '2012-05-01')")  # not committed yet

            with transaction.atomic():
                cursor.execute("set local lock_timeout = '50ms'")
                store([event(name="live"), event(7, name="live", key="k"), event(8, name="live", device="robot")])
            making.rollback()

        assert stored() == [("live", 3)]

    def test_events_that_are_there_already_move_into_it(self):
        store([event(name="early", time=LONG_AGO), event(name="other", time=LONG_AGO - 400 * 86_400)])
        assert rows("select count(*) from events_default") == [(2,)]

        Months().ensure([at(2012, 5)], NOW)

        assert rows("select name from only events_2012_05") == [("early",)]
        assert rows("select name from events_default") == [("other",)]
        assert store_once([past("early")]).repeats == 0  # it came otherwise: its id is not of an import
        assert rows("select count(*) from events") == [(3,)]

    def test_what_holds_one_up_is_waited_for_once(self, monkeypatch):
        monkeypatch.setattr(imports, "MONTH_LOCK_SECONDS", 0.05)
        tries, make = [], imports._make
        monkeypatch.setattr(imports, "_make", lambda month, most: tries.append(most) or make(month, most))
        with psycopg.connect(conninfo()) as reading:
            reading.execute("select count(*) from events")

            months = Months(3)
            months.ensure([at(2012, 5), at(2012, 6), at(2012, 7)], NOW)
            reading.rollback()

        assert tries == [3, 1, 1]
        assert len(months.without) == 3

    def test_where_one_cannot_be_made_soon_the_events_go_without(self, monkeypatch):
        monkeypatch.setattr(imports, "MONTH_TRIES", 2)
        monkeypatch.setattr(imports, "MONTH_LOCK_SECONDS", 0.05)
        before = partitions()
        with psycopg.connect(conninfo()) as reading:
            reading.execute("select count(*) from events")  # in a transaction that stays open

            months = Months()
            months.ensure([at(2012, 5)], NOW)
            reading.rollback()

        assert months.without == [date(2012, 5, 1)]
        assert partitions() == before
        store_once([past("a")])
        assert rows("select name from events_default") == [("a",)]


def imports_insert():
    return "insert into events (environment_id, time, actor_id) values (7, now(), 1)"
