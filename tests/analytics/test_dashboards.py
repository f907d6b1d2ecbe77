"""Dashboards: what they show, how they are arranged, and what becomes of them in other environments."""

import re
from importlib import import_module
from uuid import uuid4

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Activity
from analytics.dashboards import actions
from analytics.dashboards.kept import OVERVIEW, dashboards, tiles_of, tiles_with_reports
from analytics.dashboards.starters import OF_PAGES
from analytics.dashboards.tiles import Shows, Size, Tile, in_range
from analytics.definitions.lineages import LineageKey
from analytics.environments.carry import Clash, NotPossible, carry
from analytics.environments.undo import undo
from analytics.models import MAX_DASHBOARDS, MAX_TILES, Dashboard, Pin, Report
from tests.analytics.factories import DashboardFactory
from tests.analytics.kept import make_report, pin
from tests.analytics.rows import add_event, add_person
from tests.analytics.test_catalogue_pages import catalogued
from tests.analytics.test_pages_reports import html, url, words
from tests.factories import EnvironmentFactory, UserFactory
from tests.together import both_at_once

pytestmark = pytest.mark.django_db
FROM_PINS = import_module("analytics.migrations.0017_dashboards").FROM_PINS
GONE = [["event", "definition:00000000-0000-0000-0000-000000000001"]]


@pytest.fixture
def ada():
    return UserFactory()


@pytest.fixture
def three(environment):
    return pin(*(make_report(environment, name=name) for name in "abc"))


def shown(dashboard) -> str:
    dashboard.refresh_from_db()
    return "".join(report.name if report else "." for _, report in tiles_with_reports(dashboard))


def tile_url(environment, dashboard, tile, name="tile"):
    return url(environment, name, dashboard.lineage, tile.id)


# --- What they show --------------------------------------------------------------------------------------------------


def test_before_the_first_event_there_is_the_first_step_in_place_of_empty_tiles(environment, read_only):
    page = read_only.get(url(environment, "dashboard"))

    assert "Waiting for the first event" in words(page)
    assert reverse("projects:install", args=[environment.app_id]) in html(page)
    assert "data-tile" not in html(page)


def test_chosen_tiles_stay_before_the_first_event(environment, read_only):
    pin(make_report(environment, name="Mine"))

    page = words(read_only.get(url(environment, "dashboard")))

    assert "Mine" in page and "No event has arrived here yet." in page


def test_nobody_saves_a_dashboard_by_looking_and_each_tile_of_it_can_be_drawn(environment, read_only):
    add_event(environment, kind="pageview", path="/cart", session_id=1)

    page = html(read_only.get(url(environment, "dashboard")))
    (overview,) = dashboards(environment)

    assert page.count(" data-tile>") == len(OF_PAGES)
    for tile in OF_PAGES:
        assert "stat__value" in html(read_only.get(tile_url(environment, overview, tile))), tile.name
    assert not Dashboard.objects.exists()


def test_an_environment_fed_by_a_server_begins_with_the_events_that_it_has(environment, read_only):
    for name, times in (("Paid", 1), ("Shipped", 3)):
        for _ in range(times):
            add_event(environment, kind="custom", name=name)
    catalogued(environment)

    page = words(read_only.get(url(environment, "dashboard"), {"all": 1}))

    assert "Nothing in this range." not in page and "Pageview" not in page
    assert page.index("Shipped") < page.index("Paid")
    assert "Count of Shipped" in words(read_only.get(url(environment, "graph")))


@pytest.mark.parametrize(
    "kind", ["graph", "funnel", "paths", "retention", "stickiness", "lifecycle", "sessions", "users"]
)
def test_a_report_of_every_kind_is_a_tile_in_any_range(environment, read_only, ada, kind):
    add_event(environment, kind="pageview")
    add_person(environment, 1)
    steps = [["step.0.event", "builtin:pageview"], ["step.1.event", "builtin:pageview"]]
    report = make_report(environment, kind=kind, parameters=steps if kind == "funnel" else [["days", "30"]])
    dashboard = pin(report)
    address = url(environment, "tile", dashboard.lineage, report.lineage)

    for chosen in ({}, {"days": "7", "before": "period"}, {"days": "this_month"}):
        shows = Shows.NUMBER if chosen else Shows.ANSWER
        actions.change_tile(dashboard=dashboard, tile=report.lineage, shows=shows, by=ada)
        page = html(read_only.get(address, chosen))
        assert "stat__note" in page and "notice--warning" not in page


def test_a_tile_that_fails_says_so_and_the_others_are_drawn(environment, read_only):
    pin(make_report(environment, parameters=GONE), make_report(environment, name="Fine"))

    page = words(read_only.get(url(environment, "dashboard"), {"all": "1"}))

    assert "not there any more" in page and "Count of Pageview" in page


def test_a_tile_has_the_number_of_the_report_in_the_range_of_the_dashboard(environment, read_only, ada):
    for number in range(12):
        add_event(environment, kind="pageview", actor_id=number)
    report = make_report(environment, parameters=[["event", "builtin:pageview"], ["days", "365"], ["unit", "month"]])
    dashboard = pin(report)
    actions.set_range(dashboard=dashboard, parameters=[("days", "7")], by=ada)
    tile = url(environment, "tile", dashboard.lineage, report.lineage)

    assert "12 pageviews Count of Pageview, last 7 days" in words(read_only.get(tile))
    assert "Count of Pageview, last 30 days, compared with" in words(
        read_only.get(tile, {"days": "30", "before": "period"})
    )
    linked = re.search(rf'href="([^"]*{report.lineage}/[^"]*)"', html(read_only.get(url(environment, "dashboard"))))[1]
    page = words(read_only.get(linked.replace("&amp;", "&")))
    assert "12 pageviews" in page and "last 7 days" in page
    own = html(read_only.get(url(environment, "dashboard"), {"days": "", "before": ""}))
    (address,) = set(re.findall(r'hx-get="([^"]+/tiles/[^"]+)"', own.replace("&amp;", "&")))
    assert "last 365 days" in words(read_only.get(address))


def test_a_number_has_its_difference_and_a_tiny_chart(environment, read_only, ada):
    add_event(environment, kind="pageview")
    dashboard = pin(make_report(environment))
    (tile,) = tiles_of(dashboard)
    actions.change_tile(dashboard=dashboard, tile=tile.id, shows=Shows.NUMBER, by=ada)

    page = html(read_only.get(tile_url(environment, dashboard, tile)))

    assert "compared with" in page and "By day, at most 1." in page and "chart__frame" not in page


def test_a_range_replaces_what_it_says_and_no_more():
    asked = {"event": ["builtin:any"], "days": ["custom"], "from": ["2026-01-01"], "to": ["2026-01-09"]}
    week = {"days": ["7"]}

    assert in_range(asked, {}, Shows.ANSWER) == asked
    assert in_range(asked, week, Shows.ANSWER) == {"event": ["builtin:any"], "days": ["7"]}
    assert in_range(asked, {"before": ["year"]}, Shows.NUMBER) == asked | {"before": ["year"]}
    assert in_range({"days": ["all"]}, {}, Shows.NUMBER) == {"days": ["all"]}


def test_a_note_is_text_with_lines_and_safe_links(environment, read_only, ada):
    note = "<b>Ask</b> Ada\nhttps://example.com/a?b=1 javascript:alert(1)"
    dashboard = DashboardFactory(environment=environment, lineage=OVERVIEW)
    actions.add_tile(dashboard=dashboard, tile=Tile(uuid4(), text=note), by=ada)

    page = html(read_only.get(url(environment, "dashboard")))

    assert "&lt;b&gt;Ask&lt;/b&gt; Ada<br>" in page
    assert '<a href="https://example.com/a?b=1" rel="nofollow">' in page and 'href="javascript' not in page


def test_the_page_takes_as_many_statements_however_many_dashboards_and_tiles(environment, read_only):
    def statements():
        with CaptureQueriesContext(connection) as found:
            read_only.get(url(environment, "dashboard"))
        return len(found)

    dashboard = pin(make_report(environment))
    statements()
    before = statements()
    tiles = [Tile(uuid4(), report=make_report(environment, name=f"{number}").lineage) for number in range(10)]
    Dashboard.objects.filter(pk=dashboard.pk).update(body={"tiles": [each.to_json() for each in tiles]})
    DashboardFactory.create_batch(5, environment=environment)

    assert statements() == before


def test_a_tile_reads_its_own_dashboard_and_no_other(environment, read_only, three):
    DashboardFactory.create_batch(3, environment=environment)
    [tile, *_] = tiles_of(three)

    with CaptureQueriesContext(connection) as captured:
        assert read_only.get(tile_url(environment, three, tile)).status_code == 200

    read = [query["sql"] for query in captured if 'FROM "analytics_dashboard"' in query["sql"]]
    assert len(read) == 1 and three.lineage.hex in read[0]
    three.delete()  # the Overview is there by itself only where there is no other
    assert read_only.get(tile_url(environment, three, tile)).status_code == 404


def test_screens_on_a_wall_share_an_answer_for_a_while(environment, read_only, full):
    add_event(environment, kind="pageview")
    pin(make_report(environment))
    by_itself = {"HX-Request": "true", "X-By-Itself": "true"}
    cache.clear()

    wall = html(read_only.get(url(environment, "dashboard"), {"wall": 1}))
    (address,) = set(re.findall(r'hx-get="([^"]+/tiles/[^"]+)"', wall))
    address = address.replace("&amp;", "&")
    assert "1 pageview" in words(read_only.get(address, headers=by_itself))
    add_event(environment, kind="pageview")

    assert "1 pageview" in words(full.get(address, headers=by_itself))
    assert "2 pageviews" in words(full.get(address, headers={"HX-Request": "true"}))  # somebody who clicks
    assert "Edit" not in words(full.get(url(environment, "dashboard"), {"wall": 1}))


# --- Arranging -------------------------------------------------------------------------------------------------------


def test_tiles_are_ordered_as_they_were_dragged_and_those_not_named_follow(environment, full, three):
    a, _, c = tiles_of(three)
    theirs = pin(make_report(EnvironmentFactory(), name="x"))

    order = [c.id, tiles_of(theirs)[0].id, a.id]
    response = full.post(url(environment, "tile_order", three.lineage), {"tile": order}, headers={"HX-Request": "true"})

    assert (response.status_code, shown(three), shown(theirs)) == (204, "cab", "x")


@pytest.mark.parametrize(("tile", "by", "order"), [(0, "1", "bac"), (2, "-1", "acb"), (0, "-1", "abc")])
def test_a_tile_moves_by_a_button(environment, full, three, tile, by, order):
    full.post(url(environment, "tile_order", three.lineage), {"move": tiles_of(three)[tile].id, "by": by})

    assert shown(three) == order


@pytest.mark.parametrize("sent", [{"move": "x", "by": "1"}, {"tile": "1"}, {"by": "-1"}])
def test_a_wrong_order_is_404(environment, full, three, sent):
    assert full.post(url(environment, "tile_order", three.lineage), sent).status_code == 404


def test_what_is_removed_can_be_put_back_where_it_was_once(environment, full, three):
    tile = tiles_of(three)[1]

    page = full.post(tile_url(environment, three, tile, "tile_remove"), follow=True)
    assert "b is off this dashboard." in words(page) and shown(three) == "ac"
    add = url(environment, "tile_add", three.lineage)
    full.post(add, {"undo": "1"})
    assert shown(three) == "abc"

    assert "It is back already" in words(full.post(add, {"undo": "1"}, follow=True))
    assert shown(three) == "abc"


def test_arranging_the_first_tiles_makes_them_the_dashboards_own(environment, full):
    add_event(environment, kind="pageview")
    visitors = OF_PAGES[1]

    full.post(url(environment, "tile_remove", OVERVIEW, visitors.id))

    assert [tile.name for tile in tiles_of(Dashboard.objects.get())] == [
        tile.name for tile in OF_PAGES if tile != visitors
    ]


def test_size_heading_and_note_are_changed_and_what_cannot_be_is_refused_in_words(environment, full, three):
    tile, add = tiles_of(three)[0], url(environment, "tile_add", three.lineage)
    full.post(add, {"heading": "  This week "})
    full.post(add, {"text": "Ask\r\nAda"})
    full.post(tile_url(environment, three, tile, "tile_change"), {"size": "wide", "shows": "number", "text": "no"})

    three.refresh_from_db()
    first, *_, heading, note = tiles_of(three)
    assert (first.size, first.shows, first.text) == (Size.WIDE, Shows.NUMBER, "")
    assert (heading.heading, note.text) == ("This week", "Ask\nAda")
    for sent in ({"heading": " "}, {"heading": "x" * 201}, {"text": "x" * 2001}, {"text": "\0"}, {"report": "x"}, {}):
        assert "Nothing was added." in words(full.post(add, sent, follow=True)), sent
    change = tile_url(environment, three, tile, "tile_change")
    assert "Nothing was changed." in words(full.post(change, {"size": "huge"}, follow=True))
    assert full.post(change.replace(str(tile.id), str(uuid4())), {"size": "wide"}).status_code == 404


def test_there_are_so_many_tiles_and_dashboards_and_no_more(environment, full, ada):
    tiles = [Tile(uuid4(), heading=str(number)) for number in range(MAX_TILES)]
    crowded = DashboardFactory(environment=environment, body={"tiles": [each.to_json() for each in tiles]})
    DashboardFactory.create_batch(MAX_DASHBOARDS - 1, environment=environment)

    told = words(full.post(url(environment, "tile_add", crowded.lineage), {"heading": "x"}, follow=True))
    assert "at most 40 tiles" in told
    told = words(full.post(url(environment, "dashboard_create"), {"name": "x"}, follow=True))
    assert "at most 20 dashboards" in told
    pinned = {"dashboard": str(crowded.lineage)}
    told = words(full.post(url(environment, "report_pin", make_report(environment).lineage), pinned, follow=True))
    assert "at most 40 tiles" in told
    assert environment.dashboards.count() == MAX_DASHBOARDS


def test_a_dashboard_is_made_named_ordered_and_deleted(environment, full, read_only):
    full.post(url(environment, "dashboard_create"), {"name": "Sales"})
    sales = environment.dashboards.get(name="Sales")
    full.post(url(environment, "dashboard_edit", sales.lineage), {"name": "Sold"})
    full.post(url(environment, "dashboard_order"), {"move": str(sales.lineage), "by": "-1"})

    assert [each.name for each in dashboards(environment)] == ["Sold", "Overview"]
    assert "<h1>Sold</h1>" in html(read_only.get(url(environment, "dashboard")))
    assert "Give it a name." in words(full.post(url(environment, "dashboard_edit", sales.lineage), {"name": ""}))
    full.post(url(environment, "dashboard_delete", sales.lineage))
    assert [each.name for each in dashboards(environment)] == ["Overview"]
    assert full.get(url(environment, "dashboard_page", sales.lineage)).status_code == 404
    verbs = Activity.objects.order_by("id").values_list("verb", "target")
    assert list(verbs) == [
        ("dashboard.create", "Sales"),
        ("dashboard.change", "Sold"),
        ("dashboard.order", "2 dashboards"),
        ("dashboard.delete", "Sold"),
    ]


def test_a_range_is_kept_for_everybody_and_given_back(environment, full, read_only, three):
    keep = url(environment, "dashboard_range", three.lineage)
    full.post(keep, {"days": "custom", "from": "2026-01-01", "to": "2026-01-31", "before": "year"})
    assert "1 Jan 2026 to 31 Jan 2026, compared with" in words(read_only.get(url(environment, "dashboard")))

    told = words(full.post(keep, {"days": "all", "before": "period"}, follow=True))
    assert "Nothing is before all time." in told and "1 Jan 2026" in told
    full.post(keep, {})
    assert "1 Jan 2026" not in words(read_only.get(url(environment, "dashboard")))


@pytest.mark.django_db(transaction=True)
def test_two_who_add_at_once_both_have_their_tile(environment, ada):
    reports = [make_report(environment, name=name) for name in "ab"]
    (overview,) = dashboards(environment)

    both_at_once(*(lambda report=report: actions.pin(dashboard=overview, report=report, by=ada) for report in reports))

    tiles = tiles_of(Dashboard.objects.get())
    assert {each.report for each in tiles[len(OF_PAGES) :]} == {report.lineage for report in reports}


def test_what_somebody_deleted_meanwhile_is_404(environment, full, three):
    (tile, *_), change = tiles_of(three), {"size": "wide"}
    addresses = [tile_url(environment, three, tile, name) for name in ("tile_change", "tile_remove")]
    addresses += [url(environment, name, three.lineage) for name in ("tile_add", "dashboard_edit", "dashboard_delete")]
    DashboardFactory(environment=environment)
    three.delete()

    assert {full.post(each, change).status_code for each in addresses} == {404}


# --- In other environments -------------------------------------------------------------------------------------------


def test_a_dashboard_is_carried_over_with_its_reports_and_taken_back(environment, ada):
    staging = EnvironmentFactory(project=environment.project, name="Staging", is_production=False)
    dashboard = DashboardFactory(environment=environment, name="Sales", body={"tiles": []})
    actions.pin(dashboard=dashboard, report=make_report(environment, name="Sold"), by=ada)
    chosen = [LineageKey("dashboard", dashboard.lineage)]

    _, done = carry(source=environment, target=staging, chosen=chosen, clash=Clash.SKIP, by=ada)

    overview, sales = dashboards(staging)
    assert (overview.name, sales.name, shown(sales)) == ("Overview", "Sales", "Sold")
    undo(carried=done, by=ada)
    assert [each.name for each in dashboards(staging)] == ["Overview"] and not Report.objects.filter(
        environment=staging
    )
    DashboardFactory.create_batch(MAX_DASHBOARDS - 1, environment=staging)
    with pytest.raises(NotPossible, match="more than 20 dashboards"):
        carry(source=environment, target=staging, chosen=chosen, clash=Clash.SKIP, by=ada)


def test_comparing_tells_how_dashboards_differ(environment, read_only, ada):
    staging = EnvironmentFactory(project=environment.project, name="Staging", is_production=False)
    pin(make_report(environment, name="Sold"))
    pin(make_report(staging, name="Returned"))
    pin_here = Dashboard.objects.get(environment=environment)
    actions.set_range(dashboard=pin_here, parameters=[("days", "7")], by=ada)

    page = words(read_only.get(url(environment, "compare"), {"with": staging.app_id}))

    assert "Range: last 7 days Sold, small" in page and "Returned, small" in page


def test_the_switcher_keeps_the_dashboard_by_its_name(environment, read_only):
    staging = EnvironmentFactory(project=environment.project, name="Staging", is_production=False)
    here = DashboardFactory(environment=environment, name="Sales")
    there = DashboardFactory(environment=staging, name="Sales")
    alone = DashboardFactory(environment=environment, name="Alone")

    def switched(dashboard):
        path = url(environment, "dashboard_page", dashboard.lineage) + "?days=7"
        return read_only.get(reverse("projects:switch", args=[staging.app_id]), {"from": path}).url

    assert switched(here) == url(staging, "dashboard_page", there.lineage) + "?days=7"
    assert switched(alone) == url(staging, "dashboard_list")


def test_pins_of_before_become_tiles_in_their_order(environment):
    """Forty to a dashboard; who pinned nothing gets nothing."""
    reports = [make_report(environment, name=f"{number}") for number in range(42)]
    for position, report in enumerate(reversed(reports)):
        Pin.objects.create(environment=environment, report=report, position=2 * position)
    EnvironmentFactory()

    with connection.cursor() as cursor:
        cursor.execute(FROM_PINS)

    first, second = dashboards(environment)
    assert (first.lineage, first.name, second.name) == (OVERVIEW, "Overview", "Overview 2")
    assert [shown(first)[:4], shown(second)] == ["4140", "10"]
    assert Dashboard.objects.count() == 2 and {tile.size for tile in tiles_of(first)} == {Size.SMALL}
