"""The read API: the numbers of the pages, in pages that lose nothing, within limits, and errors in words."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from accounts import current_request
from accounts.models import Activity
from analytics.kinds.registry import KINDS
from analytics.store.failures import QueryBusy, QueryTimeout
from analytics.views.read_api import answers
from events.catalogue import counting
from events.catalogue.announcements import announce
from ipfilter.models import ExcludedIPList
from projects.api_tokens import tokens
from projects.models import TokenScope
from tests.analytics.factories import DefinitionFactory, ReportFactory
from tests.analytics.rows import add_event, add_person
from tests.events.making import event
from tests.factories import ApiTokenFactory

pytestmark = pytest.mark.django_db
DAY = timedelta(days=1)


@pytest.fixture
def api(environment):
    return Api(environment)


class Api:
    """A program with a token for everything, or for `scopes`."""

    def __init__(self, environment, *scopes):
        self.environment, secret = environment, tokens.new_secret()
        self.token = ApiTokenFactory(project=environment.project, scopes=scopes or TokenScope.values, secret=secret)
        self.client = Client(headers={"Authorization": f"Bearer {secret}"})
        cache.clear()

    def get(self, path, **parameters):
        address = f"/api/public/v1/environments/{self.environment.app_id}/{path}"
        return self.client.get(address, {name.replace("__", "."): value for name, value in parameters.items()})

    def put(self, **sent):
        return self.put_body(json.dumps(sent))

    def put_body(self, body):
        address = f"/api/public/v1/environments/{self.environment.app_id}/excluded-ips"
        return self.client.put(address, body, content_type="application/json")


def problem(response):
    assert response["Content-Type"] == "application/problem+json", response.content
    told = response.json()
    assert told["status"] == response.status_code and told["detail"]
    return response.status_code, told["code"]


@pytest.fixture
def people(environment):
    """Five people of two plans, each of whom signed up; one of them twice."""
    for number in range(1, 6):
        add_person(
            environment,
            -number,
            identity=f"ada{number}@shop.example",
            properties={"plan": "gold" if number < 3 else "free"},
        )
        add_event(environment, ago=DAY, actor_id=-number)
    add_event(environment, ago=DAY, actor_id=-1)


def test_an_answer_is_that_of_the_page(environment, people, api, full):
    parameters = {"event": "event:Signed up", "days": "7", "unit": "day"}

    answer, file = api.get("questions/graph", **parameters), api.get("questions/graph", format="csv", **parameters)

    page = full.get(f"/env/{environment.app_id}/export/", parameters | {"kind": "graph"})
    assert file.content == b"".join(page.streaming_content)
    assert file["Content-Type"] == page["Content-Type"]
    told = answer.json()
    assert told["rows"][-1] == ["Whole range", 6] and told["columns"][1]["type"] == "number"


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_answers_or_says_what_is_missing(people, api, kind):
    response = api.get(f"questions/{kind}")

    assert response.status_code == 200 or problem(response) == (400, "parameters")
    assert (response.status_code == 200) == (KINDS[kind].prompt is None)


def test_a_report_is_asked_as_saved_and_with_another_range(environment, people, api):
    report = ReportFactory(environment=environment)
    path = f"reports/{report.lineage}/answer"

    saved, narrowed = api.get(path).json(), api.get(path, days="7").json()

    assert saved["question"].endswith("last 30 days") and narrowed["question"].endswith("last 7 days")
    report.refresh_from_db()
    assert dict(report.body["parameters"]).get("days") != "7"


@pytest.mark.parametrize("sent", [
    {"days": "abc"}, {"event": "definition:" + "0" * 8}, {"format": "xml"},
    {"event": "definition:00000000-0000-0000-0000-000000000000"},
    {"days": "custom", "from": "0001-01-01", "to": "9999-12-31"},
    {"event": "a\0b"}, {"event": "x" * 5_000}, {"segment": "x"},
])  # fmt: skip
def test_a_wrong_parameter_is_named(people, api, sent):
    response = api.get("questions/graph", **sent)

    assert problem(response) == (400, "parameters") and response.json()["errors"]


def test_only_a_token_for_people_learns_of_people(environment, people, api):
    without = Api(environment, TokenScope.QUERIES, TokenScope.DEFINITIONS)
    report = ReportFactory(environment=environment, kind="users", body={"parameters": []})
    group = {"event": "event:Signed up", "by": "user:plan"}
    guess = {"where.0.field": "person:identity", "where.0.op": "contains", "where.0.value": "ada1"}

    for path, sent in [
        ("questions/users", {}), ("questions/sessions", {}), ("questions/graph", group), ("questions/graph", guess),
        ("questions/graph", {"where.group.0.0.field": "user:plan", "where.group.0.0.value": "gold"}),
        (f"reports/{report.lineage}/answer", {}), ("questions/retention", {"by": "user:plan"}),
    ]:  # fmt: skip
        assert problem(without.get(path, **sent)) == (403, "scope"), path
        assert api.get(path, **sent).status_code == 200, path
    same_words = {"where.0.field": "property:of", "where.0.op": "is", "where.0.value": "user:plan"}
    assert without.get("questions/graph", **same_words).status_code == 200


def follow(api, path, **parameters):
    """Every page of a list, by the header alone."""
    response = api.get(path, **parameters)
    yield response
    while "Link" in response:
        address = response["Link"].removeprefix("<").removesuffix('>; rel="next"')
        response = api.client.get(address.partition("//")[2].partition("/")[2].join(["/", ""]))
        yield response


def test_people_come_in_pages(people, api):
    pages = [page.json() for page in follow(api, "questions/users", limit=2)]

    assert [len(page["rows"]) for page in pages] == [2, 2, 1]
    assert len({row[0] for page in pages for row in page["rows"]}) == 5


def test_a_list_in_pages_lists_each_once_while_others_change_it(environment, api):
    made = [DefinitionFactory(environment=environment, name=f"Event {n}") for n in range(7)]
    seen = []
    for page in follow(api, "definitions", limit=3):
        seen += [row["id"] for row in page.json()["data"]]
        DefinitionFactory(environment=environment)
        if len(seen) == 3:
            made[0].delete()

    assert len(seen) == len(set(seen)) and {str(each.lineage) for each in made[1:]} <= set(seen)


@pytest.mark.parametrize("sent", [
    {"limit": "0"}, {"limit": "201"}, {"limit": "x"}, {"limit": "٣"}, {"limit": "9" * 5_000}, {"cursor": "x"},
    {"cursor": "AAAA"}, {"cursor": "bm90aGluZw=="}, {"cursor": "é"}, {"cursor": "/w=="},
])  # fmt: skip
def test_a_page_that_there_is_not(api, sent):
    assert problem(api.get("definitions", **sent)) == (400, "parameters")


def test_a_list_takes_as_many_queries_for_twenty_as_for_one(environment, api):
    DefinitionFactory(environment=environment)
    api.get("definitions")
    counts = []
    for more in (0, 20):
        DefinitionFactory.create_batch(more, environment=environment)
        with CaptureQueriesContext(connection) as captured:
            api.get("definitions")
        counts.append(len(captured))

    assert counts[0] == counts[1] <= 20


def test_the_catalogue_has_all_names(environment, api):
    announce([event(environment.pk, name=name, properties={"plan": "gold"}) for name in ("Paid", "Left", "Zoë")])
    for name in ("Paid", "Left", "Zoë"):
        add_event(environment, name=name, properties={"plan": "gold"}, ago=DAY)
    counting.count(environment.pk, timezone.now() + timedelta(hours=2))
    for noted in counting.noted(timezone.now() + timedelta(hours=4)):
        counting.recount(*noted)

    rows = [row for page in follow(api, "catalogue/events", limit=1) for row in page.json()["data"]]
    [plan] = api.get("catalogue/properties").json()["data"]

    assert [(row["reference"], row["events"]) for row in rows] == [
        ("event:Left", 1), ("event:Paid", 1), ("event:Zoë", 1),
    ]  # fmt: skip
    assert (plan["reference"], plan["of_people"], plan["texts"]) == ("property:plan", False, 3)


# --- Limits -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("failure", "told"), [(QueryBusy, (503, "busy")), (QueryTimeout, (422, "too_slow"))])
def test_a_question_without_an_answer_says_why(api, monkeypatch, failure, told):
    def fail(query):
        raise failure

    monkeypatch.setattr(answers, "run", fail)

    response = api.get("questions/graph")

    assert problem(response) == told and ("Retry-After" in response) == (told[0] == 503)


def test_a_question_counts_as_its_makers(api, monkeypatch):
    """The places for questions are counted by the person whom the door notes (analytics/store/places.py)."""
    asked, run = [], answers.run
    monkeypatch.setattr(answers, "run", lambda query: asked.append(current_request.current_person()) or run(query))

    api.get("questions/graph")

    assert asked == [api.token.created_by_id]


def test_a_token_has_so_many_requests_a_minute(environment, api, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"read_api": "2/m/key"}
    other = Api(environment)

    told = [api.get("reports").status_code for _ in range(3)]

    assert told == [200, 200, 429] and problem(api.get("reports")) == (429, "too_many_requests")
    assert int(api.get("reports")["Retry-After"]) > 0 and other.get("reports").status_code == 200


# --- Excluded IPs -----------------------------------------------------------------------------------------------------


def test_excluded_ips_are_saved_and_the_activity_names_the_token(environment, api):
    saved = api.put(text="192.0.2.0/24 # office\r\n# a note\n2001:db8::1", version=0)

    assert (saved.status_code, saved.json()["added"], saved.json()["version"]) == (200, 2, 1)
    read = api.get("excluded-ips").json()
    assert read["rules"] == [{"rule": "192.0.2.0/24", "note": "office"}, {"rule": "2001:db8::1", "note": ""}]
    assert read["text"] == "192.0.2.0/24 # office\n# a note\n2001:db8::1"
    row = Activity.objects.get(verb="excluded_ips.save")
    assert (row.by, row.details["API_token"]) == (api.token.created_by, api.token.name)
    assert problem(api.put(text="", version=0)) == (409, "saved_meanwhile")


@pytest.mark.parametrize(("sent", "told"), [
    ({"text": "no address", "version": 0}, (422, "rules")), ({"text": "*", "version": 0}, (422, "everybody")),
    ({"text": "*", "version": 0, "exclude_everybody": "yes"}, (400, "body")), ({"text": "10.0.0.1"}, (400, "body")),
    ({"text": 1, "version": 0}, (400, "body")), ({"text": "\ud800", "version": 0}, (400, "body")),
    ({"text": "a\0b", "version": 0}, (400, "body")), ({"text": "", "version": True}, (400, "body")),
    ({"text": "10.0.0.1", "version": 10**30}, (409, "saved_meanwhile")),
    ({"text": "x" * 3_000_000}, (413, "too_large")),
])  # fmt: skip
def test_what_is_not_saved_says_why(api, sent, told):
    assert problem(api.put(**sent)) == told
    assert not ExcludedIPList.objects.filter(version__gt=0).exists()


@pytest.mark.parametrize("body", ["", "[]", "1", "null", "{", "[" * 100_000, "\xff", '{"text": ' + "9" * 5_000 + "}"])
def test_a_body_that_is_no_object(api, body):
    assert problem(api.put_body(body)) == (400, "body")


def test_everybody_is_kept_out_when_that_is_meant(api):
    assert api.put(text="*", version=0, exclude_everybody=True).status_code == 200
