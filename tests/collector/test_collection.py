"""The Collection page: what came, what was refused and why, in the time zone of the project."""

from datetime import UTC, datetime, time, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from collector.counts.overview import TITLES, WORDS, Amount, LatelyCounts, in_words, overview
from collector.decide import COUNTED, Outcome
from collector.models import CollectedHour
from events.models import Event
from projects.models import Project
from tests.counting import queries_of
from tests.factories import EnvironmentFactory, MembershipFactory

pytestmark = pytest.mark.django_db

NOW = datetime(2026, 3, 1, 12, 34, tzinfo=UTC)
NOON = NOW.replace(minute=0)
CHANGED = ("properties_left_out", "texts_cut", "identities_ignored", "protobufs_refused", "robots")


@pytest.fixture
def environment():
    return EnvironmentFactory(project__time_zone="Asia/Kolkata")


@pytest.fixture
def reader(client, environment):
    client.force_login(MembershipFactory(account=environment.project.account, read_only=True).user)
    return client


def url(environment, name="collection"):
    return reverse(f"collector:{name}", args=[environment.app_id])


def came(environment, hour, outcome=Outcome.ACCEPTED, *, requests=1, events=1, left_out=0, last=0.0, slowest=0.0):
    return CollectedHour.objects.create(
        environment=environment,
        hour=hour,
        outcome=outcome,
        requests=requests,
        events=events,
        properties_left_out=left_out,
        last_at=hour + timedelta(minutes=1),
        last_seconds=last,
        slowest_seconds=slowest,
    )


def make_event(environment, at, **fields):
    values = {"actor_id": 1, "kind": "custom", "name": "Order", "received_at": at} | fields
    return Event.objects.create(environment_id=environment.pk, time=at, id=1, **values)


def line_of(numbers, outcome):
    (found,) = [line for line in numbers.lines if line.outcome == outcome]
    return found


def test_24_hours_end_with_the_hour_at_hand_and_7_days_with_today(environment):
    for ago, events in ((0, 1), (1, 10), (23, 100), (24, 1_000), (162, 10_000), (163, 100_000)):
        came(environment, NOON - timedelta(hours=ago), events=events)

    line = line_of(overview(environment, NOW), Outcome.ACCEPTED)

    assert [line.hour.events, line.day.events, line.week.events] == [1, 111, 11_111]
    assert line.day.requests == 3
    assert line.hourly.counts == [100, *[0] * 21, 10, 1]


@pytest.mark.parametrize(("zone", "first"), [("Asia/Tokyo", 15), ("America/New_York", 5), ("Asia/Kolkata", 18)])
def test_the_7_days_are_those_of_the_projects_calendar(environment, zone, first):
    """The days begin at that hour in UTC, in Kolkata at half past: then the hour in which they begin counts."""
    environment.project.time_zone = zone
    day = NOW.date() - timedelta(days=6 if first < 12 else 7)
    begins = datetime.combine(day, time(first), UTC)
    came(environment, begins, events=1)
    came(environment, begins - timedelta(hours=1), events=10)

    assert line_of(overview(environment, NOW), Outcome.ACCEPTED).week.events == 1


def test_outcomes_are_told_apart_and_other_environments_left_out(environment):
    came(environment, NOON, Outcome.BAD, requests=2, events=0)
    came(EnvironmentFactory(project=environment.project, name="Staging", is_production=False), NOON, Outcome.BAD)

    numbers = overview(environment, NOW)

    assert line_of(numbers, Outcome.BAD).week == Amount(2, 0)
    assert line_of(numbers, Outcome.ACCEPTED).week == Amount()


@pytest.mark.parametrize("counted", CHANGED)
def test_what_was_changed_is_added_up(environment, counted):
    for ago, number in ((0, 1), (1, 10), (23, 100), (24, 1_000), (162, 10_000), (163, 100_000)):
        row = came(environment, NOON - timedelta(hours=ago), events=number)
        CollectedHour.objects.filter(pk=row.pk).update(**{counted: number})

    numbers = overview(environment, NOW)

    found = {name: getattr(numbers, name.removeprefix("properties_")) for name in CHANGED}
    assert found == dict.fromkeys(CHANGED, LatelyCounts(0, 0, 0)) | {counted: LatelyCounts(1, 111, 11_111)}


def test_counts_in_words():
    assert LatelyCounts(1, 111, 11_111).in_words("text", "was cut") == (
        "11,111 texts were cut in the last 7 days, 111 of them in the last 24 hours"
    )
    assert LatelyCounts(0, 0, 1).in_words("text", "was cut") == "1 text was cut in the last 7 days"
    assert LatelyCounts(0, 0, 0).in_words("text", "was cut") == ""


def test_hours_come_newest_first_with_their_slowest_commit(environment):
    came(environment, NOON, slowest=0.045)
    came(environment, NOON, Outcome.OVER_LIMIT, requests=1_200)
    came(environment, NOON, Outcome.EXCLUDED, requests=3)

    first, second, *_ = hours = overview(environment, NOW).hours

    assert len(hours) == 24
    assert (first.start, first.slowest, first.others) == (NOON, "45 ms", "3 excluded, 1,200 over the limit")
    assert (second.start, second.slowest, second.others) == (NOON - timedelta(hours=1), "–", "")


def test_the_last_commit_is_that_of_the_newest_hour_that_had_one(environment):
    came(environment, NOON - timedelta(hours=3), last=0.25, slowest=0.5)
    came(environment, NOON - timedelta(hours=2), last=0.012, slowest=0.5)
    came(environment, NOON, Outcome.UNAVAILABLE, last=5, slowest=5)

    assert overview(environment, NOW).last_commit == "12 ms"


def test_the_last_event_is_the_one_that_arrived_last(environment):
    make_event(environment, NOW)
    make_event(
        environment, NOW - timedelta(hours=1), received_at=NOW + timedelta(hours=1), kind="pageview", path="/cart"
    )

    assert overview(environment, NOW).last_arrived == "pageview /cart"


@pytest.mark.parametrize(
    ("seconds", "words"), [(None, "–"), (0.0, "–"), (0.0004, "under 1 ms"), (0.0123, "12 ms"), (1.26, "1.3 s")]
)
def test_durations_in_words(seconds, words):
    assert in_words(seconds) == words


def test_every_outcome_that_is_counted_has_its_words():
    assert {str(outcome) for outcome in TITLES} == set(COUNTED) == {str(outcome) for outcome in WORDS} | {"accepted"}


# --- The page -------------------------------------------------------------------------------------------------------
def test_the_page_shows_numbers_and_hours_of_the_project(reader, environment):
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    came(environment, hour, requests=1_234, events=56_789, last=0.004, slowest=0.02)
    make_event(environment, timezone.now(), name="<b>Order</b>")

    text = reader.get(url(environment)).content.decode()

    assert "56,789" in text and "in 1,234<span" in text
    assert "&lt;b&gt;Order&lt;/b&gt;" in text and "<b>Order" not in text
    assert (hour + timedelta(hours=5, minutes=30)).strftime("%a %H:%M") in text
    assert "events a second" in text


def test_an_environment_that_nothing_came_to_leads_to_install(reader, environment):
    response = reader.get(url(environment))

    assert "Nothing has come yet" in response.content.decode()
    assert reverse("projects:install", args=[environment.app_id]) in response.content.decode()


def test_the_page_says_how_many_properties_were_left_out_and_why(reader, environment, settings):
    settings.PERSON_PROPERTIES = 777
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    row = came(environment, hour, left_out=0)
    nothing = reader.get(url(environment)).content.decode()
    CollectedHour.objects.filter(pk=row.pk).update(properties_left_out=12)

    text = reader.get(url(environment)).content.decode()

    assert "were left out in the last 7 days" not in nothing
    assert "12 properties were left out in the last 7 days" in text
    assert "a person or customer has at most 777 properties, which take at most 65,536 bytes" in text
    assert 'href="#left-out"' in text and 'id="left-out"' in text


def test_the_page_says_how_many_events_are_robots_and_what_becomes_of_them(reader, environment):
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    row = came(environment, hour, events=50)
    nothing = reader.get(url(environment)).content.decode()
    CollectedHour.objects.filter(pk=row.pk).update(robots=37)

    text = reader.get(url(environment)).content.decode()
    Project.objects.update(leaves_out_robots=False)
    left_in = reader.get(url(environment)).content.decode()

    assert 'of these, <a href="#robots">robots</a>' not in nothing
    assert 'of these, <a href="#robots">robots</a>' in text and text.count('<td class="number">37</td>') == 3
    assert "37 in 24 hours, at most 37 an hour" in text
    assert "Questions leave them out" in text
    assert "Questions count them like those of people" in left_in


def test_no_limit_is_said_in_words(reader, environment, settings):
    settings.EVENTS_PER_SECOND = 0
    came(environment, timezone.now().replace(minute=0, second=0, microsecond=0))

    assert "events a second" not in reader.get(url(environment)).content.decode()


def test_numbers_are_sent_again_when_one_has_changed(reader, environment):
    row = came(environment, timezone.now().replace(minute=0, second=0, microsecond=0))
    version = reader.get(url(environment)).context["version"]
    again = f"{url(environment, 'collection_numbers')}?version={version}"

    same = reader.get(again)
    CollectedHour.objects.filter(pk=row.pk).update(events=7)
    changed = reader.get(again)

    assert (same.status_code, same.content) == (204, b"")
    assert changed.status_code == 200
    assert f"version={version}" not in changed.content.decode()


def test_a_full_week_takes_as_many_queries_as_nothing(reader, environment):
    reader.get(url(environment))  # the session notes where it is
    before = queries_of(reader, url(environment))
    hour = timezone.now().replace(minute=0, second=0, microsecond=0)
    for ago in range(168):
        for outcome in TITLES:
            came(environment, hour - timedelta(hours=ago), outcome)
    CollectedHour.objects.filter(outcome=Outcome.ACCEPTED).update(robots=1)
    make_event(environment, timezone.now())

    assert queries_of(reader, url(environment)) == before


def test_an_index_serves_the_numbers(environment):
    other = EnvironmentFactory()
    CollectedHour.objects.bulk_create(
        CollectedHour(
            environment=other,
            hour=NOON - timedelta(hours=ago),
            outcome=outcome,
            requests=1,
            events=1,
            last_at=NOON,
            last_seconds=0,
            slowest_seconds=0,
        )
        for ago in range(2_000)
        for outcome in TITLES
    )
    with CaptureQueriesContext(connection) as captured:
        overview(environment, NOW)
    (sql,) = [query["sql"] for query in captured if "collector_collectedhour" in query["sql"]]
    with connection.cursor() as cursor:
        cursor.execute("analyze collector_collectedhour")
        cursor.execute(f"explain {sql}")
        plan = "\n".join(row for (row,) in cursor.fetchall())

    assert "collectedhour_once_per_outcome" in plan


def test_install_and_the_freshness_dot_lead_to_the_page(reader, environment):
    install = reader.get(reverse("projects:install", args=[environment.app_id])).content.decode()
    dot = reader.get(reverse("support:freshness", args=[environment.app_id])).content.decode()

    assert url(environment) in install and url(environment) in dot
