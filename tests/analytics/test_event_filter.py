"""The live view and a person's timeline with a filter: the same conditions as in questions, within a bound."""

import re
from datetime import timedelta

import pytest
from django.urls import reverse

from analytics.questions.conditions import Condition, Field, Group, Operator
from analytics.questions.query import EventReference, Selection
from analytics.store.current import event_store
from analytics.store.live import PAGE_SIZE
from analytics.store.postgresql import live as store
from tests.analytics.kept import make_definition
from tests.analytics.rows import add_event

THIRD_PAGE = {
    "alternatives": [
        {
            "event": "builtin:pageview",
            "where": {"match": "all", "conditions": [{"field": "event:path", "op": "is", "value": "/p3"}]},
        }
    ]
}
PAID_PRO = {"event": "event:Paid", "where.0.field": "property:plan", "where.0.op": "is", "where.0.value": "pro"}


@pytest.fixture
def busy(environment):
    for number in range(6):
        plan = "pro" if number % 2 else "free"
        add_event(
            environment, name="Paid", ago=timedelta(minutes=number), properties={"plan": plan, "n": f"{plan}{number}"}
        )
        add_event(environment, kind="pageview", path=f"/p{number}", ago=timedelta(minutes=number), actor_id=2)
    return environment


def url(environment, name, *more):
    return reverse(f"analytics:{name}", args=[environment.app_id, *more])


def shown(response) -> set[str]:
    return set(re.findall(r"n: ((?:pro|free)\d)", response.content.decode()))


@pytest.mark.parametrize(("name", "more"), [("live", []), ("live_rows", []), ("person", [1])])
def test_only_events_that_fit_are_shown_with_their_properties(busy, read_only, name, more):
    response = read_only.get(url(busy, name, *more), PAID_PRO)

    assert shown(response) == {"pro1", "pro3", "pro5"}
    assert 'class="log__property">plan: pro<' in response.content.decode()
    assert shown(read_only.get(url(busy, name, *more))) == {f"{'pro' if n % 2 else 'free'}{n}" for n in range(6)}


def test_the_live_view_goes_on_with_its_filter(busy, read_only):
    page = read_only.get(url(busy, "live"), PAID_PRO).content.decode()
    (again,) = re.findall(r'hx-get="([^"]+version=[^"]+)"', page)

    unchanged = read_only.get(again.replace("&amp;", "&"))
    add_event(busy, name="Paid", properties={"plan": "free", "n": "free9"})
    other = read_only.get(again.replace("&amp;", "&"))
    add_event(busy, name="Paid", properties={"plan": "pro", "n": "pro9"})
    fitting = read_only.get(again.replace("&amp;", "&"))

    assert (unchanged.status_code, other.status_code) == (204, 204)
    assert shown(fitting) == {"pro1", "pro3", "pro5", "pro9"}


def test_definitions_and_pages_can_be_asked_for(busy, read_only):
    definition = make_definition(busy, name="Third page", body=THIRD_PAGE)

    by_definition = read_only.get(url(busy, "live"), {"event": f"definition:{definition.lineage}"})
    by_page = read_only.get(url(busy, "live"), {"where.0.field": "event:path", "where.0.value": "/p3"})
    definition.delete()
    gone = read_only.get(url(busy, "live"), {"event": f"definition:{definition.lineage}"})

    for response in (by_definition, by_page):
        assert set(re.findall(r'log__where">(/p\d)<', response.content.decode())) == {"/p3"}
    assert "not there any more" in gone.content.decode()


def test_a_bounded_number_of_events_is_looked_at_and_the_next_page_looks_further(environment, read_only, monkeypatch):
    for number in range(10):
        add_event(environment, kind="pageview", ago=timedelta(minutes=number), path="/rare" if number == 8 else "/")
    monkeypatch.setattr(store, "LOOKED_AT", 4)
    only = Selection(
        EventReference.parse("builtin:any"), Group((Condition(Field.parse("event:path"), Operator.IS, "/rare"),))
    )

    pages, before = [], None
    while True:
        page = event_store().newest_events(environment.pk, before, only=only)
        pages.append((len(page.events), page.looked_at))
        before = page.older
        if before is None:
            break
    first = read_only.get(url(environment, "live"), {"where.0.field": "event:path", "where.0.value": "/rare"})

    assert pages == [(0, 4), (0, 4), (1, None)]
    assert "Look further back" in first.content.decode()


def test_an_event_whose_name_is_rare_is_found_among_those_of_its_name(environment, monkeypatch):
    add_event(environment, name="Refund", ago=timedelta(days=3))
    for number in range(PAGE_SIZE):
        add_event(environment, ago=timedelta(minutes=number))
    monkeypatch.setattr(store, "LOOKED_AT", 10)

    page = event_store().newest_events(environment.pk, only=Selection(EventReference.parse("event:Refund")))

    assert ([each.name for each in page.events], page.older) == (["Refund"], None)


def test_what_cannot_be_asked_is_said_and_everything_is_shown(busy, read_only):
    for wrong, words in (
        ({"event": "builtin:session"}, "A session is not an event."),
        ({"where.0.field": "user:plan", "where.0.value": "pro"}, "not of people"),
        ({"event": "nonsense"}, "Choose an event."),
    ):
        response = read_only.get(url(busy, "live"), wrong)
        assert words in response.content.decode()
        assert len(shown(response)) == 6
