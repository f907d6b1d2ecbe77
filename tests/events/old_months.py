"""What tests of old months share: events in them, the worker, and others who write and delete meanwhile."""

import random
import threading
import time
from contextlib import contextmanager
from dataclasses import dataclass, field

import psycopg
import pytest
from django.db import connection, connections

from common.database import conninfo
from events import jobs, packing
from events.blocking_writer import store
from events.months import Month
from events.upkeep import ensure_partitions
from tests.events.making import event

APRIL, MAY = Month.of("events_2021_04"), Month.of("events_2021_05")
KEYS = "select environment_id, time, id, actor_id, kind, name, properties::text from events order by 1, 2, 3"
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
SOME = """
delete from events where (environment_id, time, id) in
    (select environment_id, time, id from events where environment_id = %s order by random() limit 3)
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
        run("drop table if exists events_2021_04, events_2021_05; truncate events, people, merges, idempotency_keys")


def run(statement, *parameters):
    with connection.cursor() as cursor:
        cursor.execute(statement, parameters or None)


def fill(number=200):
    run(FILL.format(number=number))


def collect(*moments, **fields):
    store([event(time=moment.timestamp(), **{"properties": {"n": 1}} | fields) for moment in moments])


def spread(month, number, chance=None):
    chance = chance or random.Random(0)
    return [month.starts + (month.ends - month.starts) * chance.random() for _ in range(number)]


def work(monkeypatch, name, **given):
    """What a worker would do: this job, and those that it asks for, one after the other."""
    queue = [(name, given)]
    monkeypatch.setattr(jobs, "defer_once", lambda name, in_seconds=0, **given: queue.append((name, given)))
    while queue:
        name, given = queue.pop(0)
        getattr(jobs, name.removeprefix("events."))(**given)


@dataclass
class Others:
    """What they did. `written`: environment and moment; `deleted`: how many at a time."""

    written: list = field(default_factory=list)
    deleted: list = field(default_factory=list)
    faults: list = field(default_factory=list)


@contextmanager
def others(moment_of, *writers, deletes_of, pause):
    """Within, others write events of the environments `writers`, and delete those of another, all the time."""
    others, stop = Others(), threading.Event()

    def write(environment_id):
        chance = random.Random(environment_id)
        while not stop.is_set():
            moment = moment_of(chance)
            collect(moment, environment_id=environment_id)
            others.written.append((environment_id, moment))
            time.sleep(pause)

    def delete(environment_id):
        with psycopg.connect(conninfo(), autocommit=True) as own:
            while not stop.is_set():
                others.deleted.append(own.execute(SOME, [environment_id]).rowcount)
                time.sleep(pause)

    def noting(act, environment_id):
        try:
            act(environment_id)
        except Exception as error:
            others.faults.append(error)
        finally:
            connections.close_all()

    threads = [threading.Thread(target=noting, args=[write, each]) for each in writers]
    threads.append(threading.Thread(target=noting, args=[delete, deletes_of]))
    for each in threads:
        each.start()
    try:
        yield others
    finally:
        stop.set()
        for each in threads:
            each.join()
