"""Notes on the time axis: where charts mark them, their page and forms, and programs that add them."""

import json
import threading
from datetime import UTC, date, datetime, timedelta
from html import unescape
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Activity
from analytics.charts.notes import Happened, marks_of_answer, marks_of_tile, placed_marks
from analytics.dashboards.kept import OVERVIEW
from analytics.dashboards.tiles import Shows, Tile, write_tiles
from analytics.environments import notes
from analytics.environments.notes import add_note, notes_between
from analytics.models import Dashboard, Note
from analytics.questions.spans import Span, Unit, buckets
from collector.request import access_tokens
from projects.models import Environment
from tests.analytics.kept import make_report, pin
from tests.analytics.rows import add_event
from tests.counting import queries_of
from tests.factories import ApiKeyFactory, EnvironmentFactory, UserFactory

BERLIN = ZoneInfo("Europe/Berlin")
NOW = datetime(2026, 4, 2, 12, tzinfo=UTC)
MARCH = Span(None, date(2026, 3, 1), date(2026, 3, 31))
API = "/api/public/v0/notes"


def url(environment, name, *args):
    return reverse(f"analytics:{name}", args=[environment.app_id, *args])


def html(response) -> str:
    return unescape(response.content.decode())


def moment(*parts) -> datetime:
    return datetime(*parts, tzinfo=UTC)


def note(environment, at, text="Deployed", is_day=False, **fields) -> Note:
    return Note.objects.create(environment=environment, at=at, is_day=is_day, text=text, **fields)


def asked(environment, **parameters):
    query = "&".join(
        f"{name}={value}" for name, value in {"wait": 1, "event": "builtin:pageview", **parameters}.items()
    )
    return f"{url(environment, 'graph')}?{query}"


@pytest.fixture
def shop(environment):
    """An environment in Berlin with a pageview on each of the last days."""
    environment.project.time_zone = "Europe/Berlin"
    environment.project.save()
    for days in range(5):
        add_event(environment, kind="pageview", ago=timedelta(days=days))
    return environment


# --- Where they are marked --------------------------------------------------------------------------------------------


def happened(at, number=1, text="Sale") -> Happened:
    return Happened(at, number, f"{at:%d %b}", text, f"note-{number}")


def test_a_note_is_in_the_bucket_of_its_moment():
    days = buckets(MARCH, Unit.DAY, NOW, BERLIN)
    found = [
        happened(moment(2026, 2, 28, 22, 59)),  # 23:59 on the day before
        happened(moment(2026, 2, 28, 23)),  # the first midnight in Berlin
        happened(moment(2026, 3, 29, 21, 59)),  # the last minute of a day of 23 hours
        happened(moment(2026, 3, 29, 22)),
        happened(moment(2026, 3, 31, 22)),  # the day after
    ]

    marks = placed_marks(days, found)

    assert [(round(mark.x * 31 / 100 - 0.5), len(mark.notes)) for mark in marks] == [(0, 1), (28, 1), (29, 1)]


def test_those_of_one_bucket_or_too_near_share_a_mark_that_says_how_many():
    year = buckets(Span(None, date(2025, 4, 1), date(2026, 3, 31)), Unit.DAY, NOW, BERLIN)
    found = [happened(moment(2026, 3, day), day, f"<b>{day}") for day in (1, 1, 4, 30)]

    drawn = marks_of_answer(year, found)

    assert [len(mark.notes) for mark in placed_marks(year, found)] == [3, 1]
    assert ">×3</text>" in drawn
    assert ">30</text>" in drawn
    assert 'href="#note-1"' in drawn
    assert "<b>" not in drawn
    assert "1 · 01 Mar: &lt;b&gt;1" in drawn
    assert ">×50</text>" in marks_of_answer(year, [happened(moment(2026, 3, 1), n) for n in range(1, 51)])


def test_tiles_have_marks_without_texts_and_an_axis_without_notes_has_none():
    days = buckets(MARCH, Unit.DAY, NOW, BERLIN)
    drawn = marks_of_tile((None, *days), [happened(moment(2026, 3, 1)), happened(moment(2027, 3, 1))])

    assert "1 note on this chart" in drawn
    assert "Sale" not in drawn
    assert (marks_of_tile(days, []), marks_of_answer(days, []), marks_of_tile((), [happened(NOW)])) == ("", "", "")


@pytest.mark.parametrize("zone", ["America/Los_Angeles", "Pacific/Kiritimati", "Europe/Berlin"])
def test_a_day_stays_that_day_in_any_time_zone(environment, zone):
    zone = ZoneInfo(zone)
    note(environment, moment(2026, 3, 14), is_day=True)
    note(EnvironmentFactory(), moment(2026, 3, 14), is_day=True)
    start, end = (datetime(2026, 3, day, tzinfo=zone).astimezone(UTC) for day in (14, 15))

    (found,), count = notes_between(environment.pk, start, end, zone)

    assert (count, found.begins(zone), found.when(zone)) == (1, start, "Sat 14 Mar 2026")
    assert notes_between(environment.pk, start - timedelta(days=1), start, zone) == ([], 0)
    assert notes_between(environment.pk, start + timedelta(minutes=1), end, zone) == ([], 0)
    assert notes_between(environment.pk, end, end + timedelta(days=1), zone) == ([], 0)


# --- On pages --------------------------------------------------------------------------------------------------------


def test_charts_over_time_mark_them_and_list_them(shop, read_only):
    long = "w" * 500
    note(shop, NOW.now(UTC) - timedelta(hours=2), f"<script>{long[8:]}")
    note(shop, NOW.now(UTC) - timedelta(days=300), "Long ago")
    note(EnvironmentFactory(project=shop.project, name="Staging", is_production=False), NOW.now(UTC), "Elsewhere")

    for path in (asked(shop), asked(shop, chart="bar", unit="hour", days=3), asked(shop, before="period")):
        page = html(read_only.get(path))
        assert ('class="chart__marks"' in page, "1 note on this chart" in page, long[8:] in page) == (
            True,
            True,
            True,
        ), path
        assert ("Long ago" in page, "Elsewhere" in page, "Add note" in page) == (False, False, False)
    lifecycle = html(read_only.get(f"{url(shop, 'lifecycle')}?wait=1"))
    assert "1 note on this chart" in lifecycle
    assert "chart__marks" not in html(read_only.get(asked(shop, chart="table")))
    export = f"{url(shop, 'export')}?kind=graph&event=builtin:pageview&format="
    assert b"script" not in b"".join(read_only.get(f"{export}csv").streaming_content)


def test_the_script_of_a_text_is_text(shop, read_only):
    note(shop, NOW.now(UTC) - timedelta(hours=2), "<script>alert(1)</script>")

    assert "<script>alert" not in read_only.get(asked(shop)).content.decode()


def test_a_chart_has_at_most_50_and_says_how_many_more_there_are(shop, full):
    for minutes in range(62):
        note(shop, NOW.now(UTC) - timedelta(minutes=minutes + 60), f"Deploy {minutes}.")

    page = html(full.get(asked(shop)))

    assert "50 notes on this chart" in page
    assert "And 12 earlier notes" in page
    assert ("Deploy 49." in page, "Deploy 50." in page) == (True, False)


def asked_of_notes(client, path) -> int:
    """How many of the page's queries read notes. Others depend on what is cached, which speed decides."""
    with CaptureQueriesContext(connection) as captured:
        assert client.get(path).status_code == 200
    return sum('FROM "analytics_note"' in query["sql"] for query in captured)


def test_pages_take_one_query_for_however_many_notes(shop, read_only):
    of_people = [["event", "builtin:pageview"], ["counts", "users"]]
    pin(make_report(shop), make_report(shop, name="Other", parameters=of_people))
    for minutes in range(61):
        note(shop, NOW.now(UTC) - timedelta(minutes=minutes), created_by=UserFactory())

    dashboard = f"{url(shop, 'dashboard')}?all=1"
    pages = [asked(shop), dashboard, asked(shop, chart="table"), url(shop, "note_list")]
    assert [asked_of_notes(read_only, page) for page in pages] == [1, 1, 0, 2]  # the list counts them too
    assert html(read_only.get(dashboard)).count("61 notes on this chart") == 2
    assert queries_of(read_only, pages[3]) < 30  # people who added them come along


def test_tiles_read_notes_only_where_they_draw_a_chart_over_time(shop, read_only):
    note(shop, NOW.now(UTC))
    views = (("event", "builtin:pageview"),)
    tiles = [
        Tile(uuid4(), kind="graph", name="Chart", parameters=views),
        Tile(uuid4(), kind="graph", name="Table", parameters=(*views, ("chart", "table"))),
        Tile(uuid4(), shows=Shows.NUMBER, kind="graph", name="Count", parameters=views),
    ]
    dashboard = Dashboard.objects.create(
        environment=shop, lineage=OVERVIEW, name="Overview", body=write_tiles({}, tiles)
    )

    assert asked_of_notes(read_only, url(shop, "dashboard")) == 0
    assert [asked_of_notes(read_only, url(shop, "tile", dashboard.lineage, tile.id)) for tile in tiles] == [1, 0, 0]


def test_the_button_beside_a_chart_knows_its_last_moment_and_each_of_its_buckets(shop, full):
    page = full.get(asked(shop, days="custom", **{"from": "2026-03-01", "to": "2026-03-31", "unit": "week"}))
    assert "chart__plot" not in html(page)  # nothing happened then
    add_event(shop, kind="pageview", at=moment(2026, 3, 29, 3))

    days = html(full.get(asked(shop, days="custom", **{"from": "2026-03-28", "to": "2026-03-29"})))
    hours = html(full.get(asked(shop, days="custom", **{"from": "2026-03-29", "to": "2026-03-29", "unit": "hour"})))

    assert 'data-adds-note="2026-03-28 2026-03-29"' in days
    assert "notes/new/?day=2026-03-29&back=%2Fenv%2F" in days
    assert 'data-adds-note="2026-03-29T00:00 2026-03-29T01:00 2026-03-29T03:00' in hours  # 2 was skipped
    assert "notes/new/?day=2026-03-29&time=23%3A00&back=" in hours


# --- The page and its forms ------------------------------------------------------------------------------------------


def add(client, environment, **fields):
    return client.post(url(environment, "note_add"), {"day": "2026-03-14", "text": "Sale begins"} | fields)


def test_a_note_from_a_chart_leads_back_to_it(shop, full):
    chart = f"{url(shop, 'graph')}?event=builtin%3Apageview&days=7"
    form = html(full.get(url(shop, "note_add"), {"day": "2026-03-14", "time": "15:00", "back": chart}))
    assert ('value="2026-03-14"' in form, 'value="15:00"' in form, f'href="{chart}"' in form) == (True, True, True)

    response = add(full, shop, time="15:00", text="  Sale\r\n\u202ebegins\0 ", back=chart)

    made = Note.objects.get()
    assert response.url == chart
    assert (made.at, made.is_day, made.text) == (moment(2026, 3, 14, 14), False, "Sale begins")
    row = Activity.objects.latest("id")
    assert (row.verb, row.target, row.details["when"]) == ("note.create", "Sale begins", "Sat 14 Mar 2026, 15:00 CET")


@pytest.mark.parametrize(
    "back",
    ["", "//evil.example/", "https://evil.example/env/{app_id}/graph/", "/env/{app_id}/notes/1/delete/",
     "\\\\evil", "/[", "/env/{other}/graph/", "javascript:alert(1)", "/logout/", "/env/{app_id}/../../login/"],
)  # fmt: skip
def test_nothing_else_leads_back(shop, full, back):
    other = EnvironmentFactory(project=shop.project, name="Staging", is_production=False)

    response = add(full, shop, back=back.format(app_id=shop.app_id, other=other.app_id))

    allowed = f"/env/{shop.app_id}/graph/" if "evil.example/env" in back else url(shop, "note_list")
    assert response.url == allowed  # always a page of this environment, on this server


@pytest.mark.parametrize(
    ("fields", "words"),
    [
        ({"text": ""}, "Say what happened."),
        ({"text": " \u200b "}, "something that can be seen"),
        ({"text": "w" * 501}, "at most 500 characters"),
        ({"text": "w" * 10_000}, "at most 500 characters"),
        ({"day": ""}, "Give the day."),
        ({"day": "14.3.2026"}, "Give the day as 2026-03-14."),
        ({"day": "1999-12-31"}, "between 2000 and 2199"),
        ({"day": "9999-12-31"}, "between 2000 and 2199"),
        ({"day": "0001-01-01", "time": "00:00"}, "between 2000 and 2199"),
        ({"time": "25:00"}, "Give the time as 14:05"),
        ({"day": "2026-03-29", "time": "02:30"}, "skip this time"),
    ],
)
def test_what_cannot_be_is_told_at_its_field_and_kept(shop, full, fields, words):
    response = add(full, shop, **fields)

    assert response.status_code == 422
    assert words in html(response)
    assert not Note.objects.exists()


def test_a_day_of_twenty_years_ago_is_one(shop, full):
    add(full, shop, day="2006-03-14")

    assert (Note.objects.get().at, Note.objects.get().is_day) == (moment(2006, 3, 14), True)


def test_editing_keeps_the_seconds_and_which_of_two_hours_it_was(shop, full):
    second_two_thirty = moment(2026, 10, 25, 1, 30, 7)  # 2:30 for the second time that night
    saved = note(shop, second_two_thirty)
    fields = {"day": "2026-10-25", "time": "02:30"}
    assert 'value="02:30"' in html(full.get(url(shop, "note_edit", saved.pk)))

    full.post(url(shop, "note_edit", saved.pk), fields | {"text": "Other"})
    saved.refresh_from_db()
    assert (saved.at, saved.text) == (second_two_thirty, "Other")

    full.post(url(shop, "note_edit", saved.pk), fields | {"time": "", "text": "Other"})
    saved.refresh_from_db()
    assert (saved.at, saved.is_day, saved.changed_by) == (moment(2026, 10, 25), True, full.user)


def test_what_was_typed_for_a_deleted_note_is_offered_as_a_new_one(shop, full):
    saved = note(shop, NOW)
    page = url(shop, "note_edit", saved.pk)
    full.post(url(shop, "note_delete", saved.pk))
    assert full.get(page).status_code == 404

    response = full.post(page, {"day": "2026-03-14", "text": "Kept words"})

    assert (response.status_code, "Kept words" in html(response)) == (404, True)
    assert f'action="{url(shop, "note_add")}"' in html(response)
    assert (Note.objects.count(), full.post(url(shop, "note_delete", saved.pk)).status_code) == (0, 404)


def test_a_full_environment_takes_no_more_in_words(shop, full, monkeypatch):
    monkeypatch.setattr(notes, "MOST_ON_CHARTS", 1)
    add(full, shop)

    assert add(full, shop).status_code == 302  # the same is there already
    response = add(full, shop, text="Another")

    assert (response.status_code, Note.objects.count()) == (422, 1)
    assert "Delete some first." in html(response)


def test_the_list_is_of_this_environment_and_says_who_added_them(shop, read_only, full):
    note(shop, NOW, "By a program", program="API key CI")
    note(shop, NOW, "By nobody who is here")
    note(EnvironmentFactory(project=shop.project, name="Staging", is_production=False), NOW, "Elsewhere")

    page = html(read_only.get(url(shop, "note_list")))

    assert ("API key CI" in page, "somebody who left" in page) == (True, True)
    assert ("Elsewhere" in page, "/edit/" in page) == (False, False)
    Note.objects.all().delete()
    assert "No notes yet" in html(full.get(url(shop, "note_list")))


@pytest.mark.django_db(transaction=True)
def test_of_several_at_once_no_more_are_added_than_there_is_room_for(environment, monkeypatch):
    monkeypatch.setattr(notes, "MOST_ON_CHARTS", 2)
    full = []

    def run(number):
        found = Environment.objects.select_related("project__account").get(pk=environment.pk)
        try:
            add_note(environment=found, at=NOW, is_day=False, text=f"Deploy {number}", by=None)
        except notes.NoRoomForNotes:
            full.append(number)
        finally:
            connection.close()

    threads = [threading.Thread(target=run, args=[number]) for number in range(5)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert (Note.objects.count(), len(full)) == (2, 3)


# --- Programs --------------------------------------------------------------------------------------------------------


@pytest.fixture
def deploys(shop):
    """Posts a note to an environment, with a key of the shop's project."""
    key = ApiKeyFactory(project=shop.project, name="CI")
    token = access_tokens.issue(key)

    def post(body, environment=shop, **headers):
        text = body if isinstance(body, str | bytes) else json.dumps(body)
        given = {"authorization": f"Bearer {token}", **headers}
        return Client().post(f"{API}?app_id={environment.app_id}", text, "application/json", headers=given)

    return post


def test_a_program_adds_one_and_a_retry_adds_nothing(shop, deploys):
    sent = {"text": "Deployed 2.4.1", "at": "2026-03-14T15:09:26+01:00"}

    first, again = deploys(sent), deploys(sent)

    made = Note.objects.get()
    assert (made.at, made.program, made.created_by) == (moment(2026, 3, 14, 14, 9, 26), "API key CI", None)
    assert (first.status_code, again.status_code) == (201, 200)
    told = {"note_id": made.pk, "text": "Deployed 2.4.1", "at": "2026-03-14T14:09:26+00:00"}
    assert first.json() == again.json() == told
    row = Activity.objects.latest("id")
    assert (row.verb, row.by_name, row.by) == ("note.create", "API key CI", None)
    assert deploys({"text": "A day", "day": "2026-03-14"}).json()["day"] == "2026-03-14"
    assert abs(datetime.fromisoformat(deploys({"text": "Now"}).json()["at"]) - datetime.now(UTC)) < timedelta(minutes=1)


@pytest.mark.parametrize(
    ("body", "status", "words"),
    [
        ({}, 400, "text: Say what happened."),
        ({"text": 5}, 400, "text must be a text"),
        ({"text": ["x"]}, 400, "text must be a text"),
        ({"text": "\0\u202e"}, 400, "JSON"),
        ({"text": "\u202e"}, 400, "text:"),
        ({"text": "x", "day": "2026-03-14", "at": "2026-03-14T15:09:26Z"}, 400, "not both"),
        ({"text": "x", "day": "2026-02-30"}, 400, "day: must look like"),
        ({"text": "x", "at": "yesterday"}, 400, "at: must look like"),
        ({"text": "x", "at": "0001-01-01T00:00:00+14:00"}, 400, "between 2000 and 2199"),
        ({"text": "x", "at": "9999-12-31T23:59:59-14:00"}, 400, "between 2000 and 2199"),
        ({"text": "x" * 501}, 400, "at most 500"),
        ({"text": "x" * 20_000}, 413, "larger than"),
        ("[]", 400, "not a JSON object"),
        (b"\xff", 400, ""),
    ],
    ids=range(14),
)
def test_what_a_program_sends_wrongly_is_told(shop, deploys, body, status, words):
    response = deploys(body)

    if words == "JSON":  # NUL
        words = ""
    assert (response.status_code, words in response.content.decode()) == (status, True)
    assert not Note.objects.exists()


def test_a_key_reaches_environments_of_its_own_project_alone(shop, deploys, monkeypatch):
    sent = {"text": "Deployed"}

    assert deploys(sent, EnvironmentFactory()).status_code == 404
    assert deploys(sent, Environment(app_id="7%00")).status_code == 404
    assert deploys(sent, authorization="Bearer wrong").status_code == 401
    assert Client().get(API).status_code == 405
    monkeypatch.setattr(notes, "MOST_ON_CHARTS", 0)
    assert deploys(sent).status_code == 409
    assert not Note.objects.exists()
