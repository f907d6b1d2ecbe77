"""The pages of definitions and segments: making, viewing, changing and deleting them."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse

from analytics.definitions.bodies import DefinitionBody
from analytics.forms.definitions import read_definition, read_segment, write_definition, write_segment
from analytics.models import Definition, Segment
from analytics.questions.parameters import Reader, as_lists
from analytics.questions.query import PAGEVIEW, EventReference, RefersTo, Selection
from analytics.store.current import event_store
from tests.analytics.kept import make_definition, make_report, make_segment
from tests.analytics.rows import add_event, add_person
from tests.factories import EnvironmentFactory

BUY = {
    "name": "Clicked Buy",
    "notes": "On any page",
    "any.0.event": "kind:click",
    "any.0.where.0.field": "event:target_text",
    "any.0.where.0.op": "is",
    "any.0.where.0.value": "Buy",
}
PAYERS = {
    "name": "Payers",
    "match": "any",
    "group.0.match": "all",
    "group.0.where.0.field": "user:plan",
    "group.0.where.0.op": "is",
    "group.0.where.0.value": "gold",
    "group.0.did.0.event": "event:Paid",
    "group.0.did.0.comparison": "at_least",
    "group.0.did.0.times": "2",
    "group.0.did.0.days": "30",
    "group.1.did.0.event": "builtin:pageview",
    "group.1.did.0.comparison": "at_most",
    "group.1.did.0.times": "0",
    "group.1.did.0.where.0.field": "event:path",
    "group.1.did.0.where.0.op": "is",
    "group.1.did.0.where.0.value": "/pricing",
}
THINGS = {"definition": (Definition, BUY, make_definition), "segment": (Segment, PAYERS, make_segment)}


def url(environment, name, kept=None):
    args = [environment.app_id] + ([kept.lineage] if kept else [])
    return reverse(f"analytics:{name}", args=args)


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


@pytest.fixture(params=THINGS)
def thing(request):
    return request.param


def test_saving_the_form_keeps_what_was_typed(environment, full, thing):
    model, typed, _ = THINGS[thing]

    response = full.post(url(environment, f"{thing}_create"), typed)

    kept = model.objects.get(environment=environment)
    assert response.url == url(environment, thing, kept)
    assert (kept.name, kept.created_by) == (typed["name"], full.user)


def test_the_page_reads_it_out(environment, full, read_only):
    full.post(url(environment, "definition_create"), BUY)
    full.post(url(environment, "segment_create"), PAYERS)

    definition = words(read_only.get(url(environment, "definition", Definition.objects.get())))
    segment = words(read_only.get(url(environment, "segment", Segment.objects.get())))

    assert "Click where Target text is Buy" in definition
    assert "plan is gold and they did at least 2× Paid in the last 30 days" in segment
    assert "or they did not do Pageview where Path is /pricing" in segment


def test_the_list_says_of_each_what_it_means(environment, full, read_only):
    full.post(url(environment, "definition_create"), BUY)
    bought = Definition.objects.get()
    make_definition(environment, name="Either", body=union_of(bought))
    full.post(url(environment, "segment_create"), PAYERS)

    definitions = words(read_only.get(url(environment, "definition_list")))
    segments = words(read_only.get(url(environment, "segment_list")))

    assert "Clicked Buy Buy Click where Target text is Buy" in definitions  # with its picture, which says "Buy"
    assert "Either Clicked Buy or Pageview" in definitions
    assert "Any of: · plan is gold and did Paid at least 2× in the last 30 days ·" in segments


def union_of(definition):
    return DefinitionBody(
        (Selection(EventReference(RefersTo.DEFINITION, str(definition.lineage))), Selection(PAGEVIEW))
    ).to_json()


def test_what_is_written_is_read_back():
    definition = read_definition(Reader(as_lists(list(BUY.items()))))
    segment = read_segment(Reader(as_lists(list(PAYERS.items()))))

    again = read_definition(Reader(as_lists(write_definition("n", "", definition.body))))
    again_segment = read_segment(Reader(as_lists(write_segment("n", "", segment.body))))

    assert (again.body, again_segment.body) == (definition.body, segment.body)


def test_empty_rows_are_left_out(environment, full):
    full.post(url(environment, "definition_create"), BUY | {"any.1.event": "", "any.0.where.1.field": ""})

    assert len(Definition.objects.get().body["alternatives"]) == 1


def test_without_a_name_nothing_is_saved_and_the_rest_stays(environment, full, thing):
    model, typed, _ = THINGS[thing]

    response = full.post(url(environment, f"{thing}_create"), typed | {"name": " "})

    assert "Give it a name." in words(response)
    assert (typed.get("any.0.where.0.value") or "gold") in response.content.decode()
    assert not model.objects.exists()


def test_an_empty_form_says_what_is_missing(environment, full, thing):
    response = full.post(url(environment, f"{thing}_create"), {"name": "Nothing"})

    assert re.search("has 1 to 20 (alternatives|conditions)", words(response))


def test_a_wrong_number_is_said_at_its_field(environment, full):
    response = full.post(url(environment, "segment_create"), PAYERS | {"group.0.did.0.times": "often"})

    assert re.search(r'name="group.0.did.0.times"[^>]*value="often"[^>]*aria-invalid', response.content.decode())


def test_another_environments_definition_cannot_be_part_of_ours(environment, full):
    theirs = make_definition(EnvironmentFactory(), name="Their secret")

    response = full.post(url(environment, "definition_create"), BUY | {"any.1.event": f"definition:{theirs.lineage}"})

    assert response.status_code == 200
    assert "Their secret" not in response.content.decode()
    assert not Definition.objects.filter(environment=environment).exists()


def test_the_preview_counts_the_last_week_and_shows_the_latest(environment, full):
    add_event(environment, kind="click", target_text="Buy", path="/cart")
    add_event(environment, kind="click", target_text="Buy", ago=timedelta(days=8))
    add_event(environment, kind="click", target_text="Sell")
    add_event(EnvironmentFactory(), kind="click", target_text="Buy")

    response = full.get(url(environment, "definition_preview"), BUY | {"name": ""})

    assert "1 event in the last 7 days" in words(response)
    assert response.content.decode().count("Clicked</span> “Buy”") == 2


def test_a_preview_that_takes_too_long_is_stopped_and_says_so(environment, full, monkeypatch, thing):
    monkeypatch.setattr("analytics.store.postgresql.previews.TIME_LIMIT", timedelta(milliseconds=50))
    monkeypatch.setattr(
        "analytics.store.postgresql.previews._number", lambda *_: connection.cursor().execute("select pg_sleep(20)")
    )

    page = full.get(url(environment, f"{thing}_preview"), THINGS[thing][1])

    assert "took too long" in words(page)


def test_the_preview_of_a_segment_counts_people(environment, full):
    add_person(environment, 1, properties={"plan": "gold"})
    add_person(environment, 2, properties={"plan": "free"})
    add_person(EnvironmentFactory(), 3, properties={"plan": "gold"})
    typed = {"group.0.where.0.field": "user:plan", "group.0.where.0.value": "gold"}

    assert "1 person right now" in words(full.get(url(environment, "segment_preview"), typed))


def test_the_preview_of_an_unfinished_form_is_no_error(environment, full, thing):
    assert full.get(url(environment, f"{thing}_preview"), {"any.0.event": "nonsense"}).status_code == 200


def test_a_row_of_the_live_view_fills_the_form(environment, full):
    add_event(environment, kind="click", target_text="Buy now", target_tag="button", path="/cart")
    [event] = event_store().newest_events(environment.pk).events

    page = full.get(f"{url(environment, 'definition_create')}?{event.definition_link}").content.decode()

    assert 'value="Clicked “Buy now”"' in page
    assert 'value="Buy now"' in page
    assert "1 <span" in page  # and the preview counts it


def test_read_only_people_find_no_way_to_define(environment, read_only):
    add_event(environment, kind="click", target_text="Buy now")

    page = read_only.get(url(environment, "live")).content.decode()

    assert "Define this event" not in page


def test_changing_saves_and_says_who(environment, full, thing):
    _, typed, make = THINGS[thing]
    kept = make(environment)

    full.post(url(environment, f"{thing}_edit", kept), typed | {"version": "1"})

    kept.refresh_from_db()
    assert (kept.name, kept.version, kept.changed_by) == (typed["name"], 2, full.user)


def test_a_slip_in_the_form_does_not_hide_what_somebody_else_saved_meanwhile(environment, full, thing):
    _, typed, make = THINGS[thing]
    kept = make(environment)
    full.post(url(environment, f"{thing}_edit", kept), typed | {"name": "Theirs", "version": "1"})

    slipped = full.post(url(environment, f"{thing}_edit", kept), typed | {"name": "", "version": "1"})

    assert re.findall(r'name="version" value="(\d+)"', slipped.content.decode()) == ["1"]


def test_whoever_saves_an_old_version_is_told_and_can_save_again(environment, full, thing):
    _, typed, make = THINGS[thing]
    kept = make(environment)
    full.post(url(environment, f"{thing}_edit", kept), typed | {"name": "Theirs", "version": "1"})

    told = full.post(url(environment, f"{thing}_edit", kept), typed | {"name": "Mine", "version": "1"})
    version = re.search(r'name="version" value="(\d+)"', told.content.decode())[1]
    again = full.post(url(environment, f"{thing}_edit", kept), typed | {"name": "Mine", "version": version})

    kept.refresh_from_db()
    assert (told.status_code, again.status_code) == (409, 302)
    assert "saved “Theirs”" in words(told)
    assert 'value="Mine"' in told.content.decode()
    assert kept.name == "Mine"


def test_saving_what_somebody_deleted_meanwhile_keeps_what_was_typed_and_makes_it_anew(environment, full, thing):
    model, typed, make = THINGS[thing]
    kept = make(environment)
    address = url(environment, f"{thing}_edit", kept)
    kept.delete()

    told = full.post(address, typed | {"name": "Mine", "version": "1"})
    form = re.search(r'<form class="card kept-form".*?</form>', told.content.decode(), re.DOTALL)[0]
    sent = typed | dict(re.findall(r'name="(name)" type="text" value="([^"]+)"', form))
    again = full.post(re.search(r'action="([^"]+)"', form)[1], sent)

    assert (told.status_code, again.status_code) == (404, 302)
    assert f"Somebody deleted this {thing} meanwhile" in words(told)
    assert (typed.get("any.0.where.0.value") or "gold") in form
    assert model.objects.get().name == "Mine"


def test_deleting_asks_first(environment, full, thing):
    model, _, make = THINGS[thing]
    kept = make(environment)

    asked = full.get(url(environment, f"{thing}_delete", kept))
    still_there = model.objects.exists()
    full.post(url(environment, f"{thing}_delete", kept))

    assert (asked.status_code, still_there, model.objects.exists()) == (200, True, False)


def test_deleting_what_a_report_uses_names_it_before_anything_is_pressed(environment, full):
    kept = make_definition(environment)
    make_report(environment, name="Weekly numbers", parameters=[["event", f"definition:{kept.lineage}"]])

    asked = full.get(url(environment, "definition_delete", kept))

    assert "Report Weekly numbers" in words(asked)
    assert 'name="although_used"' in asked.content.decode()


def test_a_report_that_came_to_use_it_since_is_named_and_asked_about_again(environment, full):
    kept = make_definition(environment)
    make_report(environment, name="Weekly numbers", parameters=[["event", f"definition:{kept.lineage}"]])

    told = full.post(url(environment, "definition_delete", kept))
    still_there = Definition.objects.exists()
    full.post(url(environment, "definition_delete", kept), {"although_used": "1"})

    assert (told.status_code, still_there) == (409, True)
    assert "Weekly numbers" in words(told)
    assert not Definition.objects.exists()


def test_the_list_is_searched_by_name(environment, read_only, thing):
    _, _, make = THINGS[thing]
    make(environment, name="Apples")
    make(environment, name="Pears")

    page = words(read_only.get(url(environment, f"{thing}_list"), {"q": "appl"}))

    assert "Apples" in page
    assert "Pears" not in page


def test_an_empty_list_offers_the_first_step_to_those_who_may(environment, full, read_only, thing):
    create = url(environment, f"{thing}_create")

    assert create in full.get(url(environment, f"{thing}_list")).content.decode()
    assert create not in read_only.get(url(environment, f"{thing}_list")).content.decode()


def test_the_built_in_events_are_listed_and_cannot_be_opened(environment, read_only):
    page = read_only.get(url(environment, "definition_list")).content.decode()

    assert page.count("built in") == 2
    assert "definitions/0" not in page
