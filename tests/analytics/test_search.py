"""One search over everything in an environment."""

import re
from datetime import timedelta
from uuid import uuid4

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils.http import urlencode

from analytics.store.failures import QueryTimeout
from analytics.store.postgresql import suggestions
from analytics.views import search
from events.identity import actor_of
from tests.analytics.factories import DashboardFactory
from tests.analytics.kept import make_definition, make_report, make_segment, pin
from tests.analytics.rows import add_event, add_person
from tests.factories import EnvironmentFactory

ALL = ["Pages", "Definitions", "Segments", "Reports", "Dashboards", "On dashboards", "Events", "Properties of events",
       "Properties of people", "People"]  # fmt: skip


def url(environment, name="search", *args):
    return reverse(f"analytics:{name}", args=[environment.app_id, *args])


def found(client, environment, text) -> dict[str, list[tuple[str, str]]]:
    """{title: [(name, url)]} in the page's order."""
    page = client.get(url(environment), {"q": text}).content.decode()
    sections = re.findall(r'<h2 id="found-[^>]*>([^<]+)</h2>(.*?)</section>', page, re.DOTALL)
    hit = re.compile(r'href="([^"]+)" data-hit>([^<]+)<')
    return {title: [(name, link.replace("&amp;", "&")) for link, name in hit.findall(part)] for title, part in sections}


def fill(environment, word):
    """Something of every sort with this word in its name."""
    make_definition(environment, f"{word} definition")
    make_segment(environment, "Tagged", tags=[word.lower()])
    pin(make_report(environment, f"My {word}"))
    add_event(environment, name=f"{word} sent", properties={f"{word}_id": 1})
    add_person(environment, actor_of(environment.pk, word), identity=word, properties={f"{word}_plan": "gold"})


def test_it_finds_every_sort_of_thing_and_leads_to_it(environment, read_only):
    fill(environment, "Retention")
    DashboardFactory(environment=environment, name="Retention board")
    fill(EnvironmentFactory(), "Retention of others")

    sections = found(read_only, environment, "retention")
    assert list(sections) == ALL[:-1]
    assert sections["Pages"] == [("Retention", url(environment, "retention"))]
    assert [name for title in ALL[1:-1] for name, _ in sections[title]] == [
        "Retention definition", "Tagged", "My Retention", "Retention board", "My Retention", "Retention sent",
        "Retention_id", "Retention_plan"]  # fmt: skip
    event = urlencode({"event": "event:Retention sent"})
    assert sections["Events"] == [("Retention sent", f"{url(environment, 'graph')}?{event}")]
    links = [link for hits in sections.values() for _, link in hits]
    assert {read_only.get(link).status_code for link in links} == {200}

    person = found(read_only, environment, "Retention")["People"]
    assert person == [("Retention", url(environment, "person", actor_of(environment.pk, "Retention")))]


def test_pages_of_the_console_are_found_as_the_person_may_see_them(environment, read_only):
    for text in ("excluded", "storage", "compare", "profile", "i"):
        pages = found(read_only, environment, text)["Pages"]
        assert pages and {read_only.get(link).status_code for _, link in pages} == {200}


def test_the_built_in_tiles_are_found_until_others_are_chosen(environment, read_only):
    assert found(read_only, environment, "pageviews")["On dashboards"]
    pin(make_report(environment, "Mine"))
    assert "On dashboards" not in found(read_only, environment, "pageviews")


def test_a_sort_shows_its_first_rows_and_leads_to_the_rest(environment, read_only):
    for number in range(12):
        make_report(environment, f"A plan {number}")
    make_report(environment, "Plan")

    reports = found(read_only, environment, "plan")["Reports"]

    assert [name for name, _ in reports[:2]] == ["Plan", "A plan 0"]
    assert len(reports) == search.MOST + 1
    assert reports[-1] == ("All reports with this", f"{url(environment, 'report_list')}?q=plan")


@pytest.mark.parametrize("text", ["", "  ", "\0", "%", "'", "x" * 2000, "<b>", "ü"])
def test_any_text_is_answered(environment, read_only, text):
    response = read_only.get(url(environment), {"q": text})

    assert response.status_code == 200
    assert "<b>" not in response.content.decode()


def test_reading_names_ends_in_time_and_says_so(environment, read_only, monkeypatch):
    """The first statement takes too long; after it no other is asked."""
    fill(environment, "Plan")
    asked = []

    def slow(scope, sql, *parts, **parameters):
        asked.append(sql)
        with suggestions.limited(scope.environment_id, timedelta(milliseconds=50)), connection.cursor() as cursor:
            cursor.execute("select pg_sleep(20)")

    monkeypatch.setattr(suggestions, "_frequent", slow)
    monkeypatch.setattr(search, "SECONDS", 0.04)
    with pytest.raises(QueryTimeout):
        suggestions._frequent(search.Scope.of(environment), "")

    page = read_only.get(url(environment), {"q": "plan"}).content.decode()

    assert len(asked) == 2
    assert "Reading the events took too long" in page
    assert "Plan definition" in page


def test_htmx_gets_the_results_alone_with_as_many_statements_for_many(environment, read_only):
    def statements():
        with CaptureQueriesContext(connection) as queries:
            page = read_only.get(url(environment), {"q": "plan"}, headers={"HX-Request": "true"})
        assert "<html" not in page.content.decode() and "Plan definition" in page.content.decode()
        return len(queries)

    fill(environment, "Plan")
    statements()
    few = statements()
    for number in range(5):
        make_definition(environment, f"Plan {number}")
        pin(make_report(environment, f"Plan {number}"), lineage=uuid4())
        add_event(environment, name=f"Plan {number}", properties={f"plan{number}": 1})

    assert statements() == few
