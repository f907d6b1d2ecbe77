"""Reports and the dashboard."""

import re
from html import unescape
from uuid import uuid4

import pytest
from django.urls import reverse

from accounts.models import Activity
from analytics.dashboards.kept import OVERVIEW
from analytics.models import Dashboard, Report
from tests.analytics.kept import make_report, pin
from tests.analytics.rows import add_event
from tests.factories import EnvironmentFactory


def url(environment, name, *args):
    return reverse(f"analytics:{name}", args=[environment.app_id, *args])


def html(response) -> str:
    return response.content.decode()


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html(response)))


def save(client, environment, **fields):
    data = {"name": "Weekly", "kind": "graph", "question": "event=builtin%3Asession&days=7"} | fields
    return client.post(url(environment, "report_create"), data)


# --- Saving and opening ---------------------------------------------------------------------------------------------


def test_a_question_is_saved_under_a_name(environment, full):
    response = save(full, environment)

    report = Report.objects.get(environment=environment)
    assert response.url == url(environment, "report", report.lineage)
    assert ["days", "7"] in report.body["parameters"]


def test_a_report_can_be_added_to_a_dashboard_as_it_is_saved(environment, full):
    save(full, environment, dashboard=str(OVERVIEW))

    assert "Weekly" in words(full.get(url(environment, "dashboard")))
    assert save(full, environment, dashboard=str(uuid4()), name="Other").status_code == 404
    assert not Report.objects.filter(name="Other").exists()


@pytest.mark.parametrize("name", ["", "  ", "x" * 201])
def test_a_name_that_cannot_be_is_asked_for_again_and_the_question_kept(environment, full, name):
    response = save(full, environment, name=name)

    assert "name" in words(response)
    assert 'value="event=builtin%3Asession&amp;days=7"' in html(response)
    assert not Report.objects.exists()


@pytest.mark.parametrize("fields", [{"kind": "secrets"}, {"question": "days=many"}, {"kind": "funnel", "question": ""}])
def test_a_question_that_makes_no_sense_is_not_saved(environment, full, fields):
    response = save(full, environment, **fields)

    assert response.status_code == 302
    assert not Report.objects.exists()


def test_opening_a_report_asks_its_question(environment, read_only):
    add_event(environment, kind="pageview")
    report = make_report(environment, parameters=[["event", "builtin:pageview"], ["days", "90"]])

    page = words(read_only.get(url(environment, "report", report.lineage)))

    assert "Count of Pageview, last 90 days" in page
    assert "not as saved" not in page


def test_another_range_is_asked_for_without_saving(environment, read_only):
    report = make_report(environment)

    page = words(read_only.get(url(environment, "report", report.lineage), {"event": "builtin:pageview", "days": "7"}))

    report.refresh_from_db()
    assert "last 7 days" in page
    assert "not as saved" in page
    assert report.version == 1


def test_read_only_people_see_no_button_that_saves(environment, read_only):
    report = make_report(environment)

    page = html(read_only.get(url(environment, "report", report.lineage), {"days": "7"}))

    assert not re.search(r'<form[^>]*method="post"[^>]*/reports/', page)


def test_saving_a_changed_question_keeps_name_and_lineage(environment, full):
    report = make_report(environment)

    full.post(
        url(environment, "report_save", report.lineage),
        {"kind": "graph", "question": "event=builtin%3Asession", "version": "1"},
    )

    report.refresh_from_db()
    assert (report.name, report.version) == ("Views", 2)
    assert ["event", "builtin:session"] in report.body["parameters"]


def test_the_second_who_saves_is_told_and_nothing_is_overwritten(environment, full):
    report = make_report(environment)
    address = url(environment, "report_save", report.lineage)
    full.post(address, {"kind": "graph", "question": "days=7", "version": "1"})

    response = full.post(address, {"kind": "graph", "question": "days=90", "version": "1"})

    report.refresh_from_db()
    assert response.status_code == 409
    assert "Nothing of yours was saved" in words(response)
    assert ["days", "7"] in report.body["parameters"]


def test_running_a_question_again_does_not_hide_what_somebody_else_saved_meanwhile(environment, full):
    report = make_report(environment)
    opened = html(full.get(url(environment, "report", report.lineage)))
    full.post(url(environment, "report_save", report.lineage), {"kind": "graph", "question": "days=7", "version": "1"})
    form = re.search(r'<form class="question.*?</form>', opened, re.DOTALL)[0]
    sent = dict(re.findall(r'type="hidden" name="([^"]+)" value="([^"]+)"', form)) | {"days": "90"}

    answer = html(full.get(url(environment, "report", report.lineage), sent, headers={"HX-Request": "true"}))

    assert re.findall(r'name="version" value="(\d+)"', answer) == ["1"]


def test_a_report_cannot_become_another_kind(environment, full):
    report = make_report(environment)

    full.post(url(environment, "report_save", report.lineage), {"kind": "users", "question": "", "version": "1"})

    report.refresh_from_db()
    assert report.kind == "graph"


def test_renaming_tells_the_second_person(environment, full):
    report = make_report(environment)
    address = url(environment, "report_edit", report.lineage)
    full.post(address, {"name": "Theirs", "version": "1"})

    response = full.post(address, {"name": "Mine", "version": "1"})

    report.refresh_from_db()
    assert (response.status_code, report.name) == (409, "Theirs")
    assert 'value="Mine"' in html(response)


def test_renaming_what_somebody_deleted_meanwhile_offers_it_as_a_new_one(environment, full):
    report = make_report(environment, parameters=[["event", "builtin:session"], ["days", "7"]])
    address = url(environment, "report_edit", report.lineage)
    opened = fields_of(full.get(address))
    report.delete()

    told = full.post(address, opened | {"name": "Mine", "notes": "Why we look"})
    full.post(url(environment, "report_create"), fields_of(told) | {"notes": "Why we look"})

    assert told.status_code == 404
    assert "Somebody deleted this report meanwhile" in words(told)
    assert "Why we look" in html(told)
    made = Report.objects.get()
    assert (made.name, made.notes) == ("Mine", "Why we look")
    assert ["event", "builtin:session"] in made.body["parameters"]


def test_a_question_for_a_report_that_somebody_deleted_meanwhile_is_offered_as_a_new_one(environment, full):
    report = make_report(environment)
    opened = html(full.get(url(environment, "report", report.lineage), {"days": "7"}))
    form = re.search(r'<form method="post" action="[^"]+/save/">.*?</form>', opened, re.DOTALL)[0]
    report.delete()

    told = full.post(url(environment, "report_save", report.lineage), fields(form))

    assert told.status_code == 404
    assert 'value="Views"' in html(told)
    assert "days=7" in fields_of(told)["question"]


def fields_of(response) -> dict[str, str]:
    """The inputs of the page's form, as a browser would send them."""
    return fields(re.search(r'<form class="form".*?</form>', html(response), re.DOTALL)[0])


def fields(form: str) -> dict[str, str]:
    return {name: unescape(value) for name, value in re.findall(r'<input[^>]* name="([^"]+)" value="([^"]*)"', form)}


@pytest.mark.parametrize(
    ("name", "version"), [("", "1"), ("Mine", "2")]
)  # a missing name, a conflict that was already shown
def test_the_form_of_a_name_carries_the_version_that_its_reader_has_seen(environment, full, name, version):
    report = make_report(environment)
    address = url(environment, "report_edit", report.lineage)
    full.post(address, {"name": "Theirs", "version": "1"})

    response = full.post(address, {"name": name, "version": "1"})

    assert re.findall(r'name="version" value="(\d+)"', html(response)) == [version]


def test_notes_are_as_long_as_those_of_definitions_at_most(environment, full):
    report = make_report(environment, notes="as they were")
    too_long = {"name": "Views", "notes": "x" * 10_001, "version": "1"}

    response = full.post(url(environment, "report_edit", report.lineage), too_long)

    report.refresh_from_db()
    assert "Notes have at most 10,000 characters." in words(response)
    assert "x" * 10_001 in html(response)
    assert report.notes == "as they were"


def test_deleting_a_report_takes_its_tile_along(environment, full):
    report, other = make_report(environment, name="Mine"), make_report(environment, name="Other")
    pin(report, other)

    asked = words(full.get(url(environment, "report_delete", report.lineage)))
    full.post(url(environment, "report_delete", report.lineage))

    assert "and its tile on Overview" in asked
    page = html(full.get(url(environment, "dashboard")))
    assert ">Other</a>" in page and ">Mine</a>" not in page


def test_a_report_whose_definition_is_gone_says_so(environment, read_only):
    report = make_report(environment, parameters=[["event", "definition:00000000-0000-0000-0000-000000000001"]])

    response = read_only.get(url(environment, "report", report.lineage))

    assert "not there any more" in words(response)


def test_reports_are_searched_by_name(environment, read_only):
    make_report(environment, name="Apples")
    make_report(environment, name="Pears")
    make_report(EnvironmentFactory(), name="Apples of others")

    page = words(read_only.get(url(environment, "report_list"), {"q": "APPL"}))

    assert "Apples" in page
    assert not re.search("Pears|of others", page)


def test_a_report_is_put_on_a_dashboard_and_taken_off_and_that_is_told(environment, full):
    report = make_report(environment)
    on = {"dashboard": str(OVERVIEW)}

    full.post(url(environment, "report_pin", report.lineage), on)
    full.post(url(environment, "report_pin", report.lineage), on)  # twice is once
    page = words(full.get(url(environment, "report", report.lineage)))
    full.post(url(environment, "report_pin", report.lineage), on | {"off": "1"})

    assert "On 1 dashboard" in page and "Take off Overview" in page
    assert list(Activity.objects.order_by("id").values_list("verb", flat=True)) == ["report.pin", "report.unpin"]
    assert str(report.lineage) not in str(Dashboard.objects.get().body)
