"""Months that are over are packed: they take two thirds of the room, hold the same events, and nobody notices."""

import random
import re
import threading
import time
from datetime import UTC, datetime, timedelta
from importlib import import_module

import psycopg
import pytest
from django.db import ProgrammingError, connection, connections

from common.database import conninfo
from events import expiry, jobs, moving, packing
from events.blocking_writer import store
from events.imports import recognisable, store_once
from events.months import Month, months
from events.upkeep import ensure_partitions
from tests.events.making import event, rows

MIGRATION = import_module("events.migrations.0013_packing")
APRIL = Month.of("events_2021_04")
NIGHT = datetime(2021, 6, 1, 5, tzinfo=UTC)
KEYS = "select environment_id, time, id, actor_id, kind, name, properties::text from events order by 1, 2, 3"
OF_NAMES = 'btree (environment_id, kind, name, "time") INCLUDE (actor_id, session_id, id)'
# A shop's server, and a site of its own. Their events come in turns, of many people.
FILL = """
insert into events (environment_id, time, received_at, actor_id, session_id, kind, name, path, properties)
select n % 2, at, at, n * 7919::bigint % 2503, case n % 2 when 1 then n / 10 end,
       case n % 2 when 0 then 'custom' else 'pageview' end,
       case n % 2 when 0 then 'Order ' || n / 2 % 11 else '' end, case n % 2 when 1 then '/products/' || n % 40 end,
       case n % 2 when 0 then jsonb_build_object('amount', n % 1000, 'currency', 'EUR', 'items', n % 9) else '{{}}' end
  from (select n, timestamptz '2021-04-01 00:00:00+00' + n * interval '1 minute' as at
          from generate_series(1, {number}) n) e
"""


@pytest.fixture
def april(django_db_setup, django_db_blocker, monkeypatch):
    """A month of its own. Not `transactional_db`: to empty every table afterwards takes seconds."""
    monkeypatch.setattr(jobs, "LEAST_BYTES", 0)
    monkeypatch.setattr(jobs, "PAUSE", 0.01)
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0.5)
    with django_db_blocker.unblock():
        ensure_partitions(APRIL.starts.date(), APRIL.starts.date())
        yield
        packing.throw_away()
        run("drop table if exists events_2021_04; truncate events, people, merges, idempotency_keys")


def run(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)


def fill(number=200):
    run(FILL.format(number=number))


def collect(*moments, **fields):
    store([event(time=moment.timestamp(), properties={"n": 1}, **fields) for moment in moments])


def pack(monkeypatch, now=NIGHT):
    """What a worker would do in a night. Returns how many months were packed."""
    steps = {"events.pack": jobs.pack, "events.pack_month": jobs.pack_month, "events.place_month": jobs.place_month}
    queue = [("events.pack", {"timestamp": int(now.timestamp())})]
    monkeypatch.setattr(jobs, "defer_once", lambda name, in_seconds=0, **given: queue.append((name, given)))
    begun = 0
    while queue:
        name, given = queue.pop()
        begun += name == "events.pack"
        steps[name](**given)
    return begun - 1


def columns_of_indexes():
    found = rows("select indexdef from pg_indexes where tablename = 'events_2021_04'")
    return {re.sub(r" WITH \(.*?\)", "", definition.partition(" USING ")[2]) for (definition,) in found}


def leftovers():
    return rows(
        "select relname::text from pg_class where relname ~ '^events_packing' "
        "union all select tgname::text from pg_trigger where tgname = 'note_packing'"
    )


@pytest.mark.django_db
def test_a_month_has_an_index_of_names_of_its_own_until_it_is_packed():
    ensure_partitions(APRIL.starts.date(), APRIL.starts.date())

    assert OF_NAMES in columns_of_indexes()
    assert "events_by_name" not in {name for (name,) in rows("select relname from pg_class")}


@pytest.mark.usefixtures("april")
class TestPacking:
    def test_a_packed_month_takes_two_thirds_of_the_room_at_most_and_holds_the_same_events(self, monkeypatch):
        fill(10_000)
        before, taken = rows(KEYS), packing.size(APRIL)

        assert pack(monkeypatch) == 1

        assert rows(KEYS) == before and len(before) == 10_000
        assert packing.size(APRIL) <= taken * 2 / 3
        assert not leftovers()
        assert pack(monkeypatch) == 0  # once is enough

    def test_a_packed_month_is_a_partition_as_others_but_for_its_index_of_names(self, monkeypatch):
        def shape():
            checks = rows(
                "select conname, pg_get_constraintdef(oid) from pg_constraint "
                "where conrelid = 'events_2021_04'::regclass and contype in ('c', 'p') order by 1"
            )
            columns = rows(
                "select column_name, data_type, column_default, is_nullable from information_schema.columns "
                "where table_name = 'events_2021_04' order by ordinal_position"
            )
            inherited = rows(
                "select parent.relname from pg_inherits join pg_index on indexrelid = inhrelid "
                "join pg_class parent on parent.oid = inhparent where indrelid = 'events_2021_04'::regclass order by 1"
            )
            return checks, columns, inherited, rows("select reloptions from pg_class where relname = 'events_2021_04'")

        fill()
        before, indexes = shape(), columns_of_indexes()

        pack(monkeypatch)

        assert shape() == before
        assert indexes - columns_of_indexes() == {OF_NAMES}
        assert columns_of_indexes() - indexes == {'brin (environment_id, kind, name, "time")'}
        assert {name for (name,) in rows("select indexname from pg_indexes where indexname ~ 'packing'")} == set()

    def test_events_of_one_kind_and_name_lie_together_by_time(self, monkeypatch):
        fill(2_000)

        pack(monkeypatch)

        lie = rows("select environment_id, kind, name, time, id from only events_2021_04 order by ctid")
        assert lie == sorted(lie)
        run("set enable_seqscan = off")
        plan = rows(
            "explain select count(*) from only events_2021_04 where environment_id = 0 and kind = 'custom' "
            "and name = 'Order 3' and time < '2021-05-01'"
        )
        run("reset enable_seqscan")
        assert "events_2021_04_environment_id_kind_name_time_idx" in str(plan)

    def test_what_comes_and_goes_meanwhile_is_there_or_gone(self, monkeypatch):
        fill()
        moment = APRIL.starts + timedelta(days=3, hours=1)
        real, changes = packing.is_complete, []

        def is_complete(month):
            if not changes:
                collect(moment, moment + timedelta(seconds=1))
                run("delete from events where environment_id = 0 and name = 'Order 3'")
                run("delete from events where time = %s", moment)
                changes.append(rows(KEYS))
            return real(month)

        monkeypatch.setattr(packing, "is_complete", is_complete)

        assert pack(monkeypatch) == 1

        assert rows(KEYS) == changes[0]
        assert len(changes[0]) < 200 and moment + timedelta(seconds=1) in {each[1] for each in changes[0]}

    def test_what_is_deleted_and_stored_again_under_its_key_is_what_it_is_now(self, monkeypatch):
        fill()
        real, changes = packing.is_complete, []

        def is_complete(month):
            if not changes:
                run("create temporary table again as select * from events where name = 'Order 3'")
                run("delete from events where name = 'Order 3'")
                run("update again set name = 'Corrected', properties = '{}', actor_id = 777")
                run("insert into events select * from again; drop table again")
                changes.append(rows(KEYS))
            return real(month)

        monkeypatch.setattr(packing, "is_complete", is_complete)

        assert pack(monkeypatch) == 1
        assert rows(KEYS) == changes[0]
        assert [each for each in changes[0] if each[5] == "Corrected"]

    def test_what_comes_just_before_the_copy_takes_the_place_is_not_lost(self, monkeypatch):
        fill()
        real, late = packing.take_place, []

        def take_place(month):
            if not late:
                late.append(APRIL.ends - timedelta(seconds=1))
                collect(*late)
            return real(month)

        monkeypatch.setattr(packing, "take_place", take_place)

        assert pack(monkeypatch) == 1
        assert rows("select count(*) from only events_2021_04") == [(201,)]

    def test_others_write_and_delete_all_the_time_and_nothing_is_lost(self, monkeypatch):
        fill(3_000)
        stop, written, deleted, faults = threading.Event(), [], [], []

        def write(seed):
            chance = random.Random(seed)
            try:
                while not stop.is_set():
                    collect(APRIL.starts + timedelta(seconds=chance.randrange(2_000_000)), environment_id=seed)
                    written.append(seed)
                    time.sleep(0.1)
            except Exception as error:
                faults.append(error)
            finally:
                connections.close_all()

        def delete():
            with psycopg.connect(conninfo(), autocommit=True) as other:
                while not stop.is_set():
                    gone = other.execute(
                        "delete from events where (environment_id, time, id) in "
                        "(select environment_id, time, id from events where environment_id = 1 "
                        "order by random() limit 3)"
                    )
                    deleted.append(gone.rowcount)
                    time.sleep(0.1)

        others = [threading.Thread(target=write, args=[8]), threading.Thread(target=delete)]
        for each in others:
            each.start()
        try:
            packed = pack(monkeypatch)
        finally:
            stop.set()
            for each in others:
                each.join()

        assert (packed, faults) == (1, [])
        assert rows("select count(*) from only events_2021_04 where environment_id = 8") == [(len(written),)]
        assert rows("select count(*) from only events_2021_04 where environment_id = 1") == [(1_500 - sum(deleted),)]
        assert sum(deleted) > 0 and written

    def test_who_still_looks_at_what_was_before_the_copy_misses_nothing(self, monkeypatch):
        """In such a view there is no copy. It has not touched `events` yet, so no lock protects it."""
        fill()
        monkeypatch.setattr(jobs, "PLACE_SECONDS", 0)
        with psycopg.connect(conninfo()) as viewer:
            viewer.execute("set transaction isolation level repeatable read, read only")
            viewer.execute("select 1")

            assert pack(monkeypatch) == 0
            assert viewer.execute("select count(*) from events").fetchone() == (200,)

        assert not leftovers()
        assert pack(monkeypatch) == 1

    def test_a_reader_who_stays_makes_it_try_in_the_next_night_and_nobody_waits(self, monkeypatch):
        fill()
        monkeypatch.setattr(jobs, "PLACE_SECONDS", 0)
        monkeypatch.setattr(jobs, "TRIES", 1)
        monkeypatch.setattr(packing, "LOCK_MILLISECONDS", 50)
        with psycopg.connect(conninfo()) as reader:
            reader.execute("select 1 from only events")

            assert pack(monkeypatch) == 0
            collect(APRIL.starts)

        assert pack(monkeypatch) == 1
        assert rows("select count(*) from only events_2021_04") == [(201,)]

    def test_what_a_run_that_was_stopped_has_left_goes_in_the_next_night(self, monkeypatch):
        fill()
        packing.begin(APRIL)
        for step in packing.COPY:
            step(APRIL)
        collect(APRIL.starts)
        assert leftovers()

        assert pack(monkeypatch) == 1

        assert rows("select count(*) from only events_2021_04") == [(201,)]
        assert not leftovers()

    def test_a_copy_that_is_not_what_the_events_are_is_thrown_away_and_said(self, monkeypatch, caplog):
        fill()
        before = rows(KEYS)
        lose = "delete from events_packing where time = (select max(time) from events_packing)"
        monkeypatch.setattr(packing, "COPY", (*packing.COPY, lambda month: run(lose)))

        assert pack(monkeypatch) == 0

        assert "Report this" in caplog.text
        assert rows(KEYS) == before and not leftovers()

    def test_a_month_that_expires_meanwhile_is_gone(self, monkeypatch):
        fill()
        monkeypatch.setattr(packing, "COPY", (*packing.COPY, expiry.drop))

        with pytest.raises(ProgrammingError):
            pack(monkeypatch)
        jobs.pack_month(timestamp=0, table=APRIL.table, step=0)
        jobs.place_month(timestamp=0, table=APRIL.table, until=0)

        assert APRIL not in months() and not leftovers()

    @pytest.mark.parametrize("step", range(3))
    def test_a_step_that_a_stopped_worker_had_done_makes_it_begin_anew(self, monkeypatch, step):
        fill()
        packing.begin(APRIL)
        for done in packing.COPY[: step + 1]:
            done(APRIL)
        with pytest.raises(ProgrammingError):
            jobs.pack_month(timestamp=0, table=APRIL.table, step=step)
        assert not leftovers()

        assert pack(monkeypatch) == 1

    def test_a_month_that_is_being_packed_is_not_begun_anew(self, monkeypatch):
        fill()
        packing.begin(APRIL)
        waiting = jobs.pack_month.defer(timestamp=0, table=APRIL.table, step=0)

        assert pack(monkeypatch) == 0
        assert leftovers()

        run("delete from procrastinate_jobs where id = %s", waiting)
        assert pack(monkeypatch) == 1

    @pytest.mark.parametrize(
        ("now", "packed"), [(APRIL.ends + timedelta(days=6), 0), (APRIL.ends + timedelta(days=7, hours=1), 1)]
    )
    def test_a_month_is_packed_a_week_after_its_end(self, monkeypatch, now, packed):
        fill()

        assert pack(monkeypatch, now) == packed

    def test_a_month_that_an_import_still_fills_waits(self, monkeypatch):
        fill()
        collect(*(APRIL.starts + timedelta(hours=hours) for hours in range(400)))
        assert pack(monkeypatch) == 0

        run("update events set received_at = received_at - interval '1 day' where environment_id = 7")
        assert pack(monkeypatch) == 1

    @pytest.mark.parametrize(("limit", "value"), [("LEAST_BYTES", 2**20), ("MOST_OF_THE_REST", -1)])
    def test_months_with_little_and_those_beside_a_full_rest_stay(self, monkeypatch, limit, value):
        fill()
        monkeypatch.setattr(jobs if hasattr(jobs, limit) else packing, limit, value)

        assert pack(monkeypatch) == 0

    def test_a_disk_without_room_for_two_copies_is_left_alone(self, monkeypatch, settings):
        fill()
        settings.PRIVATE_DATABASE = True
        monkeypatch.setattr(jobs, "free_bytes", lambda folder: 2 * packing.size(APRIL))
        assert pack(monkeypatch) == 0

        monkeypatch.setattr(jobs, "free_bytes", lambda folder: 2 * packing.size(APRIL) + 1)
        assert pack(monkeypatch) == 1

    def test_events_that_are_imported_again_are_recognised_in_a_packed_month(self, monkeypatch):
        moments = [APRIL.starts + timedelta(hours=hours) for hours in range(20)]

        def imported():
            given = [event(time=moment.timestamp()) for moment in moments]
            return store_once([recognisable(each, str(each.time), NIGHT.timestamp()) for each in given])

        imported()
        run("update events set received_at = time")
        assert pack(monkeypatch) == 1

        assert imported().repeats == 20
        assert rows("select count(*) from events") == [(20,)]

    def test_names_too_long_for_an_index_are_packed_too(self, monkeypatch):
        letters = random.Random(1)
        for number in range(200):
            name = "".join(chr(letters.randrange(0x4E00, 0x9000)) for _ in range(900))
            collect(APRIL.starts + timedelta(minutes=number), name=name)
        run("update events set received_at = time")
        before = rows(KEYS)

        assert pack(monkeypatch) == 1

        assert rows(KEYS) == before


class TestMigration:
    @pytest.fixture(autouse=True)
    def back(self, april):
        """As it was before the migration; afterwards as it is now."""
        fill()
        with connection.schema_editor(atomic=False) as editor:
            MIGRATION.together(None, editor)
        yield
        run("drop table if exists events_2021_05")

    def migrate(self):
        with connection.schema_editor(atomic=False) as editor:
            MIGRATION.separate(None, editor)

    def of_names(self):
        return rows(
            "select indexrelid, indrelid, pg_relation_filenode(indexrelid) from pg_index "
            "join pg_class on oid = indexrelid where indrelid in (select relid from pg_partition_tree('events')) "
            "and indnatts = 7 and relkind = 'i' order by 1"
        )

    def test_no_index_is_built_and_events_stay_where_they_are(self):
        moving.begin([Month.of("events_2021_05")])  # whose copies would lack the index
        before, indexes = rows(KEYS), self.of_names()
        assert rows("select indisvalid from pg_index where indexrelid = 'events_by_name'::regclass") == [(True,)]

        self.migrate()

        assert rows(KEYS) == before and len(before) == 200
        assert self.of_names() == indexes and len(indexes) > 4
        assert rows("select to_regclass('events_by_name'), to_regclass('events_moving')") == [(None, None)]
        assert not rows("select 1 from pg_constraint where conname = 'of_its_time'")

    def test_it_tries_again_while_somebody_reads(self):
        reader = psycopg.connect(conninfo())
        reader.execute("select 1 from events")
        threading.Timer(0.6, reader.close).start()

        self.migrate()

        assert rows("select to_regclass('events_by_name')") == [(None,)]

    def test_a_partition_that_is_made_meanwhile_keeps_its_index(self, monkeypatch):
        real, made = MIGRATION.found, []

        def found(cursor):
            partitions = real(cursor)
            if not made:
                made.append(True)
                ensure_partitions(APRIL.ends.date(), APRIL.ends.date())
            return partitions

        monkeypatch.setattr(MIGRATION, "found", found)
        with pytest.raises(RuntimeError, match="Migrate again"):
            self.migrate()
        self.migrate()

        assert rows("select count(*) from pg_indexes where tablename = 'events_2021_05'") == [(4,)]
