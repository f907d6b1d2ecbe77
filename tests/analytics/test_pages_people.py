"""The page of one person, and the page that deletes them."""

import json
import re
from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Activity
from analytics.kinds.registry import run
from analytics.kinds.users import Users
from analytics.questions.query import Scope
from analytics.store.failures import QueryTimeout
from tests.analytics.rows import add_event, add_person, merge
from tests.factories import EnvironmentFactory


def url(environment, name, *args):
    return reverse(f"analytics:{name}", args=[environment.app_id, *args])


def html(response) -> str:
    return response.content.decode()


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html(response)))


def test_a_session_of_a_person_ends_after_half_an_hour_without_an_event(environment, read_only):
    now = timezone.now()
    for minutes in (0, 30, 61):
        add_event(environment, at=now - timedelta(minutes=minutes), session_id=5)

    page = words(read_only.get(url(environment, "person", 1)))

    assert "Sessions 2 A session ends after 30 minutes without an event." in page
    assert re.findall(r"Session .*?, (\d) events?", page) == ["2", "1"]


def test_all_that_is_stored_of_a_person_can_be_downloaded_and_nothing_else(environment, read_only, monkeypatch):
    monkeypatch.setattr("analytics.person_file.PAGE_ROWS", 2)
    add_person(environment, -7, identity="ada@shop.example", properties={"plan": "gold"})
    for visitor in (41, 42, 43):
        merge(environment, visitor, -7)
    at = timezone.now()
    ours = {add_event(environment, actor_id=actor, at=at, properties={"n": 1}) for actor in (41, 42, 42, 42, -7, -7)}
    add_event(environment, actor_id=44)
    add_event(EnvironmentFactory(), actor_id=-7)
    address = url(environment, "person_download", 42)  # a merged visitor leads to the person

    response = read_only.post(address)

    first, *rows, last = [json.loads(line) for line in b"".join(response.streaming_content).splitlines()]
    of = {table: [each["row"] for each in rows if each["table"] == table] for table in ("people", "merges", "events")}
    assert first == {"heapadmin_person": 1, "project": environment.project.name, "environment": environment.name}
    assert [(each["identity"], each["properties"]) for each in of["people"]] == [("ada@shop.example", {"plan": "gold"})]
    assert [each["from_actor"] for each in of["merges"]] == [41, 42, 43]
    assert sorted(each["id"] for each in of["events"]) == sorted(ours)
    assert last == {"end": {"events": 6, "people": 1, "merges": 3}}
    assert response["Content-Disposition"] == 'attachment; filename="ada-shop-example.ndjson"'
    row = Activity.objects.get(verb="person.download")
    assert "ada" not in f"{row.target}{row.details}"
    assert read_only.get(address).status_code == 405


def test_a_person_has_the_events_of_the_visitor_they_were(environment, read_only):
    add_person(environment, -7, identity="ada@shop.example", properties={"plan": "gold"})
    merge(environment, 42, -7)
    add_event(environment, actor_id=42, name="Looked around", ago=timedelta(days=1), session_id=1)
    add_event(environment, actor_id=-7, name="Signed in", session_id=2)
    add_event(environment, actor_id=43, name="Somebody else's")
    merge(EnvironmentFactory(), 43, -7)

    page = words(read_only.get(url(environment, "person", -7), {"wait": "1"}))

    for text in ("ada@shop.example", "gold", "Looked around", "Signed in", "Events 2", "Sessions 2"):
        assert text in page
    assert "Somebody else's" not in page


def test_the_first_properties_are_shown_and_how_many_there_are(environment, read_only):
    add_person(environment, -7, identity="ada@shop.example", properties={f"p{n:03}": f"v{n}." for n in range(250)})
    address = url(environment, "person", -7)

    first, everything = read_only.get(address), read_only.get(address, {"properties": "all"})

    assert "v99." in words(first) and "v100." not in words(first)
    assert "The first 100 of 250 properties. Show all" in words(first)
    assert f'href="{address}?properties=all#person-properties"' in html(first)
    assert "v249." in words(everything) and "The first" not in words(everything)


def test_a_hundred_properties_are_all(environment, read_only):
    add_person(environment, -7, identity="ada@shop.example", properties={f"p{n:03}": n for n in range(100)})

    assert "The first" not in words(read_only.get(url(environment, "person", -7)))


def test_of_an_event_the_first_properties_are_shown(environment, read_only):
    add_event(environment, actor_id=42, properties={f"p{n:03}": f"v{n}." for n in range(101)})

    page = words(read_only.get(url(environment, "person", 42)))

    assert "v99." in page and "v100." not in page
    assert "The first 100 of 101." in page


def test_a_visitor_who_has_a_name_now_leads_to_that_person(environment, read_only):
    add_person(environment, -7, identity="ada@shop.example")
    merge(environment, 42, -7)

    response = read_only.get(url(environment, "person", 42))

    assert response.url == url(environment, "person", -7)


def test_nobody_is_404(environment, read_only):
    add_event(EnvironmentFactory(), actor_id=42)

    assert read_only.get(url(environment, "person", 42)).status_code == 404


def test_a_person_who_did_too_much_to_be_counted_at_once_is_shown_all_the_same(environment, read_only, monkeypatch):
    add_event(environment, actor_id=42, name="Looked around")
    monkeypatch.setattr("analytics.store.postgresql.store.count_done", too_slow)
    address = url(environment, "person", 42)

    first, patient = read_only.get(address), read_only.get(address, {"wait": "1"})

    assert "Looked around" in words(first) and "Looked around" in words(patient)
    assert f"{address}?wait=1" in html(first) and f"{address}?wait=1" not in html(patient)
    assert "took too long" in words(patient)


def test_who_deletes_a_person_reads_that_there_are_too_many_events_to_count(environment, full, monkeypatch):
    add_event(environment, actor_id=42)
    monkeypatch.setattr("analytics.store.postgresql.store.count_done", too_slow)
    address = url(environment, "person_delete", 42)

    asked = full.get(address)
    told = full.post(address, {"confirm": "Visitor 000042"}, follow=True)

    assert "all their events, too many to count at once" in words(asked)
    assert "are being deleted" in words(told)


def test_a_timeline_that_takes_too_long_says_so(environment, read_only, monkeypatch):
    add_event(environment, actor_id=42)
    monkeypatch.setattr("analytics.store.postgresql.store.newest_events", too_slow)

    page = words(read_only.get(url(environment, "person", 42)))

    assert "took too long and was stopped" in page
    assert "No events" not in page


def too_slow(*args, **kwargs):
    raise QueryTimeout


@pytest.mark.parametrize("number", ["9" * 19, "-" + "9" * 19])
def test_a_number_that_no_person_can_have_is_404(environment, read_only, number):
    assert read_only.get(f"/env/{environment.app_id}/people/{number}/").status_code == 404


def test_people_without_events_stand_at_the_end_and_it_is_said(environment, read_only):
    add_person(environment, -7, identity="imported@shop.example", properties={"plan": "gold"}, seen=False)
    add_person(environment, -8, identity="old@shop.example", last=timezone.now() - timedelta(days=400))
    add_person(environment, -9, identity="new@shop.example")

    page = words(read_only.get(url(environment, "users"), {"wait": "1"}))
    person = words(read_only.get(url(environment, "person", -7)))

    order = [page.index(name) for name in ("new@shop", "old@shop", "imported@shop")]
    assert order == sorted(order)
    assert re.search(r"imported@shop.example\s+no events yet\s+gold", page)
    assert "No events yet." in person and "First seen" not in person


def test_pages_go_on_among_people_without_events(environment):
    scope = Scope(environment.pk)
    for actor in range(5):
        add_person(environment, actor, seen=actor < 2)
    asked, found = Users(scope, limit=2), []

    while asked is not None:
        result = run(asked)
        found += [each.actor_id for each in result.people]
        asked = result.following()

    assert found[:2] in ([0, 1], [1, 0])
    assert found[2:] == [4, 3, 2]
