"""Events are imported into days that are counted, and counted meanwhile: every answer is that of the events."""

import json
import random
import threading
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from dataclasses import replace
from datetime import datetime, timedelta
from io import BufferedReader, BytesIO

import psycopg
import pytest
from django.db import connection, transaction
from django.utils import timezone

from analytics.definitions.glossary import Glossary
from analytics.kinds.retention.question import Retention
from analytics.questions.query import Counts, Scope, Selection
from analytics.questions.spans import Span, Unit
from analytics.rollups import builder, days, refresh
from collector import wsgi
from collector.imports import importer as importing
from collector.imports.importer import Importer
from common.database import conninfo
from events import upkeep
from tests.analytics.factories import ANY_EVENT, graph_of
from tests.analytics.oracle import World
from tests.analytics.test_rollups import answer, comparable, from_events
from tests.events.making import rows
from tests.events.test_jobs import partitions
from tests.factories import EnvironmentFactory, ProjectFactory
from tests.together import wait_until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)
DAYS, EVENTS, PEOPLE = 31, 2_000, 40
FIRST = (timezone.now() - timedelta(days=300)).replace(hour=0, minute=0, second=0, microsecond=0)
SETTLED = upkeep.BOUNDARY.replace("1 minute", "200 milliseconds").replace("1 second", "0 seconds")


@pytest.fixture
def environment(monkeypatch):
    assert SETTLED.count("milliseconds") == 1 and "1 minute" not in SETTLED
    monkeypatch.setattr(upkeep, "BOUNDARY", SETTLED)  # a minute is long for a test
    monkeypatch.setattr(days, "MAX_RAW_SHARE", 1.0)  # so that counted days are used even if they are few
    monkeypatch.setattr(days, "MAX_GAPS", DAYS)
    monkeypatch.setattr("events.imports.MONTHS", -1)  # partitions are not emptied after the test
    monkeypatch.setattr(importing, "cached_environments", wsgi.CachedEnvironments())
    monkeypatch.setattr(importing, "CHUNK_EVENTS", 20)
    return EnvironmentFactory(project=ProjectFactory(time_zone="Europe/Berlin"))


def some_lines(chance, count):
    for number in range(count):
        moment = FIRST + timedelta(seconds=chance.randrange(DAYS * 86_400))
        who = f"user{chance.randrange(PEOPLE)}"
        yield {"event": "Order", "identity": who, "timestamp": moment.isoformat(), "properties": {"n": number}}


def imported(environment, lines):
    content = "".join(f"{json.dumps(each)}\n" for each in lines).encode()
    done = Importer(environment.app_id)
    for _ in done.run(BufferedReader(BytesIO(content))):
        pass
    return done.report


def counted(environment):
    while not refresh.refresh(environment):
        time.sleep(0.01)


def questions(environment):
    scope = Scope.of(environment)
    span = Span(None, FIRST.date(), (FIRST + timedelta(days=DAYS - 1)).date())
    return [
        *(graph_of(scope, ANY_EVENT, counts, span, unit) for counts in (Counts.EVENTS, Counts.USERS)
          for unit in (Unit.DAY, Unit.MONTH)),
        Retention(scope, Selection(ANY_EVENT), Selection(ANY_EVENT), Unit.WEEK, span),
    ]  # fmt: skip


def world():
    return World([], {}, {}, Glossary(), timezone.now())


def check(environment):
    """Within one moment of the database."""
    for query in questions(environment):
        with transaction.atomic():
            with connection.cursor() as cursor:
                cursor.execute("set transaction isolation level repeatable read")
            assert comparable(answer, query, world()) == comparable(from_events, query, world()), query


def test_each_answer_is_right_while_events_are_imported_and_days_counted(environment):
    chance = random.Random(3)
    lines = list(some_lines(chance, EVENTS))
    imported(environment, lines[:200])
    time.sleep(0.3)
    counted(environment)
    assert rows("select count(*) from rollup_days where not is_empty")[0][0] > DAYS // 2
    stop, failures = threading.Event(), []

    def work(step):
        try:
            while not stop.is_set():
                step()
        except BaseException as error:
            failures.append(error)
        finally:
            connection.close()

    def import_all():
        imported(environment, lines)
        stop.set()

    threads = [threading.Thread(target=work, args=(step,)) for step in (import_all, lambda: counted(environment))]
    for thread in threads:
        thread.start()
    checks = 0
    try:
        while not stop.is_set():
            check(environment)
            checks += 1
    finally:
        stop.set()
        for thread in threads:
            thread.join()

    assert not failures, failures[0]
    assert checks > 2
    check(environment)


def test_afterwards_the_counted_days_hold_what_the_file_holds(environment, monkeypatch):
    """The oracle is the file itself."""
    chance = random.Random(4)
    lines = list(some_lines(chance, 600))
    imported(environment, lines[:100])
    time.sleep(0.3)
    counted(environment)
    imported(environment, lines)
    imported(environment, lines)
    time.sleep(0.3)
    counted(environment)
    zone = Scope.of(environment).zone
    events, people = Counter(), defaultdict(set)
    for each in lines:
        day = datetime.fromisoformat(each["timestamp"]).astimezone(zone).date()
        events[day] += 1
        people[day].add(each["identity"])
    monkeypatch.setattr(days.DayReader, "_add_people", None)  # no day is read from its events
    monkeypatch.setattr(days.DayReader, "_add_events", None)

    by_events, _, by_people, _, _ = questions(environment)

    for query, wanted in ((by_events, events), (by_people, {day: len(some) for day, some in people.items()})):
        result = answer(inside(query, zone), world())
        (series,) = result.lines
        found = zip((bucket.start.astimezone(zone).date() for bucket in result.buckets), series.values, strict=True)
        assert {day: value for day, value in found if value} == wanted


# --- While a month is made ------------------------------------------------------------------------------------------
@pytest.fixture
def month_is_made():
    """A context in which events move into a month of their own: what waits for that goes on at the end."""
    before, month = partitions(), FIRST.date().replace(day=1)

    @contextmanager
    def made():
        with psycopg.connect(conninfo()) as making:
            making.execute("select ensure_event_partitions(%s, %s)", [month, month + timedelta(days=31)])
            yield
            wait_until_somebody_waits()

    yield made
    for name in partitions() - before:
        with connection.cursor() as cursor:
            cursor.execute(f"drop table {name}")


def in_a_thread(work):
    def run():
        work()
        connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_no_day_with_events_is_taken_for_empty(environment, month_is_made):
    imported(environment, some_lines(random.Random(5), 100))
    time.sleep(0.3)
    with month_is_made():
        counting = in_a_thread(lambda: counted(environment))
    counting.join()

    assert rows("select sum(events) from rollup_counts where kind = 'any'") == [(100,)]


def test_a_day_is_counted_with_its_events(environment, month_is_made):
    imported(environment, some_lines(random.Random(5), 100))
    time.sleep(0.3)
    zone = Scope.of(environment).zone
    (day, count), *_ = rows(
        "select time at time zone %s, count(*) over (partition by (time at time zone %s)::date) from events"
        " where time < %s order by time", str(zone), str(zone), FIRST + timedelta(days=1),
    )  # fmt: skip
    (wanted,) = [
        each for each in refresh._wanted_days(environment, upkeep.settled_until())
        if each.starts.astimezone(zone).date() == day.date()
    ]  # fmt: skip
    with month_is_made():
        counting = in_a_thread(lambda: builder.build(wanted))
    counting.join()

    assert rows("select events from rollup_counts where kind = 'any'") == [(count,)]


def test_a_day_that_got_late_events_is_counted_anew(environment, month_is_made):
    lines = list(some_lines(random.Random(5), 100))
    imported(environment, lines[:50])
    time.sleep(0.3)
    counted(environment)
    imported(environment, lines)
    time.sleep(0.3)
    with month_is_made():
        counting = in_a_thread(lambda: counted(environment))
    counting.join()

    assert rows("select sum(events) from rollup_counts where kind = 'any'") == [(100,)]


def inside(query, zone):
    """With the days in the zone that the events fall on."""
    first, last = (moment.astimezone(zone).date() for moment in (FIRST, FIRST + timedelta(days=DAYS)))
    return replace(query, span=Span(None, first, last))
