"""The batch writer against a real PostgreSQL: group commit, culprits, full queues, lost connections."""

import asyncio
import time

import psycopg
import pytest

from common.database import conninfo
from events import queue as queue_module
from events.faults import NotStorable, Unavailable
from events.records import Stored
from events.writer import BatchWriter, WriterWatch
from tests.events.making import ENVIRONMENT, change, event, events, people, rows
from tests.together import WAITING

pytestmark = pytest.mark.django_db(transaction=True)


def run(steps, **options):
    """Call `steps(writer)` with a writer that runs, and stop it."""

    async def all_steps():
        writer = BatchWriter(conninfo(), **options)
        await writer.start()
        try:
            return await asyncio.wait_for(steps(writer), 30)
        finally:
            await writer.stop()

    return asyncio.run(all_steps())


def commits():
    return rows("select count(distinct xmin::text) from events")[0][0]


def test_what_is_acknowledged_is_committed():
    async def steps(writer):
        await writer.put([event(name="A")])
        async with await psycopg.AsyncConnection.connect(conninfo()) as other:
            return await (await other.execute("select count(*) from events")).fetchone()

    assert run(steps) == (1,)


def test_requests_that_wait_together_go_into_few_commits():
    async def steps(writer):
        await asyncio.gather(*(writer.put([event(name=str(number))]) for number in range(100)))

    run(steps)

    assert len(events()) == 100
    assert commits() <= 3


def test_each_request_learns_how_many_of_its_events_were_there_already():
    async def steps(writer):
        first = await writer.put([event(key="a"), event(key="b"), event()])
        later = await asyncio.gather(
            writer.put([event(key="b"), event(key="c"), event()]),
            writer.put([event(key="c"), event(key="d"), event(key="d")]),
            writer.put([change(a=1)]),
        )
        return [first, *later]

    assert [learnt.repeats for learnt in run(steps)] == [0, 1, 2, 0]
    assert len(events()) == 6


def test_of_many_requests_only_the_one_that_cannot_be_stored_fails():
    async def steps(writer):
        requests = [[event(name=str(number)), event(name=f"{number}b")] for number in range(20)]
        requests[13].append(event(name="NUL \0"))
        return await asyncio.gather(*(writer.put(records) for records in requests), return_exceptions=True)

    results = run(steps)

    assert [number for number, result in enumerate(results) if result != Stored()] == [13]
    assert isinstance(results[13], NotStorable)
    assert len(events()) == 38


def test_a_full_queue_refuses_at_once(monkeypatch):
    monkeypatch.setattr(queue_module, "CAPACITY_RECORDS", 3)

    async def steps(writer):
        waiting = [writer.put([event()]) for _ in range(3)]
        with pytest.raises(Unavailable):
            writer.put([event()])
        await asyncio.gather(*waiting)
        await writer.put([event()])

    run(steps)

    assert len(events()) == 4


def test_what_was_accepted_before_the_stop_is_committed():
    async def steps(writer):
        return [writer.put([event()]) for _ in range(50)]

    waiting = run(steps)

    assert all(future.done() and future.exception() is None for future in waiting)
    assert len(events()) == 50


def test_nothing_is_taken_after_the_stop():
    async def steps():
        writer = BatchWriter(conninfo())
        await writer.start()
        await writer.stop()
        with pytest.raises(Unavailable):
            writer.put([event()])

    asyncio.run(steps())


def test_a_request_whose_sender_went_away_is_stored_all_the_same():
    async def steps(writer):
        gone = writer.put([event(name="gone")])
        gone.cancel()
        await writer.put([event(name="here")])

    run(steps)

    assert {name for _, name in events()} == {"gone", "here"}


def test_without_a_database_a_request_is_refused_after_a_short_wait():
    async def steps():
        writer = BatchWriter("host=/nowhere/at/all", patience_seconds=0.3)
        await writer.start()
        began = time.monotonic()
        with pytest.raises(Unavailable):
            await writer.put([event()])
        await writer.stop()
        return time.monotonic() - began

    assert asyncio.run(steps()) < 5


def test_a_connection_that_was_ended_while_idle_costs_nobody_an_error():
    async def steps(writer):
        await asyncio.gather(*(writer.put([event()]) for _ in range(4)))
        for _ in range(3):
            await asyncio.to_thread(end_connections)
            await asyncio.gather(*(writer.put([event()]) for _ in range(4)))

    run(steps)

    assert len(events()) == 16


def end_connections():
    with psycopg.connect(conninfo(), autocommit=True) as connection:
        connection.execute(
            "select pg_terminate_backend(pid, 5000) from pg_stat_activity "
            "where application_name = 'heapadmin collector' and datname = current_database()"
        )


def test_a_batch_that_is_blocked_too_long_is_refused_and_not_stored():
    async def steps(writer):
        await writer.put([change(a=1)])
        async with await psycopg.AsyncConnection.connect(conninfo()) as other:
            await other.execute("select * from people for update")
            async with await psycopg.AsyncConnection.connect(conninfo(), autocommit=True) as admin:
                waiting = writer.put([change(a=2)])
                await until_blocked(admin)
                await admin.execute(
                    "select pg_cancel_backend(pid) from pg_stat_activity where cardinality(pg_blocking_pids(pid)) > 0"
                )
                with pytest.raises(Unavailable):
                    await waiting

    run(steps)

    assert list(people().values()) == [{"a": 1}]


def test_an_environment_whose_row_is_locked_is_held_up_until_the_row_is_free():
    held_up = []
    watch = WriterWatch()
    watch.held_up = held_up.append

    async def steps(writer):
        await writer.put([change(a=1)])
        async with await psycopg.AsyncConnection.connect(conninfo()) as other:
            await other.execute("select * from people for update")
            waiting = writer.put([change(a=2)])
            while not held_up or held_up[-1] == 0:
                await asyncio.sleep(0.01)
            await writer.put([change(a=1, environment_id=ENVIRONMENT + 1)])
            await other.rollback()
            await waiting
        await writer.put([change(a=3)])
        while held_up[-1]:
            await asyncio.sleep(0.01)

    run(steps, watch=watch)

    assert sorted(found["a"] for found in people().values()) == [1, 3]


async def until_blocked(admin):
    for _ in range(1000):
        if await (await admin.execute(WAITING)).fetchone():
            return
        await asyncio.sleep(0.01)
    raise AssertionError("nobody waits")
