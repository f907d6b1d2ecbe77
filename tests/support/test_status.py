"""The status page: what it measures, stores and shows, and what it costs."""

import gzip
import json
import threading
from datetime import UTC, datetime, timedelta

import psycopg
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from collector.counts.last_hour import Counted
from support.models import Component, Day, Incident, IncidentUpdate, Sample, State
from support.status import checks, counts, database, freshness, history, packing, snapshot
from support.status.database import DatabaseCondition
from support.status.dot import dot
from support.status.readings import Reading, worse
from support.status.render import as_html, as_json
from support.status.verdicts import Evidence
from support.status.watch import Look, Watch
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.support.filling import collect

pytestmark = pytest.mark.django_db(transaction=True)
NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)


@pytest.fixture(autouse=True)
def folder(settings, tmp_path):
    """A data folder without what other tests counted and published."""
    settings.DATA_DIR = tmp_path
    return tmp_path


@pytest.fixture
def connection(db):
    with database.own_connection() as connection:
        yield connection


def readings(state, reason=""):
    return [Reading(component, state, reason) for component in Component]


def taken(connection, now=None, counted=None):
    """Where a collector runs to which nobody sends anything."""
    now = now or timezone.now()
    stored = snapshot.read(connection, now, freshness.read(connection))
    counted = counted or Counted(is_reported=True)
    return snapshot.take(Evidence(now, database.condition(connection), counted), stored, counts.by_minute(now))


def gone(now, before=None):
    """What is shown while nobody can connect to the database."""
    return snapshot.without_database(Evidence(now, DatabaseCondition.GONE, Counted(is_reported=True)), now, before, {})


def part(found, component):
    return next(each for each in found.parts if each.component == component)


def test_all_is_well_when_nothing_speaks_against_it(connection):
    found = taken(connection)

    assert found.state == State.UP
    assert "Everything works" in as_html(found).decode()


def test_the_last_check_counts_while_it_is_recent(connection):
    now = timezone.now()
    history.record(connection, [Reading(Component.COLLECTION, State.DOWN, "An event cannot be stored.")], now)

    assert part(taken(connection, now), Component.COLLECTION).state == State.DOWN
    assert "An event cannot be stored." in as_html(taken(connection, now)).decode()
    assert part(taken(connection, now + timedelta(minutes=5)), Component.COLLECTION).state == State.UP


def test_of_two_samples_of_a_minute_the_worse_is_kept_and_counted_once(connection):
    for state in (State.UP, State.DOWN, State.DEGRADED, State.UP):
        history.record(connection, readings(state), NOON)

    assert set(Sample.objects.values_list("state", flat=True)) == {State.DOWN}
    days = Day.objects.values_list("minutes_up", "minutes_degraded", "minutes_down")
    assert set(days) == {(0, 0, 1)}


def test_days_add_up_their_minutes(connection):
    for minute in range(10):
        state = State.DEGRADED if minute == 3 else State.UP
        history.record(connection, readings(state), NOON + timedelta(minutes=minute))

    day = history.read(connection, NOON + timedelta(minutes=9))[Component.QUERIES].days[-1]
    assert (day.up, day.degraded, day.down, day.state) == (9, 1, 0, State.DEGRADED)


def test_the_last_hour_shows_minutes_that_nobody_measured_as_such(connection):
    history.record(connection, readings(State.UP), NOON)

    minutes = history.read(connection, NOON + timedelta(minutes=2))[Component.CONSOLE].minutes
    assert len(minutes) == 60
    assert [minute.state for minute in minutes[-3:]] == [State.UP, None, None]


def test_the_history_has_90_days_and_old_rows_go(connection):
    for days in (0, 89, 200):
        history.record(connection, readings(State.UP), NOON - timedelta(days=days))
    history.forget(connection, NOON)

    days = history.read(connection, NOON)[Component.CONSOLE].days
    assert len(days) == 90 and days[0].up == days[-1].up == 1
    assert Day.objects.filter(component="console").count() == 2
    assert Sample.objects.filter(component="console").count() == 1


def test_a_day_counts_as_down_from_one_percent_on():
    assert history.DayOfPart(NOON.date(), up=990, down=10).state == State.DOWN
    assert history.DayOfPart(NOON.date(), up=995, down=5).state == State.DEGRADED
    assert history.DayOfPart(NOON.date()).state is None


def test_an_incident_shows_and_counts_until_it_ends(connection):
    incident = Incident.objects.create(title="Slow queries", queries=True, impact="degraded")
    IncidentUpdate.objects.create(incident=incident, text="We are looking into it.")

    during = taken(connection)
    incident.ended_at = timezone.now()
    incident.save(update_fields=["ended_at"])
    after = taken(connection)

    assert part(during, Component.QUERIES).state == State.DEGRADED
    assert "We are looking into it." in as_html(during).decode()
    assert part(after, Component.QUERIES).state == State.UP
    assert "over since" in as_html(after).decode()


def test_what_staff_writes_is_shown_as_text(connection):
    Incident.objects.create(title="<script>alert(1)</script>", queries=True)

    assert "<script>alert" not in as_html(taken(connection)).decode()


def test_the_page_says_how_fresh_the_data_is(connection):
    environment = EnvironmentFactory()
    collect(environment.pk, events=3, span=timedelta(minutes=3))

    found = taken(connection)

    assert timezone.now() - found.freshness.arrived_at < timedelta(seconds=10)
    assert "The newest event arrived" in as_html(found).decode()


def test_without_the_database_it_says_so_in_words(connection):
    now = timezone.now()
    history.record(connection, readings(State.UP), now)
    before = taken(connection, now)

    first = gone(now + timedelta(minutes=1), before)
    page = as_html(gone(now + timedelta(minutes=2), first)).decode()

    assert "Console, collection and queries are down" in page
    assert "Events would be refused with 503, to be sent again." in page
    assert "2 minutes down" in page and "1 up" in page


def test_an_outage_of_the_database_is_over_as_soon_as_it_answers(connection):
    now = timezone.now()
    outage = gone(now)
    history.record(connection, [Reading(part.component, part.state, part.reason) for part in outage.parts], now)

    assert taken(connection, now).state == State.UP


def test_a_service_that_only_reads_is_told(connection):
    connection.execute("set default_transaction_read_only = on")

    states = {part.component: part.state for part in taken(connection).parts}

    assert states == {
        Component.CONSOLE: State.DEGRADED,
        Component.COLLECTION: State.DOWN,
        Component.QUERIES: State.UP,
    }


def test_programs_get_json_that_anybody_may_read():
    response = Client().get("/status.json")

    told = json.loads(response.content)
    assert response["Access-Control-Allow-Origin"] == "*" and told["status"] == "not known"
    assert told["components"]["console"]["status"] == "up"
    assert set(told["components"]) == {"console", "collection", "queries"}


def test_the_page_needs_no_session_and_sets_no_cookie(django_assert_num_queries):
    client = Client()
    client.cookies["sessionid"] = "made-up"
    client.get("/status/")

    with django_assert_num_queries(0):
        response = client.get("/status/")

    assert response.status_code == 200 and not response.cookies
    assert "default-src 'self'" in response["Content-Security-Policy"]


def test_nobody_who_is_signed_in_is_asked_to_sign_in():
    client = Client()
    client.force_login(MembershipFactory().user)

    page = client.get("/status/").content.decode()

    assert "Sign in" not in page and "To the console" in page


def test_only_reading_is_taken():
    assert Client().post("/status/").status_code == 405
    assert Client().head("/status/").status_code == 200


def test_a_thousand_readers_make_one_page(monkeypatch):
    looks = []
    monkeypatch.setattr(Watch, "_take_snapshot", lambda self, real=Watch._take_snapshot: looks.append(1) or real(self))
    watch = Watch()

    for _ in range(1_000):
        watch.current()

    assert len(looks) == 1


def test_a_look_that_hangs_is_told_as_not_known_and_later_as_down(monkeypatch):
    monkeypatch.setattr("support.status.watch.REFRESH_TIMEOUT", timedelta(seconds=0.1))
    hanging = threading.Event()
    monkeypatch.setattr(Watch, "_take_snapshot", lambda self: hanging.wait(5) and None)
    clock = [NOON]
    watch = Watch(now=lambda: clock[0])

    first = watch.current().snapshot
    clock[0] += timedelta(seconds=31)
    later = watch.current().snapshot
    hanging.set()

    assert first.state is None and "it is busy, or hangs" in part(first, Component.CONSOLE).reason
    assert later.state == State.DOWN
    assert part(later, Component.CONSOLE).reason.startswith("The database has not answered for 31 seconds")


def test_a_look_that_comes_late_counts_more_than_that_it_was_late():
    clock = [NOON]
    watch = Watch(now=lambda: clock[0])
    watch._publish(watch._snapshot(Look(DatabaseCondition.SILENT, clock[0]), clock[0]))
    clock[0] += timedelta(milliseconds=100)

    watch._publish(watch._take_snapshot())

    assert part(watch.current().snapshot, Component.CONSOLE).state == State.UP


def test_what_another_worker_shared_between_taking_and_sharing_stays(monkeypatch, folder):
    clock = [NOON]
    watch, other = Watch(now=lambda: clock[0]), Watch(now=lambda: clock[0])
    older = watch._take_snapshot()
    real = packing.pack

    def pack_slowly(snapshot):
        monkeypatch.setattr(packing, "pack", real)
        clock[0] += timedelta(milliseconds=5)
        other._publish(other._take_snapshot())
        return real(snapshot)

    monkeypatch.setattr(packing, "pack", pack_slowly)

    assert watch._publish(older).snapshot.taken_at == other.current().snapshot.taken_at == clock[0] > older.taken_at


def test_an_outage_is_written_down_once_it_is_over(monkeypatch, folder):
    clock = [NOON]
    watch, other = Watch(now=lambda: clock[0]), Watch(now=lambda: clock[0])
    away = [True]
    real = database.own_connection

    def connect():
        if away[0]:
            raise psycopg.OperationalError("away")
        return real()

    monkeypatch.setattr(database, "own_connection", connect)
    assert watch._publish(watch._take_snapshot()).snapshot.state == State.DOWN
    clock[0] += timedelta(minutes=2)
    away[0] = False

    other.current()

    minutes = Sample.objects.filter(component="queries", state=State.DOWN).order_by("at").values_list("at", flat=True)
    assert list(minutes) == [history.minute_of(NOON + timedelta(minutes=n)) for n in range(3)]


def test_what_is_not_known_is_not_written_down(connection):
    history.record(connection, readings(None, "who knows"), NOON)

    assert not Sample.objects.exists() and not Day.objects.exists()


def test_a_snapshot_is_the_same_after_it_was_shared(connection):
    now = timezone.now()
    history.record(connection, readings(State.DEGRADED, "late"), now - timedelta(minutes=3))
    incident = Incident.objects.create(title="Slow queries", queries=True, impact="degraded")
    IncidentUpdate.objects.create(incident=incident, text="We are looking into it.")
    collect(EnvironmentFactory().pk, events=3, span=timedelta(minutes=3))
    found = taken(connection, now)

    for each in (found, gone(now, found), gone(now)):
        assert packing.unpack(packing.pack(each)) == each


def test_the_regular_checks_use_every_part(live_server, connection):
    now = timezone.now()

    checks.check(live_server.url, now)

    assert dict(Sample.objects.values_list("component", "state")) == dict.fromkeys(Component.values, State.UP)


def test_a_console_that_cannot_be_reached_is_down(connection):
    checks.check("http://127.0.0.1:1", timezone.now())

    told = dict(Sample.objects.values_list("component", "reason"))
    assert told["console"] == "The sign-in page cannot be reached."
    assert told["queries"] == ""


def test_events_that_cannot_be_stored_take_collection_down(live_server, connection):
    connection.execute("alter table events add constraint broken check (environment_id <> 0) not valid")
    try:
        checks.check(live_server.url, timezone.now())
    finally:
        connection.execute("alter table events drop constraint broken")

    assert Sample.objects.get(component="collection").reason == "An event cannot be stored."


def test_of_two_readings_the_worse_counts():
    well, ill = Reading(Component.CONSOLE, State.UP), Reading(Component.CONSOLE, State.DEGRADED, "late")

    assert worse(well, ill) is ill and worse(ill, well) is ill


@pytest.mark.parametrize(
    ("seconds", "kind", "word"),
    [(5, "good", "fresh"), (3_600, "none", "1 h ago"), (200_000, "none", "2 d ago"), (None, "none", "no events")],
)
def test_the_dot_of_an_environment_says_how_fresh_it_is(connection, seconds, kind, word):
    now = timezone.now()
    newest = None if seconds is None else now - timedelta(seconds=seconds)

    found = dot(newest, now, taken(connection))

    assert (found.kind, found.word) == (kind, word)


def test_the_dot_is_red_while_collection_is_down(connection):
    now = timezone.now()

    found = dot(now, now, gone(now))

    assert found.kind == "bad" and "database does not answer" in found.sentence


def test_the_json_names_what_is_wrong(connection):
    now = timezone.now()

    told = json.loads(as_json(gone(now)))

    assert told["status"] == "down" and told["freshness"] is None
    assert "503" in told["components"]["collection"]["reason"]


def test_who_takes_gzip_gets_the_same_compressed():
    plain = Client().get("/status/")
    zipped = Client().get("/status/", headers={"Accept-Encoding": "gzip, br"})

    assert zipped["Content-Encoding"] == "gzip" and int(zipped["Content-Length"]) == len(zipped.content)
    assert gzip.decompress(zipped.content) == plain.content
    assert len(zipped.content) < 20_000


def test_the_dot_of_another_tab_does_not_make_its_environment_the_one_used_last():
    membership = MembershipFactory()
    here, there = (EnvironmentFactory(project__account=membership.account) for _ in range(2))
    client = Client()
    client.force_login(membership.user)
    client.get(reverse("projects:install", args=[here.app_id]))

    dot = client.get(reverse("support:freshness", args=[there.app_id]), headers={"HX-Request": "true"})

    assert "no events" in dot.content.decode()
    assert client.session["last_environment"] == here.app_id


def test_the_disk_of_a_server_of_ones_own_is_not_known(settings, monkeypatch):
    monkeypatch.setattr(database.disk, "is_full", lambda folder: True)
    monkeypatch.setattr(database.disk, "free_bytes", lambda folder: 3 * 2**20)

    assert database.disk_words() == ""
    settings.PRIVATE_DATABASE = True
    assert database.disk_words() == "The disk of the database is nearly full: 3 MiB are left."


def test_a_percentage_says_since_when_it_is_measured(connection):
    began = NOON - timedelta(minutes=19)
    for minute in range(20):
        history.record(connection, readings(State.UP), began + timedelta(minutes=minute))

    found = taken(connection, NOON)
    page, told = " ".join(as_html(found).decode().split()), json.loads(as_json(found))["components"]["console"]

    assert "100.00 % up, measured for 20 minutes since" in page and ">1 Mar 2026, 11:41 UTC</time>" in page
    assert (told["measured_minutes"], told["measured_since"]) == (20, "2026-03-01T11:41:00+00:00")


def test_what_began_long_ago_is_told_by_its_day(connection):
    history.record(connection, readings(State.UP), NOON - timedelta(days=30))
    history.record(connection, readings(State.UP), NOON)
    history.forget(connection, NOON)

    assert ">30 Jan 2026</time>" in as_html(taken(connection, NOON)).decode()


def test_where_nothing_was_measured_there_is_no_percentage(connection):
    page = as_html(taken(connection, NOON)).decode()

    assert "Nothing was measured yet." in page and "% up, measured" not in page


def test_a_minute_of_outage_is_never_rounded_away(connection):
    history.record(connection, readings(State.DOWN), NOON)
    connection.execute("update support_day set minutes_up = 129599")

    assert "99.99 % up, measured for 90 days" in as_html(taken(connection, NOON)).decode()
