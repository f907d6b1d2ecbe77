"""Two workers that write about the same people at once."""

import random
import threading

import psycopg
import pytest

from common.database import conninfo
from events import batch
from events.faults import Fault, fault_of
from events.records import EventRecord, Identified, PersonChange
from tests.events.making import change, event, events, identified, merges, people
from tests.together import wait_until_somebody_waits

WORKERS, BATCHES, RECORDS, VISITORS = 3, 80, 6, 4
NAMES = ["ann", "bob", "cid"]


def some_records(chance, worker, number):
    """Records about few people, and visitors who come and go; the name of every property is used once only."""
    visitors = range(number, number + VISITORS)
    for place in range(RECORDS):
        actor = chance.choice([*NAMES, *visitors, *visitors])
        unique = f"{worker}-{number}-{place}"
        yield chance.choice(
            [
                event(actor, unique),
                change(actor, **{unique: number}),
                identified(chance.choice(visitors), chance.choice(NAMES)),
            ]
        )


def write(batches, failures):
    with psycopg.connect(conninfo(), autocommit=True) as connection:
        connection.execute("set deadlock_timeout = '20ms'")
        for records in batches:
            arguments = batch.arguments(records)
            for _ in range(20):
                try:
                    connection.execute(batch.STATEMENT, arguments)
                    break
                except psycopg.Error as error:
                    if fault_of(error) is not Fault.TRY_AGAIN:
                        failures.append(error)
                        return


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("seed", range(2))
def test_nothing_is_lost_and_nobody_is_there_twice(seed):
    chance = random.Random(seed)
    work = [[list(some_records(chance, worker, number)) for number in range(BATCHES)] for worker in range(WORKERS)]
    failures = []
    threads = [threading.Thread(target=write, args=(batches, failures)) for batches in work]

    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    records = [record for batches in work for records in batches for record in records]
    known, merged = people(), merges()
    assert failures == []
    assert set(merged) == {r.visitor for r in records if isinstance(r, Identified)}
    assert not set(merged) & set(known)
    assert {r.name for r in records if isinstance(r, EventRecord)} == {name for _, name in events()}
    for record in records:
        if isinstance(record, PersonChange):
            assert record.properties.items() <= known[merged.get(record.actor_id, record.actor_id)].items()


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("late", [event(5, time=1_600_000_000), change(5, a=1)], ids=["event", "properties"])
def test_a_visitor_who_becomes_somebody_while_another_writer_waits_is_not_made_again(late):
    with psycopg.connect(conninfo()) as first:
        first.execute(batch.STATEMENT, batch.arguments([identified(5, "ann")]))
        second = threading.Thread(target=write, args=([[late]], failures := []))
        second.start()
        wait_until_somebody_waits()
        first.commit()
        second.join()

    assert failures == []
    assert set(people()) == set(merges().values())


@pytest.mark.django_db(transaction=True)
def test_a_change_that_waited_for_another_takes_nothing_of_it_back():
    with psycopg.connect(conninfo(), autocommit=True) as admin:
        admin.execute(batch.STATEMENT, batch.arguments([change("ann", a=1, b=1)]))
    with psycopg.connect(conninfo()) as first:
        first.execute(batch.STATEMENT, batch.arguments([change("ann", a=2)]))
        second = threading.Thread(target=write, args=([[change("ann", b=2)]], failures := []))
        second.start()
        wait_until_somebody_waits()
        first.commit()
        second.join()

    assert failures == []
    assert list(people().values()) == [{"a": 2, "b": 2}]
