"""Letters beyond ASCII in addresses: stored in one spelling, shown as people read them, found in either."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from analytics.kinds.registry import run
from analytics.questions.conditions import Condition, Field, Group, Operator, Source
from analytics.questions.query import PAGEVIEW, Counts, Scope
from analytics.questions.spans import Span
from analytics.store.current import event_store
from events.blocking_writer import store
from tests.analytics.factories import graph_of
from tests.analytics.rows import add_event
from tests.events.making import event, rows

WIRE = {
    "path": "/caf%C3%A9/men%C3%BC",
    "query": "?q=%E6%97%A5%E6%9C%AC%26x",
    "hash": "#%C3%BCber%20uns",
    "domain": "xn--caf-dma.example",
    "referrer": "https://xn--mnchen-3ya.example/stra%C3%9Fe",
    "target_href": "/a%2Fb/%C3%A9",
}
READ = {
    "path": "/café/menü",
    "query": "?q=日本%26x",
    "hash": "#über uns",
    "domain": "café.example",
    "referrer": "https://münchen.example/straße",
    "target_href": "/a%2Fb/é",
}


def collected(environment, **columns):
    store([event(5, "", kind="pageview", environment_id=environment.pk, **columns)])


def count(environment, column, operator, value):
    where = Group((Condition(Field(Source.EVENT, column), operator, value),))
    return run(graph_of(Scope(environment.pk), PAGEVIEW, Counts.EVENTS, Span(7), where=where)).total


def test_whoever_sends_it_it_is_stored_as_browsers_send_it(environment):
    collected(environment, **WIRE)
    collected(environment, **READ)
    collected(environment, **WIRE | {"path": "/caf%c3%a9/menü", "hash": "#über%20uns"})

    for column in ("path", "query", "target_href"):
        assert rows(f"select distinct {column} from events") == [(WIRE[column],)]
    assert {spelled for (spelled,) in rows("select hash from events")} == {"#%C3%BCber%20uns", "#%C3%BCber uns"}
    assert rows("select distinct referrer from events where referrer like '%%mnchen%%'") == [(WIRE["referrer"],)]
    assert rows("select distinct domain, referrer from events where domain like '%%é%%'") == [
        ("café.example", "https://münchen.example/stra%C3%9Fe")
    ]


@pytest.mark.parametrize("stored", [WIRE, READ], ids=["as browsers send it", "as it was stored before"])
@pytest.mark.parametrize("column", WIRE)
def test_a_condition_in_either_spelling_finds_it(environment, stored, column):
    add_event(environment, kind="pageview", **stored)
    add_event(environment, kind="pageview", **dict.fromkeys(WIRE, "/other"))

    for typed in (WIRE[column], READ[column]):
        assert count(environment, column, Operator.IS, typed) == 1
        assert count(environment, column, Operator.IS_NOT, typed) == 1
        assert count(environment, column, Operator.CONTAINS, typed[1:] if column == "path" else typed) == 1
        assert count(environment, column, Operator.NOT_CONTAINS, typed) == 1
        assert count(environment, column, Operator.MATCHES, f"{typed}*") == 1


@pytest.mark.parametrize(("column", "part"), [("path", "é/m"), ("domain", "café"), ("referrer", "münchen.example")])
def test_a_part_is_found(environment, column, part):
    collected(environment, **READ)

    assert count(environment, column, Operator.CONTAINS, part) == 1


@pytest.mark.parametrize("typed", ["/a/b/é", "/a%252Fb/é", "/A%2FB/é"])
def test_other_escapes_are_not_taken_for_what_they_stand_for(environment, typed):
    collected(environment, **WIRE)

    assert count(environment, "target_href", Operator.IS, typed) == 0


def test_a_graph_by_path_shows_and_exports_it_as_people_read_it(environment, read_only):
    collected(environment, path="/café")
    collected(environment, path="/caf%c3%a9")
    parameters = {"event": "builtin:pageview", "by": "event:path", "days": "7"}

    page = read_only.get(reverse("analytics:graph", args=[environment.app_id]), parameters | {"wait": "1"})
    csv = read_only.get(reverse("analytics:export", args=[environment.app_id]), parameters | {"kind": "graph"})

    assert "/café" in page.content.decode() and "%C3%A9" not in re.sub(r'href="[^"]*"', "", page.content.decode())
    assert b"".join(csv).decode("utf-8-sig").splitlines()[0].split(",")[1:] == ["/café"]


def test_the_live_view_shows_it_as_people_read_it(environment, read_only):
    add_event(environment, kind="pageview", ago=timedelta(minutes=1), **WIRE)

    page = read_only.get(reverse("analytics:live", args=[environment.app_id])).content.decode()

    for text in READ.values():
        assert text.replace("&", "&amp;") in page


def test_the_definition_of_a_row_finds_that_row(environment, read_only):
    add_event(environment, kind="pageview", **WIRE)
    [shown] = event_store().newest_events(environment.pk).events

    assert count(environment, "path", Operator.IS, shown.fields["path"]) == 1
    assert "%2Fcaf%C3%A9%2Fmen%C3%BC" in shown.definition_link


def test_values_are_suggested_once_as_people_read_them(environment):
    add_event(environment, kind="pageview", path="/café")
    add_event(environment, kind="pageview", path="/caf%C3%A9")
    scope, path = Scope(environment.pk), Field(Source.EVENT, "path")

    assert event_store().field_values(scope, path) == ["/café"]
    assert event_store().field_values(scope, path, "É") == ["/café"]
    assert event_store().field_values(scope, path, "x") == []
