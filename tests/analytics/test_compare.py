"""Comparing what two environments keep."""

import json
import uuid

import pytest
from django.urls import reverse
from hypothesis import given
from hypothesis import strategies as st

from analytics.definitions.lineages import LineageKey, references, rewrite
from analytics.environments.compare import PairState, Thing, compare
from analytics.environments.differences import differences, lines, names_only
from tests.analytics.kept import EVERY, KNOWN, PAGEVIEWS, make_definition, make_report, make_segment
from tests.factories import EnvironmentFactory


def definition(name="Viewed", body=None, lineage=None, notes=""):
    return Thing("definition", lineage or uuid.uuid4(), name, notes, body or PAGEVIEWS)


def made_of(*things):
    return {"alternatives": [{"event": f"definition:{thing.lineage}", "where": EVERY} for thing in things]}


def report(*parameters, name="Views", lineage=None):
    return Thing(
        "report", lineage or uuid.uuid4(), name, "", {"parameters": [list(each) for each in parameters]}, "graph"
    )


def states(there, here):
    return [(pair.thing.name, pair.state) for pair in compare(there, here).pairs]


def in_words(there, here):
    [pair] = [pair for pair in compare(there, here).pairs if pair.state is PairState.DIFFERS]
    return differences(pair, names_only(there), names_only(here))


# --- Pairs ----------------------------------------------------------------------------------------------------------


def test_a_copy_is_the_same():
    one = definition()

    assert states([one], [one]) == [("Viewed", PairState.SAME)]


@pytest.mark.parametrize(
    "change", [{"name": "Seen"}, {"notes": "why"}, {"tags": ("shop",)}, {"body": made_of(definition())}]
)
def test_a_copy_that_was_changed_differs(change):
    one = definition()
    changed = Thing(
        **{"noun": one.noun, "lineage": one.lineage, "name": one.name, "notes": "", "body": one.body} | change
    )

    assert states([one], [changed]) == [("Viewed", PairState.DIFFERS)]


def test_each_side_may_have_its_own():
    other = made_of(definition("Gone"))

    assert states([definition("There")], [definition("Here", other)]) == [
        ("Here", PairState.HERE),
        ("There", PairState.THERE),
    ]


def test_what_was_made_by_hand_on_both_sides_is_the_same_by_its_body():
    assert states([definition()], [definition()]) == [("Viewed", PairState.SAME)]


def test_what_was_made_by_hand_under_another_name_differs_in_its_name():
    [difference] = in_words([definition("Seen")], [definition("Viewed")])

    assert (difference.what, difference.there, difference.here) == ("Name", ["Seen"], ["Viewed"])


def test_bodies_are_the_same_when_they_name_counterparts():
    there, here = definition("Base"), definition("Base")
    clicks = ("event", "definition:{}")

    found = states(
        [there, report((clicks[0], clicks[1].format(there.lineage)))],
        [here, report((clicks[0], clicks[1].format(here.lineage)))],
    )

    assert found == [("Base", PairState.SAME), ("Views", PairState.SAME)]


def test_things_of_different_nouns_are_never_a_pair():
    lineage = uuid.uuid4()
    one = Thing("segment", lineage, "Same", "", {})
    other = Thing("definition", lineage, "Same", "", {})

    assert {pair.state for pair in compare([one], [other]).pairs} == {PairState.THERE, PairState.HERE}


@given(st.lists(st.integers(0, 5), max_size=8), st.lists(st.integers(0, 5), max_size=8))
def test_everything_is_in_exactly_one_pair(there, here):
    lineages = [uuid.UUID(int=number) for number in range(6)]
    one = [definition(f"N{n % 3}", lineage=lineages[n]) for n in dict.fromkeys(there)]
    other = [definition(f"N{n % 2}", made_of(definition()), lineage=lineages[n]) for n in dict.fromkeys(here)]

    pairs = compare(one, other).pairs

    assert sorted(str(pair.there.lineage) for pair in pairs if pair.there) == sorted(str(each.lineage) for each in one)
    assert sorted(str(pair.here.lineage) for pair in pairs if pair.here) == sorted(str(each.lineage) for each in other)


# --- References -----------------------------------------------------------------------------------------------------


def test_references_are_found_and_rewritten_where_they_stand():
    old, new, segment = (uuid.uuid4() for _ in range(3))
    body = {
        "parameters": [
            ["step.0.event", f"definition:{old}"],
            ["step.0.where.0.value", f"definition:{old}"],
            ["compare", "everyone"],
            ["compare", str(segment)],
        ]
    }

    changed = rewrite(body, {LineageKey("definition", old): LineageKey("definition", new)})

    assert list(references(body)) == [LineageKey("definition", old), LineageKey("segment", segment)]
    assert changed["parameters"][0] == ["step.0.event", f"definition:{new}"]
    assert changed["parameters"][1:] == body["parameters"][1:]


def test_a_segment_refers_where_it_asks_what_people_did():
    old, new = uuid.uuid4(), uuid.uuid4()
    condition = {"field": "user:plan", "op": "is", "value": f"definition:{old}"}
    did = {"did": {"event": f"definition:{old}", "where": EVERY}, "comparison": "at_least", "times": 1, "days": None}
    body = {"match": "all", "groups": [{"match": "any", "clauses": [condition, did]}]}

    changed = rewrite(body, {LineageKey("definition", old): LineageKey("definition", new)})

    assert list(references(body)) == [LineageKey("definition", old)]
    assert changed["groups"][0]["clauses"][0] == condition
    assert changed["groups"][0]["clauses"][1] == did | {"did": {"event": f"definition:{new}", "where": EVERY}}


@pytest.mark.parametrize(
    "elsewhere",
    [
        {"columns": [["segment", "{}"], ["event", "definition:{}"]]},
        {"columns": [{"event": "definition:{}"}]},
        {"alternatives": [["event", "definition:{}"]]},
        {"alternatives": [{"event": "event:Paid", "where": {"conditions": [["event", "definition:{}"]]}}]},
        {"groups": [{"clauses": [["segment", "{}"], {"field": "user:plan", "event": "definition:{}"}]}]},
        {"parameters": [["values", ["segment", "{}"]]]},
        {"parameters": [["event", "definition:{}", "more"], {"event": "definition:{}"}, "event"]},
        {"parameters": {"event": "definition:{}"}},
        ["event", "definition:{}"],
        None,
    ],
)
def test_what_looks_like_a_reference_in_another_place_is_left_alone(elsewhere):
    lineage = uuid.uuid4()
    body = json.loads(json.dumps(elsewhere).replace("{}", str(lineage)))

    assert list(references(body)) == []
    assert (
        rewrite(body, {LineageKey(noun, lineage): LineageKey(noun, uuid.uuid4()) for noun in ("definition", "segment")})
        == body
    )


def test_a_body_that_cannot_be_read_is_said_to_be():
    broken = Thing("definition", uuid.uuid4(), "Broken", "", {"alternatives": [{"event": "nothing"}]})

    assert lines(broken, names_only([])) == ["Cannot be read any more."]


# --- Words ----------------------------------------------------------------------------------------------------------


def test_a_difference_is_said_in_words_with_the_names_of_each_side():
    base = definition("Paid")
    lineage = uuid.uuid4()
    there = [base, report(("event", f"definition:{base.lineage}"), ("days", "7"), lineage=lineage)]
    here = [base, report(("event", "builtin:pageview"), ("days", "7"), lineage=lineage)]

    [difference] = in_words(there, here)

    assert (difference.there, difference.here) == (["Count of Paid"], ["Count of Pageview"])


def test_a_segment_is_said_in_words():
    did = {"did": {"event": "event:Paid", "where": EVERY}, "comparison": "at_least", "times": 3, "days": 30}
    body = {"match": "all", "groups": [*KNOWN["groups"], {"match": "any", "clauses": [did]}]}

    said = lines(Thing("segment", uuid.uuid4(), "Buyers", "", body), names_only([]))

    assert said[0] == "All of:"
    assert said[2] == "did Paid at least 3× in the last 30 days"


@pytest.mark.parametrize("name", ["definition", "segment", "report"])
def test_whatever_differs_is_said_somehow(name):
    """The page shows a difference even if the words of both bodies are the same."""
    lineage = uuid.uuid4()
    one, other = (Thing(name, lineage, "X", "", {"unknown": n}, "graph" if name == "report" else "") for n in (1, 2))

    assert in_words([one], [other])


# --- The page -------------------------------------------------------------------------------------------------------


@pytest.fixture
def staging(environment):
    return EnvironmentFactory(project=environment.project, name="Staging", is_production=False)


def address(environment, **query):
    return reverse("analytics:compare", args=[environment.app_id], query=query)


def test_the_page_lists_what_differs_and_what_is_on_one_side(environment, staging, full):
    kept = make_definition(environment)
    make_definition(staging, lineage=kept.lineage, name="Seen")
    make_segment(environment, name="Only in production")
    make_report(staging, name="Only in staging")

    response = full.get(address(staging))

    counts = {state: response.context[state].count for state in ("differs", "there", "here", "same")}
    assert counts == {"differs": 1, "there": 1, "here": 1, "same": 0}
    page = response.content.decode()
    assert all(words in page for words in ("Viewed", "Seen", "Only in production", "Only in staging", "Carry over"))


def test_the_page_without_another_environment_offers_to_add_one(environment, full):
    assert "no other environment" in full.get(address(environment)).content.decode()


def test_an_environment_of_another_project_is_not_compared(environment, staging, full):
    elsewhere = EnvironmentFactory(project__account=environment.project.account)

    assert full.get(address(environment, **{"with": elsewhere.app_id})).status_code == 404


def test_switching_to_the_other_side_compares_the_other_way(environment, staging, full):
    response = full.get(address(staging, **{"with": staging.app_id}))

    assert response.context["other"] == environment


def test_the_search_narrows_every_list(environment, staging, full):
    make_report(environment, name="Signups")
    make_report(environment, name="Payments", parameters=[["event", "builtin:session"]])

    response = full.get(address(staging, q="sign"))

    assert [row.pair.thing.name for row in response.context["there"].rows] == ["Signups"]


def test_a_reader_compares_and_finds_nothing_to_press(environment, staging, read_only):
    make_report(environment)

    page = read_only.get(address(staging)).content.decode()

    assert "Only in Production" in page
    assert "Carry over" not in page
    assert 'type="checkbox"' not in page


def test_the_page_takes_as_many_statements_for_many_as_for_few(
    environment, staging, full, django_assert_max_num_queries
):
    make_report(environment)
    with django_assert_max_num_queries(100) as few:
        full.get(address(staging))
    for number in range(30):
        make_report(environment, name=f"R{number}", parameters=[["event", f"event:{number}"]])

    with django_assert_max_num_queries(len(few)):
        full.get(address(staging))
