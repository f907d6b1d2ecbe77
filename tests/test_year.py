"""A year in fast motion: thirteen months of days with an injected clock, and a naive record of what must be kept.

Every day events arrive through the collector's own view, some late, some from files; every night all periodic jobs run
that can be told the time, while a batch writer goes on storing.
"""

import asyncio
import inspect
import io
import json
import random
import threading
import time
from collections import Counter, defaultdict
from contextlib import contextmanager
from datetime import date, datetime, timedelta
from itertools import pairwise

import croniter
import psycopg
import pytest
from django.conf import settings
from django.contrib.sessions.models import Session
from django.core.management import call_command
from django.db import connections
from django.test import Client
from procrastinate.contrib.django import app

from accounts.models import Activity
from analytics.kinds.registry import run
from analytics.questions.query import Builtin, Counts, EventReference, RefersTo, Scope
from analytics.questions.spans import Span
from collector import wsgi
from collector.counts.tally import Tally
from collector.imports.importer import Importer
from collector.models import CollectedHour
from common import periodic_writer
from common.database import conninfo
from common.jobs import OF_REQUEST
from common.token_buckets import Buckets
from events import jobs
from events.months import months
from events.writer import BatchWriter
from heapadmin.backups import dump
from ipfilter.counters import Counters
from projects.keeping import kept_from
from support.status import room
from tests.analytics.factories import graph_of
from tests.clock import FUNCTION, Clock
from tests.events.making import event, rows
from tests.factories import EnvironmentFactory, ProjectFactory
from tests.servers import conninfo_of, served_database, sibling_url

FIRST, LAST = date(2024, 2, 1), date(2025, 2, 28)  # with a 29 February, and before the real time on any machine
INSTALLATION_KEEPS = 8
ANY_EVENT = EventReference(RefersTo.BUILTIN, Builtin.ANY)
FROM_WHEN = 2  # o'clock: each job runs at its first time after
COUNTING = "analytics.count_days"  # each time takes as long as all other jobs: every fifth night
LONGEST_WAIT = 1.0  # four times as long as a change waits with all behind it; the writer itself would refuse after 5
WAITING = """
select extract(epoch from clock_timestamp() - waitstart)::float8 from pg_locks join pg_stat_activity using (pid)
 where not granted and waitstart is not null and application_name = 'heapadmin collector'
   and datname = current_database()
"""
# They use the service by HTTP, or the worker's own connection.
NOT_PLAYED = {"support.check_status", "support.rescue_jobs", "support.forget_jobs"}


class Record:
    """What one environment has been sent, in plain lists."""

    def __init__(self, environment, keeps):
        self.environment, self.zone = environment, Scope.of(environment).zone
        self.keeps = keeps  # months
        self.events = []  # (time, who: a visitor's number or a name)
        self.merged = {}
        self.removed = 0

    def add(self, moment, who):
        self.events.append((moment, who))

    def expire(self, now):
        before = kept_from(self.keeps, now)
        kept = [each for each in self.events if each[0] >= before]
        self.removed += len(self.events) - len(kept)
        self.events = kept

    def people(self):
        return {self.merged.get(who, who) for _, who in self.events}

    def by_day(self, since):
        events, people = Counter(), defaultdict(set)
        for moment, who in self.events:
            if (day := moment.astimezone(self.zone).date()) >= since:
                events[day] += 1
                people[day].add(self.merged.get(who, who))
        return events, {day: len(some) for day, some in people.items()}


class Bystander:
    """A batch writer that stores one event after the other while nights go on, and notes what was refused.

    Another connection looks meanwhile for how long the writer waits for others' locks: that is their doing, whatever
    else makes a machine slow.
    """

    def __init__(self, clock, record):
        self.clock, self.record = clock, record
        self.awake, self.over = threading.Event(), False
        self.refused, self.stored = [], 0
        self.looks, self.waits = 0, []  # the waits: seconds, and in which night
        self.idle = threading.Event()
        self.threads = [
            threading.Thread(target=lambda: asyncio.run(self._write())),
            threading.Thread(target=self._look),
        ]
        for thread in self.threads:
            thread.start()

    def _look(self):
        with psycopg.connect(conninfo(), autocommit=True) as own:
            while not self.over:
                self.awake.wait(0.1)
                for (seconds,) in own.execute(WAITING).fetchall():
                    self.waits.append((seconds, self.clock.moment))
                self.looks += self.awake.is_set()
                time.sleep(0.02)

    async def _write(self):
        writer = BatchWriter(conninfo())
        await writer.start()
        while not self.over:
            if not self.awake.is_set():
                self.idle.set()
                await asyncio.sleep(0.01)
                continue
            moment = self.clock.moment
            try:
                await writer.put([one(self.record, moment, 1)])
            except Exception as error:
                self.refused.append((moment, error))
            else:
                self.record.add(moment, 1)
                self.stored += 1
            await asyncio.sleep(0.04)
        await writer.stop()

    @contextmanager
    def writing(self):
        self.idle.clear()
        self.awake.set()
        try:
            yield
        finally:
            self.awake.clear()
            assert self.idle.wait(30)

    def stop(self):
        self.over = True
        for thread in self.threads:
            thread.join()


def one(record, moment, who):
    return event(who, time=moment.timestamp(), environment_id=record.environment.pk)


@pytest.fixture(scope="module")
def database(django_db_blocker):
    """A database of its own, which this process takes for its only one: months come and go there."""
    with served_database(django_db_blocker) as url, django_db_blocker.unblock(), pytest.MonkeyPatch.context() as patch:
        name = psycopg.conninfo.conninfo_to_dict(conninfo_of(url))["dbname"]
        connections.close_all()
        patch.setitem(settings.DATABASES["default"], "NAME", name)
        patch.setitem(connections["default"].settings_dict, "NAME", name)
        try:
            yield name
        finally:
            connections.close_all()


@pytest.fixture(scope="module")
def year(database, tmp_path_factory):
    """The year, as it was played."""
    with pytest.MonkeyPatch.context() as patch:
        played = Year(Clock(conninfo(), patch), patch, tmp_path_factory.mktemp("backups"))
        try:
            played.play()
            yield played
        finally:
            played.bystander.stop()
            played.clock.close()


class Year:
    def __init__(self, clock, patch, folder):
        self.clock, self.folder = clock, folder
        self.chance = random.Random(15)
        self.client = Client()
        self.backups = []  # (file, events by environment)
        self.checked = 0
        patch.setattr(settings, "EVENTS_MONTHS", INSTALLATION_KEEPS)
        patch.setattr(jobs, "CROWD", 20)  # events here are few
        patch.setattr(wsgi, "MAX_AGE_SECONDS", 0)
        patch.setattr(wsgi, "buckets", Buckets(0))
        patch.setattr(wsgi, "cached_environments", wsgi.CachedEnvironments())
        patch.setattr(wsgi, "kept_out", Counters())
        patch.setattr(wsgi, "tally", Tally())
        patch.setattr(wsgi, "writer", periodic_writer.TimedWriter(wsgi.kept_out, wsgi.tally))
        clock.at(FIRST, 0)
        for month in months():  # of the real time: an installation of then had none
            clock.own.execute(f"drop table {month.table}")
        shop = ProjectFactory(name="Shop", time_zone="America/New_York", months_kept=4)
        blog = ProjectFactory(name="Blog", time_zone="Europe/Berlin")
        shops = EnvironmentFactory(project=shop)
        tried = EnvironmentFactory(project=shop, name="Staging", is_production=False, months_kept=1)
        self.shop, self.tried = Record(shops, 4), Record(tried, 1)
        self.blog = Record(EnvironmentFactory(project=blog), INSTALLATION_KEEPS)
        self.records = [self.shop, self.tried, self.blog]
        self.bystander = Bystander(clock, self.blog)

    def play(self):
        periodic("events.partitions").func(timestamp=int(self.clock.moment.timestamp()))  # as an installation begins
        day = FIRST
        while day <= LAST:
            self.daytime(day)
            self.night(day + timedelta(days=1))
            if (day + timedelta(days=1)).day == 1:
                self.check_questions()
            day += timedelta(days=1)

    # --- Days -------------------------------------------------------------------------------------------------------
    def daytime(self, day):
        for record in self.records:
            self.clock.at(day, 9 + self.chance.randrange(10), self.chance.randrange(60))
            self.track(record, [(self.recently(), self.anybody()) for _ in range(self.chance.randrange(1, 4))])
        if day.day % 5 == 0:  # phones that were offline
            late = self.clock.moment - timedelta(days=self.chance.randrange(1, 70))
            self.track(self.chance.choice(self.records), [(late, self.anybody()) for _ in range(2)])
        if day.day == 20:  # somebody sends old events as if they were new, of a month without a partition
            old = self.clock.moment - timedelta(days=200)  # which the blog still keeps
            self.track(self.blog, [(old + timedelta(hours=n), 90) for n in range(25)])
        if day.day == 10:
            self.bring_history(self.chance.choice(self.records))
        if day.day % 7 == 0:
            record, visitor = self.chance.choice(self.records), self.chance.randrange(8)
            self.identify(record, visitor, f"person {visitor % 3}")
        if day.day == 3:
            self.back_up()
        Session.objects.create(
            session_key=f"s{day:%Y%m%d}", session_data="", expire_date=self.clock.moment + timedelta(days=14)
        )
        wsgi.writer.write()

    def recently(self):
        return self.clock.moment - timedelta(minutes=self.chance.randrange(50))

    def anybody(self):
        return self.chance.choice([*range(8), f"person {self.chance.randrange(5)}", 1000 + self.chance.randrange(9000)])

    def track(self, record, sent):
        items = [
            {"identity" if isinstance(who, str) else "user_id": who, "event": "Order", "timestamp": moment.isoformat(),
             "idempotency_key": f"{record.environment.pk} {moment} {who} {self.chance.random()}"}
            for moment, who in sent
        ]  # fmt: skip
        self.post("/api/track", app_id=record.environment.app_id, events=items)
        for moment, who in sent:
            record.add(moment, who)

    def identify(self, record, visitor, name):
        self.post("/api/v1/identify", app_id=record.environment.app_id, user_id=visitor, identity=name)
        record.merged.setdefault(visitor, name)

    def post(self, path, **payload):
        answer = self.client.post(path, json.dumps(payload), content_type="application/json")
        assert answer.status_code == 200, answer.content

    def bring_history(self, record):
        sent = [(self.clock.moment - timedelta(days=3 * n, minutes=n), 50 + n % 4) for n in range(30)]
        lines = [json.dumps({"event": "Old", "user_id": who, "timestamp": at.isoformat()}) for at, who in sent]
        importer = Importer(record.environment.app_id)
        for report in importer.run(io.BufferedReader(io.BytesIO("\n".join(lines).encode()))):
            assert (report.bad, report.repeats) == (0, 0)
        assert not importer.months.without
        for moment, who in sent:
            record.add(moment, who)

    def back_up(self):
        file = self.folder / f"{self.clock.moment:%Y-%m}.backup"
        call_command("backup", file, stdout=io.StringIO())
        self.backups.append((file, {each.environment.pk: len(each.events) for each in self.records}))

    # --- Nights -----------------------------------------------------------------------------------------------------
    def night(self, day):
        self.clock.at(day, FROM_WHEN)
        due = [(due_at(cron, self.clock.moment), name) for name, cron in PLAYED.items() if name != COUNTING]
        if day.day % 5 == 1:
            due.append((self.clock.moment + timedelta(hours=5), COUNTING))
        with self.bystander.writing():
            for moment, name in sorted(due):
                self.clock.set(moment)
                periodic(name).func(timestamp=int(moment.timestamp()))
                work()
                if name == "analytics.expire_nightly":
                    for record in self.records:
                        record.expire(moment)

    # --- What is asked ------------------------------------------------------------------------------------------------
    def check_questions(self):
        """Each month: what questions answer by day is what was sent and is kept, however old."""
        for record in self.records:
            span = Span(365)
            scope = Scope.of(record.environment)
            events, users = (run(graph_of(scope, ANY_EVENT, counts, span)) for counts in (Counts.EVENTS, Counts.USERS))
            first = events.buckets[0].start.astimezone(scope.zone).date()
            expected, expected_people = record.by_day(first)
            assert by_day(events) == dict(expected)
            assert by_day(users) == expected_people
            self.checked += 1


def by_day(result):
    (series,) = result.lines
    starts = [bucket.start.astimezone(result.query.scope.zone).date() for bucket in result.buckets]
    return {day: number for day, number in zip(starts, series.values, strict=True) if number}


def periodic(name):
    return app.tasks[name]


def due_at(cron, moment):
    return croniter.croniter(cron, moment - timedelta(seconds=1)).get_next(datetime)


def work():
    """Run all jobs that wait, as the worker would, without its pauses."""
    while found := rows(
        "delete from procrastinate_jobs where id = (select id from procrastinate_jobs where status = 'todo' "
        "order by priority desc, id limit 1) returning task_name, args"
    ):
        ((name, arguments),) = found
        given = json.loads(arguments) if isinstance(arguments, str) else arguments
        app.tasks[name].func(**{key: value for key, value in given.items() if key != OF_REQUEST})


PLAYED = {}


@pytest.fixture(scope="module", autouse=True)
def all_periodic_jobs():
    found = {each.task.name: each.cron for each in app.periodic_registry.periodic_tasks.values()}
    assert found.keys() >= NOT_PLAYED
    PLAYED.update({name: cron for name, cron in found.items() if name not in NOT_PLAYED})
    assert not [name for name in PLAYED if inspect.iscoroutinefunction(periodic(name).func)]


# --- What must hold -------------------------------------------------------------------------------------------------
def test_questions_answered_what_was_kept_all_the_year(year):
    assert year.checked == 3 * 13
    assert min(len(record.events) for record in year.records) > 50


def test_past_days_were_counted_and_those_that_went_are_forgotten(year):
    for record in year.records:
        days = rows("select starts from rollup_days where environment_id = %s and not is_empty order by 1",
                    record.environment.pk)  # fmt: skip
        zone = record.zone
        with_events = {moment.astimezone(zone).date() for moment, _ in record.events}
        counted = {starts.astimezone(zone).date() for (starts,) in days}
        assert counted <= with_events
        assert len(with_events - counted) <= 2  # the night's own day, and the one that ended less than an hour before


def test_what_is_kept_no_longer_is_gone_and_nothing_else(year):
    for record in year.records:
        key = record.environment.pk
        assert record.removed > 100
        assert rows("select count(*), min(time) from events where environment_id = %s", key) == [
            (len(record.events), min(moment for moment, _ in record.events))
        ]
        named = "select coalesce(identity, actor_id::text) from people where environment_id = %s"
        merged = set(record.merged.values())
        stored = {name for (name,) in rows(named, key)}
        having_events = {str(who) for who in record.people()}
        assert having_events <= stored
        assert stored - having_events <= merged  # who was identified before their first event
        receipts = Activity.objects.filter(verb="environment.expired", target__endswith=record.environment.name)
        told = receipts.filter(account=record.environment.project.account)
        assert sum(each.details.get("events", 0) for each in told) == record.removed


def test_months_that_nobody_keeps_have_no_table(year):
    oldest = kept_from(INSTALLATION_KEEPS, year.clock.moment)
    assert [month.table for month in months() if month.ends <= oldest] == []
    made = [month for month in months() if month.starts < year.clock.moment + timedelta(days=90)]
    assert made[0].starts == oldest
    assert all(one.ends == other.starts for one, other in pairwise(made))


def test_nothing_stays_in_the_partition_of_all_other_times(year):
    assert rows("select count(*) from events_default") == [(0,)]
    assert rows("select to_regclass('events_moving')") == [(None,)]


def test_collection_waited_for_no_lock_but_a_moment(year):
    assert year.bystander.refused == []
    assert year.bystander.stored > 395
    assert year.bystander.looks > 395
    assert [each for each in year.bystander.waits if each[0] > LONGEST_WAIT] == []


def test_what_expires_was_cleared_daily(year):
    now = year.clock.moment
    assert Session.objects.count() == 14
    assert min(rows("select at from idempotency_keys"))[0] > now - timedelta(days=8)
    hours = CollectedHour.objects.order_by("hour").values_list("hour", flat=True)
    assert now - timedelta(days=91) < hours[0] < now - timedelta(days=88)
    assert rows("select count(*) from procrastinate_jobs where status = 'todo'") == [(0,)]


def test_the_room_that_a_day_takes_is_known(year):
    with psycopg.connect(conninfo()) as own:
        own.execute("analyze events")  # as autovacuum does within a minute
        measured = room.measure(own)

    assert measured.a_day is not None and measured.a_day > 0


def test_a_backup_of_any_month_restores_what_was_kept_then(year, database, django_db_blocker):
    file, expected = year.backups[7]
    other = f"{database}_restored"
    with psycopg.connect(conninfo_of(sibling_url("postgres")), autocommit=True) as admin:
        admin.execute(f'create database "{other}"')
        try:
            with pytest.MonkeyPatch.context() as patch:
                patch.setitem(settings.DATABASES["default"], "NAME", other)
                with psycopg.connect(conninfo(), autocommit=True) as own:
                    own.execute(FUNCTION)
                dump.read(file)
                with psycopg.connect(conninfo()) as own:
                    found = own.execute("select environment_id, count(*) from events group by 1").fetchall()
        finally:
            admin.execute(f'drop database "{other}" with (force)')

    assert len(year.backups) == 13
    assert dict(found) == expected
