"""The pages of the four questions: the URL holds the question, and the page shows its answer or its errors."""

import re
from datetime import UTC, datetime, timedelta

import pytest
from django.urls import reverse

from analytics.kinds.registry import KINDS
from analytics.store.failures import QueryTimeout
from tests.analytics.kept import make_definition, make_report, make_segment, pinned_tile
from tests.analytics.rows import add_event, add_person
from tests.factories import EnvironmentFactory

DID_SINCE_YESTERDAY = {
    "match": "all",
    "groups": [
        {
            "match": "all",
            "clauses": [
                {
                    "did": {"event": "event:Signed up", "where": {"match": "all", "conditions": []}},
                    "comparison": "at_least",
                    "times": 1,
                    "days": 1,
                }
            ],
        }
    ],
}
FUNNEL = {"step.0.event": "event:Signed up", "step.1.event": "event:Paid"}


def ask(client, environment, kind, query=None, **headers):
    return client.get(reverse(f"analytics:{kind}", args=[environment.app_id]), query or {}, headers=headers)


def html(response) -> str:
    return response.content.decode()


def words(response) -> str:
    """The page's text without markup."""
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", html(response)))


@pytest.mark.parametrize("kind", KINDS)
def test_a_question_without_parameters_is_a_page(environment, read_only, kind):
    assert ask(read_only, environment, kind).status_code == 200


@pytest.mark.parametrize("kind", ["graph", "funnel", "paths", "retention", "stickiness", "lifecycle"])
def test_every_question_can_be_asked_of_a_named_range(environment, read_only, kind):
    add_event(environment)
    add_event(environment, ago=timedelta(days=1))

    page = ask(read_only, environment, kind, FUNNEL | {"days": "all"})
    over = ask(read_only, environment, kind, FUNNEL | {"days": "all", "over": "1", "unit": "day"})
    nothing = ask(read_only, environment, kind, FUNNEL | {"days": "today", "over": "1", "unit": "day"})

    assert '<option value="all" selected>all time</option>' in html(page)
    assert "all time" in words(page)
    assert "all time, without what is not over" in words(over)
    assert re.search(r'name="over" value="1" checked', html(over))
    assert "No day of this range is over yet." in words(nothing)


@pytest.mark.parametrize(
    ("kind", "unit", "most"), [("graph", "hour", "45"), ("retention", "day", "1,125"), ("funnel", "day", "3,660")]
)
def test_one_event_with_a_wrong_date_leaves_all_time_to_be_seen(environment, read_only, kind, unit, most):
    add_event(environment)
    add_event(environment, ago=timedelta(days=5000))
    question = FUNNEL | {"event": "event:Signed up", "days": "all", "unit": unit}
    said = (
        rf"Since \d+ \w+ \d+: more than {most} days cannot be (shown by {unit}|asked for), and there are older events\."
    )

    page = words(ask(read_only, environment, kind, question))
    lines = text(csv_of(read_only, environment, kind=kind, **question)).splitlines()

    assert len(re.findall(said, page)) == 1
    assert re.search(said, lines[-1])
    assert len(lines) > 2


def test_the_csv_is_of_the_same_range(environment, read_only):
    for ago in (0, 1, 2):
        add_event(environment, ago=timedelta(days=ago))

    lines = text(
        csv_of(read_only, environment, kind="graph", days="all", over="1", event="event:Signed up")
    ).splitlines()

    assert len(lines) == 4  # the names, two days that are over, and the whole range
    assert lines[-1] == "Whole range,2"


def test_a_graph_shows_the_number_the_chart_and_the_table(environment, read_only):
    for number in range(3):
        add_event(environment, ago=timedelta(minutes=number), actor_id=number)

    response = ask(read_only, environment, "graph", {"event": "event:Signed up", "days": "7"})

    assert "3 events" in words(response)
    assert 'role="img"' in html(response)
    assert "Whole range" in words(response)


@pytest.mark.parametrize("chart", ["line", "table"])
def test_the_table_marks_the_day_that_is_not_over(environment, read_only, chart):
    add_event(environment)

    page = html(ask(read_only, environment, "graph", {"event": "event:Signed up", "days": "7", "chart": chart}))

    names = re.findall(r'<th scope="row" class="sticky nowrap">(.+?)</th>', page)
    assert [name.endswith('<span class="faint">incomplete</span>') for name in names] == [False] * 6 + [True, False]


@pytest.mark.parametrize("kind", ["graph", "retention", "users"])
def test_before_the_first_event_nobody_is_told_to_take_a_filter_away(environment, read_only, kind):
    waiting = words(ask(read_only, environment, kind))
    add_event(environment, ago=timedelta(days=300))
    nothing = words(ask(read_only, environment, kind, {"search": "nobody"}))

    assert "Waiting for the first event" in waiting and "Nothing matched" not in waiting
    assert "Nothing matched" in nothing and "Waiting" not in nothing


def test_another_environments_events_are_not_counted(environment, read_only):
    add_event(EnvironmentFactory())

    response = ask(read_only, environment, "graph", {"event": "event:Signed up"})

    assert "0 events" in words(response)


def test_a_funnel_asks_for_steps_before_it_complains(environment, read_only):
    response = ask(read_only, environment, "funnel")

    assert "Nothing asked yet" in words(response)
    assert "errorlist" not in html(response)


def test_a_funnel_says_how_many_went_on(environment, read_only):
    for actor in (1, 2):
        add_event(environment, name="Signed up", actor_id=actor, ago=timedelta(hours=2))
    add_event(environment, name="Paid", actor_id=1, ago=timedelta(hours=1))

    response = ask(read_only, environment, "funnel", FUNNEL)

    assert "50.0% went on, 1 did not" in words(response)


def test_retention_shows_the_triangle(environment, read_only):
    add_event(environment, kind="pageview", ago=timedelta(days=9))
    add_event(environment, kind="pageview", ago=timedelta(days=2))

    response = ask(read_only, environment, "retention", {"unit": "week", "days": "30"})

    assert "triangle" in html(response)
    assert "100.0%" in words(response)


@pytest.mark.parametrize(
    ("direction", "said"), [("after", "/a → /b → ended"), ("before", "/x ← began")], ids=["after", "before"]
)
def test_the_tile_of_paths_has_the_most_frequent_ones(environment, read_only, direction, said):
    for actor in range(3):
        for minutes, path in ((5, "/x"), (3, "/a"), (2, "/b")):
            add_event(environment, kind="pageview", actor_id=actor, path=path, ago=timedelta(minutes=minutes))
        add_event(environment, actor_id=actor, ago=timedelta(minutes=4))
    parameters = [["anchor.event", "event:Signed up"], ["direction", direction]]
    report = make_report(environment, kind="paths", parameters=parameters)

    tile = words(read_only.get(pinned_tile(report)))

    assert f"{said} 3" in tile


def test_people_lead_to_their_page(environment, read_only):
    add_person(environment, -5, identity="ada@shop.example")

    response = ask(read_only, environment, "users")

    assert reverse("analytics:person", args=[environment.app_id, -5]) in html(response)


@pytest.mark.parametrize("least", [0, -(2**63)])  # visitors, people with an identity
def test_more_people_than_a_page_holds_are_a_link_away(environment, read_only, least):
    for actor in range(least, least + 51):
        add_person(environment, actor, identity=str(actor) if actor < 0 else None)

    first = html(ask(read_only, environment, "users"))
    older = re.search(r'rel="next" href="([^"]+)"', first)[1].replace("&amp;", "&")
    second = html(read_only.get(older))

    people = re.compile(r"/people/(-?\d+)/")
    assert len({*people.findall(first), *people.findall(second)}) == 51
    assert 'rel="next"' not in second


def test_what_is_wrong_is_said_at_its_field_and_what_was_typed_stays(environment, read_only):
    query = {"where.0.field": "event:path", "where.0.op": "greater", "where.0.value": "much"}

    response = ask(read_only, environment, "graph", query)

    assert response.status_code == 422
    assert re.search(r'name="where.0.value"[^>]*value="much"[^>]*aria-invalid="true"', html(response))
    assert "give a number" in words(response)


def test_a_definition_that_is_gone_is_said_so(environment, read_only):
    gone = "definition:00000000-0000-0000-0000-000000000001"

    response = ask(read_only, environment, "graph", {"event": gone})

    assert "not there any more" in words(response)


def test_another_environments_definition_cannot_be_asked_for(environment, read_only):
    theirs = make_definition(EnvironmentFactory(), name="Their secret")

    response = ask(read_only, environment, "graph", {"event": f"definition:{theirs.lineage}"})

    assert "not there any more" in words(response)
    assert "Their secret" not in words(response)


def test_choices_are_those_of_this_environment(environment, read_only):
    make_definition(environment, name="Our definition")
    make_segment(environment, name="Our segment")
    add_event(environment, name="Our event", properties={"our_plan": "gold"})
    elsewhere = EnvironmentFactory()
    make_definition(elsewhere, name="Their definition")
    make_segment(elsewhere, name="Their segment")
    add_event(elsewhere, name="Their event", properties={"their_plan": "gold"})

    page = html(ask(read_only, environment, "graph"))

    for text in ("Our definition", "Our segment", "Our event", "our_plan"):
        assert text in page
    assert not re.search("Their|their_", page)


def test_htmx_gets_the_answer_alone_and_a_clean_address(environment, read_only):
    response = ask(read_only, environment, "graph", {"event": "builtin:session", "by": ""}, HX_Request="true")

    assert html(response).lstrip().startswith("<section")
    assert response["HX-Push-Url"].endswith("/graph/?event=builtin%3Asession&counts=events&unit=day&days=30&chart=line")
    assert "A session ends after 30 minutes without an event." in response.content.decode()


def test_htmx_gets_the_whole_form_when_something_is_wrong(environment, read_only):
    response = ask(read_only, environment, "graph", {"days": "many"}, HX_Request="true")

    assert (response.status_code, response["HX-Retarget"]) == (422, "#analyze")
    assert "Give a whole number." in words(response)


def test_the_same_link_gives_the_same_question(environment, read_only):
    query = {"event": "event:Signed up", "counts": "users", "by": "property:plan", "days": "90", "unit": "week"}

    link = re.search(r'href="([^"]+)" data-copy-link', html(ask(read_only, environment, "graph", query)))[1]
    again = html(read_only.get(link.replace("&amp;", "&")))

    assert "Unique users of Signed up, last 90 days, by week, grouped by plan." in again
    assert re.search(r'href="([^"]+)" data-copy-link', again)[1] == link


def test_what_is_chosen_is_offered_however_many_there_are(environment, read_only, monkeypatch):
    monkeypatch.setattr("analytics.forms.choices.MAX_OFFERED", 1)
    make_definition(environment, name="A")
    make_segment(environment, name="A")
    event = f"definition:{make_definition(environment, name='Viewed').lineage}"
    segment, compared = (str(make_segment(environment, name=name).lineage) for name in ("Known", "Other"))
    elsewhere = make_segment(EnvironmentFactory(), name="Theirs").lineage

    page = html(
        ask(read_only, environment, "graph", {"event": event, "segment": [segment, elsewhere], "compare": [compared]})
    )

    assert f'<option value="{event}" selected>Viewed</option>' in page
    assert re.search(f'name="segment" value="{segment}" checked', page)
    assert re.search(f'name="compare" value="{compared}" checked', page)
    assert "no longer there" not in page and "Theirs" not in page


def test_a_slow_question_is_asked_for_again_by_the_page(environment, read_only, monkeypatch):
    def too_slow(*args, limit, **kwargs):
        raise QueryTimeout

    monkeypatch.setattr("analytics.views.answers.run", too_slow)

    first = ask(read_only, environment, "graph")
    patient = ask(read_only, environment, "graph", {"wait": "1"})

    assert re.search(r'hx-get="[^"]+" hx-trigger="load"', html(first))
    assert "took too long" in words(patient)


def test_lines_of_one_name_keep_their_own_totals(environment, read_only):
    for properties in ({}, {"plan": "(none)"}, {"plan": "(none)"}):
        add_event(environment, properties=properties)

    response = ask(read_only, environment, "graph", {"event": "event:Signed up", "by": "property:plan"})

    assert re.findall(r'truncate( is-apart)?">([^<]+)</span> <strong>(\d+)<', html(response)) == [
        ("", "(none)", "2"),  # a value
        (" is-apart", "(none)", "1"),
    ]


def test_a_group_of_empty_values_has_a_name(environment, read_only):
    add_event(environment, properties={"plan": ""})

    response = ask(read_only, environment, "graph", {"event": "event:Signed up", "by": "property:plan"})

    assert '<th scope="col" class="number is-apart">(empty)</th>' in html(response)


def test_a_property_that_looks_like_markup_is_only_text(environment, read_only):
    add_event(environment, properties={"<b>": "<script>alert(1)</script>"})

    page = html(ask(read_only, environment, "graph", {"event": "event:Signed up", "by": "property:<b>"}))

    assert "<script>alert" not in page
    assert "&lt;script&gt;alert" in page


def test_values_are_suggested_for_a_field(environment, read_only):
    add_event(environment, properties={"plan": "gold"})
    url = reverse("analytics:suggested_values", args=[environment.app_id])

    response = read_only.get(url, {"where.0.field": "property:plan"})

    assert html(response).strip() == '<option value="gold"></option>'


@pytest.mark.parametrize("field", ["", "nothing", "event:password", "person:\0"])
def test_no_values_are_suggested_for_a_field_that_is_not_there(environment, read_only, field):
    url = reverse("analytics:suggested_values", args=[environment.app_id])

    assert html(read_only.get(url, {"field": field})).strip() == ""


# --- CSV -------------------------------------------------------------------------------------------------------------


def csv_of(client, environment, **query):
    return client.get(reverse("analytics:export", args=[environment.app_id]), query)


def text(response) -> str:
    return b"".join(response.streaming_content).decode("utf-8-sig")


def test_the_csv_has_the_numbers_of_the_table(environment, read_only):
    add_event(environment, properties={"plan": "gold"})
    query = {"event": "event:Signed up", "by": "property:plan", "days": "7"}

    lines = text(csv_of(read_only, environment, kind="graph", **query)).splitlines()

    assert lines[0] == "Day,gold"
    assert lines[-1] == "Whole range,1"


def test_a_group_that_looks_like_a_formula_is_text_in_the_header_too(environment, read_only):
    add_event(environment, properties={"plan": "=1+1"})

    lines = text(csv_of(read_only, environment, event="event:Signed up", by="property:plan")).splitlines()

    assert lines[0] == "Day,'=1+1"


def test_a_small_number_is_written_as_conditions_compare_it(environment, read_only):
    add_person(environment, 1, properties={"score": 0.00001})
    add_person(environment, 2)
    query = {"where.0.field": "user:score", "where.0.op": "is", "where.0.value": "0.00001"}

    page = html(ask(read_only, environment, "users", query))
    lines = text(csv_of(read_only, environment, kind="users", **query)).splitlines()

    assert "<td>0.00001</td>" in page
    assert [line.rpartition(",")[2] for line in lines] == ["score", "0.00001"]


def test_the_csv_of_people_has_all_of_them(environment, read_only):
    for actor in range(120):
        add_person(environment, actor)

    lines = text(csv_of(read_only, environment, kind="users")).splitlines()

    assert len(lines) == 121
    assert len(set(lines)) == 121


def test_the_csv_of_people_is_as_of_one_moment(environment, read_only, monkeypatch):
    """Segments count back from that moment, so that nobody drops out between two pages."""
    for actor in range(60):
        add_person(environment, actor)
        add_event(environment, actor_id=actor)
    segment = make_segment(environment, body=DID_SINCE_YESTERDAY)
    response = csv_of(read_only, environment, kind="users", segment=str(segment.lineage))
    monkeypatch.setattr("analytics.kinds.registry.timezone.now", lambda: datetime.now(UTC) + timedelta(days=1))

    assert len(text(response).splitlines()) == 61


def test_the_file_is_called_after_the_report(environment, read_only):
    response = csv_of(read_only, environment, kind="graph", name='=cmd|"x"')

    assert response["Content-Disposition"] == 'attachment; filename="cmd-x.csv"'


@pytest.mark.parametrize("query", [{"kind": "secrets"}, {"kind": "funnel"}, {"days": "many"}])
def test_a_csv_of_nothing_says_why(environment, read_only, query):
    response = csv_of(read_only, environment, **query)

    assert (response.status_code, response["Content-Type"]) == (400, "text/plain; charset=utf-8")
