"""The live view: newest first, everything shown, page by page, and only of this environment."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from analytics.store.live import PAGE_SIZE, Position
from tests.analytics.rows import add_event, add_person, merge
from tests.factories import EnvironmentFactory

NOON = datetime(2026, 3, 1, 12, tzinfo=UTC)


def live(client, environment, **query):
    return client.get(reverse("analytics:live", args=[environment.app_id]), query)


def names(page) -> list[str]:
    return [event.name for event in page.events]


def test_the_newest_event_comes_first(environment):
    add_event(environment, name="earlier", ago=timedelta(minutes=2))
    add_event(environment, name="later", ago=timedelta(minutes=1))

    assert names(event_store().newest_events(environment.pk)) == ["later", "earlier"]


def test_events_of_other_environments_are_not_shown(environment):
    add_event(EnvironmentFactory(), name="theirs")

    assert event_store().newest_events(environment.pk).events == []


def test_every_event_is_on_exactly_one_page_also_when_times_are_equal(environment):
    for number in range(PAGE_SIZE * 2 + 7):
        add_event(environment, name=str(number), at=NOON, device="robot" if number % 3 else "mobile")

    seen, before = [], None
    while (page := event_store().newest_events(environment.pk, before)).older:
        seen += names(page)
        before = page.older
    seen += names(page)

    assert sorted(seen, key=int) == [str(number) for number in range(PAGE_SIZE * 2 + 7)]


def test_the_events_of_several_visitors_are_paged_as_one_list(environment):
    for number in range(PAGE_SIZE * 2 + 7):
        add_event(environment, name=str(number), actor_id=number % 2, ago=timedelta(minutes=number))
        add_event(environment, name="somebody else's", actor_id=3, ago=timedelta(minutes=number))

    seen, before = [], None
    while (page := event_store().newest_events(environment.pk, before, [0, 1])).older:
        seen += names(page)
        before = page.older
    seen += names(page)

    assert seen == [str(number) for number in range(PAGE_SIZE * 2 + 7)]


@pytest.mark.parametrize("actors", [None, [1]])
def test_the_database_stops_reading_when_the_time_is_up(environment, actors):
    with CaptureQueriesContext(connection) as asked:
        event_store().newest_events(environment.pk, None, actors)

    assert "set local statement_timeout = 5000" in [each["sql"] for each in asked]


def test_reading_that_takes_too_long_says_so_and_the_page_keeps_what_it_shows(environment, read_only, monkeypatch):
    def too_slow(*args):
        raise QueryTimeout

    monkeypatch.setattr("analytics.store.postgresql.store.newest_events", too_slow)

    opened = live(read_only, environment)
    asked_again = read_only.get(reverse("analytics:live_rows", args=[environment.app_id]))

    assert "took too long" in opened.content.decode()
    assert asked_again.status_code == 503


def test_a_visitor_who_became_somebody_is_shown_by_that_name(environment):
    add_event(environment, actor_id=42)
    add_person(environment, -7, identity="ada@shop.example")
    merge(environment, 42, -7)

    [event] = event_store().newest_events(environment.pk).events

    assert (event.actor_id, event.person) == (-7, "ada@shop.example")


def test_a_merge_elsewhere_does_not_name_our_visitor(environment):
    other = EnvironmentFactory()
    add_event(environment, actor_id=42)
    add_person(other, -7, identity="theirs@shop.example")
    merge(other, 42, -7)

    [event] = event_store().newest_events(environment.pk).events

    assert event.person == "Visitor 000042"


def test_everything_known_of_an_event_is_on_the_page(environment, read_only):
    add_event(
        environment,
        kind="click",
        domain="shop.example",
        path="/cart",
        target_tag="button",
        target_text="Buy <now>",
        properties={"plan": "gold", "items": 3, "trial": False},
    )

    html = live(read_only, environment).content.decode()

    for text in ("shop.example", "/cart", "Buy &lt;now&gt;", "plan", "gold", "items", "<dd>3</dd>", "<dd>false</dd>"):
        assert text in html


def test_the_number_of_an_identity_is_ours_alone_a_visitors_is_the_senders(environment, read_only):
    add_person(environment, -7_000_000, identity="ada@shop.example")
    add_event(environment, actor_id=-7_000_000)
    known = live(read_only, environment).content.decode()
    add_event(environment, actor_id=42_000_000)
    both = live(read_only, environment).content.decode()

    assert ">-7000000<" not in known and "user_id" not in known
    assert ">42000000<" in both


def test_times_are_in_the_projects_zone(environment, read_only):
    environment.project.time_zone = "Asia/Tokyo"
    environment.project.save(update_fields=["time_zone"])
    add_event(environment, at=NOON)

    assert 'title="2026-03-01 21:00:00 JST"' in live(read_only, environment).content.decode()


def test_an_empty_environment_leads_to_the_install_page(environment, read_only):
    html = live(read_only, environment).content.decode()

    assert reverse("projects:install", args=[environment.app_id]) in html.split("<main")[1]


def test_older_leads_to_the_page_before(environment, read_only):
    for number in range(PAGE_SIZE + 1):
        add_event(environment, name=f"n{number}", ago=timedelta(minutes=number))

    first = event_store().newest_events(environment.pk)
    html = live(read_only, environment, before=str(first.older)).content.decode().partition('<ol class="log')[2]

    assert f"n{PAGE_SIZE}" in html
    assert "n0<" not in html


def test_asking_again_says_nothing_until_something_is_new(environment, read_only):
    add_event(environment)
    url = reverse("analytics:live_rows", args=[environment.app_id])
    version = read_only.get(url).content.decode().split("?version=")[1].split('"')[0]

    unchanged = read_only.get(url, {"version": version})
    add_event(environment, name="News")
    changed = read_only.get(url, {"version": version})

    assert (unchanged.status_code, changed.status_code) == (204, 200)
    assert "News" in changed.content.decode()


@pytest.mark.parametrize("text", ["", "x", "_1", "2026-01-01_1", "9999-99-99T00:00:00Z_1", "2026-01-01T00:00:00Z_٣x"])
def test_a_place_that_cannot_be_read_is_the_first_page(environment, read_only, text):
    add_event(environment, name="Newest")

    assert "Newest" in live(read_only, environment, before=text).content.decode()


@pytest.mark.parametrize("number", [12, -(2**58) + 12])
def test_a_position_reads_back_what_it_wrote(number):
    position = Position(NOON, number)

    assert Position.parse(str(position)) == position
