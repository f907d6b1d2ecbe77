"""Months that are over are packed: they take two thirds of the room, hold the same events, and nobody notices."""

# ruff: noqa: F401 (fixtures by import)

import random
import re
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.db import ProgrammingError

from common.database import conninfo
from events import expiry, jobs, packing
from events.imports import recognisable, store_once
from events.months import months
from events.upkeep import ensure_partitions
from tests.events.making import event, rows
from tests.events.old_months import APRIL, KEYS, MAY, april, collect, fill, others, run, spread, work

NIGHT = datetime(2021, 6, 1, 5, tzinfo=UTC)
NEXT_MONTH = datetime(2021, 6, 9, 5, tzinfo=UTC)
OF_NAMES = 'btree (environment_id, kind, name, "time") INCLUDE (actor_id, session_id, id)'


def pack(monkeypatch, now=NIGHT):
    """What a worker would do in a night. Returns how many months were packed."""
    before = packed()
    work(monkeypatch, "events.pack", timestamp=int(now.timestamp()))
    return len(packed() - before)


def packed():
    return {
        table
        for (table,) in rows("select tablename from pg_indexes where tablename ~ '^events_[0-9]' and indexdef ~ 'brin'")
    }


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

        with others(lambda chance: spread(APRIL, 1, chance)[0], 8, deletes_of=1, pause=0.1) as them:
            assert pack(monkeypatch) == 1

        assert not them.faults
        of = "select count(*) from only events_2021_04 where environment_id = %s"
        assert rows(of, 8) == [(len(them.written),)]
        assert rows(of, 1) == [(1_500 - sum(them.deleted),)]
        assert sum(them.deleted) > 0 and them.written

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

    def test_a_reader_who_stays_makes_it_try_in_the_next_night_and_nobody_waits(self, monkeypatch, caplog):
        fill()
        monkeypatch.setattr(jobs, "PLACE_SECONDS", 0)
        monkeypatch.setattr(jobs, "TRIES", 1)
        monkeypatch.setattr(packing, "LOCK_MILLISECONDS", 50)
        with psycopg.connect(conninfo()) as reader:
            reader.execute("select 1 from only events")
            reader.execute("select 1 from only events_2021_04")

            assert pack(monkeypatch) == 0
            collect(APRIL.starts)
            assert leftovers() == [("note_packing",)]
            assert not packing.watched()  # it is turned off
            packing.begin(APRIL)
            assert packing.watched() == [APRIL.table]
            who = f"process {reader.info.backend_pid} of the database"

        assert caplog.messages == [f"To pack events_2021_04 waits. In its way: {who}"]
        assert pack(monkeypatch) == 1
        assert rows("select count(*) from only events_2021_04") == [(201,)]

    @pytest.mark.parametrize(
        ("by", "packed"), [("select 1 from only events_2021_04", {MAY.table}), ("select pg_current_xact_id()", set())]
    )
    def test_what_somebody_stays_in_the_way_of_is_not_copied_and_the_next_month_is(
        self, monkeypatch, caplog, by, packed
    ):
        """Whoever uses one month leaves the others alone; an old view of the database is in the way of all."""
        self.fill_may()
        monkeypatch.setattr(jobs, "STAYS", 0)
        real, begun = packing.begin, []
        monkeypatch.setattr(packing, "begin", lambda month: begun.append(month.table) or real(month))
        with psycopg.connect(conninfo()) as other:
            other.execute("set transaction isolation level repeatable read" if not packed else "select 1")
            other.execute(by)

            assert pack(monkeypatch, NEXT_MONTH) == len(packed)
            pid = other.info.backend_pid

        assert set(begun) == packed
        waiting = [APRIL.table] if packed else [APRIL.table, MAY.table]
        assert caplog.messages == [
            f"To pack {each} waits. In its way: process {pid} of the database" for each in waiting
        ]
        begun.clear()
        assert pack(monkeypatch, NEXT_MONTH) == len(waiting)
        assert begun == waiting

    def fill_may(self):
        fill()
        ensure_partitions(MAY.starts.date(), MAY.starts.date())
        collect(*spread(MAY, 20))
        run("update events set received_at = time")

    def test_a_month_whose_copy_cannot_take_its_place_keeps_no_other_from_it(self, monkeypatch):
        self.fill_may()
        real = packing.take_place

        def take_place(month):
            if month == APRIL:
                raise ValueError("not this one")
            return real(month)

        monkeypatch.setattr(packing, "take_place", take_place)
        with pytest.raises(ValueError, match="not this one"):
            pack(monkeypatch, NEXT_MONTH)
        assert not leftovers()

        work(monkeypatch, "events.pack", timestamp=int(NEXT_MONTH.timestamp()), after=APRIL.table)
        assert packed() == {MAY.table}

    @pytest.mark.parametrize("step", range(3))
    def test_a_step_waits_for_nobody_without_end(self, monkeypatch, caplog, step):
        fill()
        monkeypatch.setattr(jobs, "TRIES", 1)
        monkeypatch.setattr(packing, "LIMITS", packing.LIMITS.replace("10s", "50ms"))
        packing.begin(APRIL)
        for done in packing.COPY[:step]:
            done(APRIL)
        asked = []
        monkeypatch.setattr(jobs, "defer_once", lambda name, **given: asked.append((name, given.get("after"))))
        with psycopg.connect(conninfo()) as other:
            other.execute(f"lock table only {'events_packing' if step else APRIL.table} in access exclusive mode")
            if not step:
                other.execute("commit; begin; lock table only events_2021_04 in access exclusive mode")

            jobs.pack_month(timestamp=0, table=APRIL.table, step=step)

        assert asked == [("events.pack", APRIL.table)]
        assert "To pack events_2021_04 waits" in caplog.text
        assert pack(monkeypatch) == 1

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
