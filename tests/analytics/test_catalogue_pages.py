"""The pages of all events and properties: what they list, what people say of names, and where that shows."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import Activity
from analytics import jobs
from analytics.definitions.bodies import DefinitionBody
from analytics.definitions.catalogue_names import CatalogueName
from analytics.environments.copy import copy
from analytics.models import Definition, NameNote
from analytics.questions.conditions import BadQuery, Source
from analytics.questions.query import Scope
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from analytics.views import catalogue
from analytics.views.catalogue import WantedNames
from analytics.views.last_matches import last_matches
from events.catalogue import counting
from events.catalogue.announcements import announce
from tests.analytics.kept import EVERY, make_definition, make_report, make_segment
from tests.analytics.rows import add_event, add_person
from tests.counting import queries_of
from tests.events.making import event
from tests.factories import EnvironmentFactory

DAY = timedelta(days=1)


def url(environment, name="catalogue", of=None):
    address = reverse(f"analytics:{name}", args=[environment.app_id])
    return f"{address}?of={of}" if of else address


def catalogued(environment):
    counting.count(environment.pk, timezone.now() + timedelta(hours=2))
    for noted in counting.noted(timezone.now() + timedelta(hours=4)):
        counting.recount(*noted)


def words(response) -> str:
    return re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", response.content.decode()))


def listed(client, environment, **query) -> list[str]:
    found = client.get(url(environment), query).content.decode()
    return re.findall(r'<a class="rows__title"[^>]*>([^<]+)</a>', found)


def note(client, environment, *names, **fields):
    return client.post(url(environment, "catalogue_note"), {"of": names, **fields}, follow=True)


def made_of(event, *conditions):
    return {"alternatives": [{"event": event, "where": {"match": "all", "conditions": list(conditions)}}]}


@pytest.fixture
def shop(environment):
    """Refunds of long ago, signups of some hours ago and a click; one property with mixed values."""
    for days in (100, 40, 20, 20, 3):
        add_event(environment, name="Refund", ago=days * DAY, properties={"amount": 12, "reason": "late"})
    add_event(environment, name="Signed up", ago=timedelta(hours=3), properties={"amount": "much", "plan": "gold"})
    add_event(environment, kind="click", ago=timedelta(hours=2))
    add_event(environment, kind="pageview", ago=8 * DAY)
    add_person(environment, -5, identity="ann", properties={"team": "red"})
    catalogued(environment)
    return environment


# --- What is listed ---------------------------------------------------------------------------------------------------


def test_each_event_has_its_volume_when_it_was_seen_and_where_it_is_used(shop, read_only):
    where = {"field": "property:plan", "op": "is", "value": "event:Signed up"}
    make_definition(shop, "Refunds", made_of("event:Refund"))
    make_segment(shop, body={"match": "all", "groups": [{"match": "all", "clauses": [
        {"did": {"event": "event:Refund", "where": {"match": "all", "conditions": [where]}},
         "comparison": "at_least", "times": 1, "days": None}]}]})  # fmt: skip
    parameters = [["event", "event:Refund"], ["by", "property:amount"], ["where.0.value", "event:Signed up"]]
    make_report(shop, parameters=parameters)
    make_report(EnvironmentFactory(), parameters=[["event", "event:Refund"]])

    page = words(read_only.get(url(shop)))
    properties = words(read_only.get(url(shop, "catalogue_properties")))

    assert listed(read_only, shop) == ["Refund", "Click", "Pageview", "Signed up"]
    assert "Refund 3 events in the last 30 days, at most 2 in a day 3 5 events" in page
    assert "1 definition, 1 segment, 1 report" in page  # values that conditions compare with are no uses
    assert page.count("nothing") == 3
    assert re.findall(r"(\w+) new(?! in)", page) == ["Click", "up"]
    assert "amount number in 5 of 6, text in 1 6 events in the last 12 months" in properties
    assert "team of people text of no month 1 person" in properties
    assert "reason text 5 events" in properties
    assert re.findall(r"(\w+) new(?! in)", properties) == ["plan"]


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ({"sort": "name"}, ["Click", "Pageview", "Refund", "Signed up"]),
        ({"sort": "-name"}, ["Signed up", "Refund", "Pageview", "Click"]),
        ({"sort": "seen"}, ["Pageview", "Refund", "Signed up", "Click"]),
        ({"sort": "-used"}, ["Pageview", "Click", "Refund", "Signed up"]),
        ({"sort": "nonsense", "show": "nonsense", "page": "99"}, ["Refund", "Click", "Pageview", "Signed up"]),
        ({"q": "UP"}, ["Signed up"]),
        ({"q": "money"}, ["Refund"]),
        ({"show": "new", "sort": "name"}, ["Click", "Signed up"]),
        ({"show": "unused", "sort": "name"}, ["Click", "Refund", "Signed up"]),
        ({"show": "verified"}, ["Refund"]),
        ({"show": "unverified", "sort": "name"}, ["Click", "Pageview", "Signed up"]),
        ({"show": "hidden"}, []),
    ],
    ids=lambda value: "-".join(value.values()) if isinstance(value, dict) else "",
)
def test_the_list_is_ordered_and_narrowed(shop, full, query, expected):
    make_report(shop, parameters=[["event", "builtin:pageview"]])
    note(full, shop, "event:Refund", do="describe", description="Money back")
    note(full, shop, "event:Refund", do="verify")

    assert listed(full, shop, **query) == expected


def test_a_list_takes_as_many_queries_however_much_there_is(shop, read_only, full):
    pages = [url(shop), url(shop, "catalogue_properties"), url(shop, "definition_list")]
    make_definition(shop, "First", made_of("event:Refund"))
    for page in pages:
        queries_of(read_only, page)
    before = [queries_of(read_only, page) for page in pages]
    for number in range(30):
        add_event(shop, name=f"Name {number}", properties={f"key {number}": 1})
        make_definition(shop, f"Definition {number}", made_of(f"event:Name {number}"))
        make_report(shop, f"Report {number}", parameters=[["event", f"event:Name {number}"]])
    catalogued(shop)
    note(full, shop, "event:Refund", "event:Name 1", do="verify")

    assert [queries_of(read_only, page) for page in pages] == before


def test_volumes_are_those_of_the_graph_whether_days_are_counted_or_not(shop):
    store, scope = event_store(), Scope.of(shop)
    days = catalogue.buckets(catalogue.LAST_30_DAYS, catalogue.Unit.DAY, timezone.now(), scope.zone)
    events = [CatalogueName.parse(text).event for text in ("event:Refund", "kind:click", "event:Nobody")]

    read = store.daily_events(scope, events, days)
    store.count_days(shop, 60)
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from rollup_days where environment_id = %s", [shop.pk])
        assert cursor.fetchone()[0] > 25
    counted = store.daily_events(scope, events, days)
    add_event(shop, name="Refund", ago=5 * DAY, received_at=timezone.now() + DAY)

    assert read == counted
    assert {name: sum(each) for name, each in read.items()} == {"event:Refund": 3, "kind:click": 1, "event:Nobody": 0}
    assert sum(store.daily_events(scope, events, days)["event:Refund"]) == 4  # it came late to a counted day


def test_a_long_or_empty_name_is_listed_although_no_question_can_name_it(environment, read_only):
    add_event(environment, name="x" * 1_500, properties={"k" * 1_500: 1})
    add_event(environment, name="", properties={})
    catalogued(environment)

    assert "x" * 1_500 in words(read_only.get(url(environment)))
    assert "k" * 1_500 in words(read_only.get(url(environment, "catalogue_properties")))
    assert listed(read_only, environment) == []


def test_before_anything_arrived_and_when_the_catalogue_is_slow(environment, read_only, monkeypatch):
    assert "Nothing here yet" in words(read_only.get(url(environment)))

    monkeypatch.setattr("analytics.store.postgresql.catalogue.TIME_LIMIT", timedelta(milliseconds=1))
    monkeypatch.setattr("analytics.store.postgresql.catalogue.EVENTS", "select pg_sleep(1)")
    slow = read_only.get(url(environment))

    assert (slow.status_code, "took too long" in words(slow)) == (503, True)


# --- One name ---------------------------------------------------------------------------------------------------------


def test_the_page_of_an_event(shop, read_only):
    add_event(shop, name="Refund", properties={"reason": "broken"})
    make_report(shop, "Refunds by week", parameters=[["event", "event:Refund"]])

    page = words(read_only.get(url(shop, "catalogue_name", "event:Refund")))
    chart = words(read_only.get(url(shop, "catalogue_chart", "event:Refund")))

    assert "5 events in all, first seen" in page
    assert 'name="do"' not in read_only.get(url(shop, "catalogue_name", "event:Refund")).content.decode()
    assert "amount 5 number 12" in page
    assert "reason 5 text late , broken" in page
    assert "1 report Refunds by week" in page
    assert "4 events" in chart
    assert "no event of this name" in words(read_only.get(url(shop, "catalogue_name", "event:Never")))


def test_the_page_of_a_property(shop, read_only):
    of_events = words(read_only.get(url(shop, "catalogue_name", "property:amount")))
    of_people = words(read_only.get(url(shop, "catalogue_name", "user:team")))

    assert "number in 5 of 6, text in 1." in of_events
    assert "Refund 5 events Signed up 1 event" in of_events
    assert "12" in of_events and "much" in of_events
    assert "Property of 1 person, first seen" in of_people and "red" in of_people
    assert "4 events" in words(read_only.get(url(shop, "catalogue_chart", "property:amount")))


@pytest.mark.parametrize(
    "text",
    ["", "event:", "builtin:any", "builtin:session", "definition:x", "event:a\0b", "é" * 9, "event:" + "é" * 1300],
)
def test_what_is_no_name_is_not_found(environment, full, text):
    with pytest.raises(BadQuery):
        CatalogueName.parse(text)
    if text:
        assert full.get(url(environment, "catalogue_name"), {"of": text}).status_code == 404
        assert full.post(url(environment, "catalogue_note"), {"of": text, "do": "hide"}).status_code == 404
    assert not NameNote.objects.exists()


# --- What people say --------------------------------------------------------------------------------------------------


def test_saying_something_of_a_name_writes_only_that_and_is_recorded_once(shop, full):
    for _ in range(2):
        note(full, shop, "event:Refund", do="describe", description=" Money\r\nback ")
        note(full, shop, "event:Refund", "property:plan", do="verify")
    note(full, shop, "event:Refund", do="describe", description="x" * 2_001)
    kept = NameNote.objects.get(environment=shop, kind="event", name="Refund")

    assert (kept.description, kept.is_hidden, kept.verified_by, kept.changed_by) == (
        "Money\nback", False, full.user, full.user,
    )  # fmt: skip
    assert [(row.verb, row.target) for row in Activity.objects.order_by("id")] == [
        ("name.describe", "Refund"),
        ("name.verify", "Refund and 1 more"),
    ]

    note(full, shop, "event:Refund", do="describe", description="")
    note(full, shop, "event:Refund", "property:plan", do="unverify")
    assert not NameNote.objects.exists()
    note(full, shop, "event:Paid\u202e", do="hide")
    assert Activity.objects.latest("id").target == "Paid\ufffd"  # a sentence that its name does not turn around
    assert "Nothing was ticked" in words(note(full, shop, do="hide"))


def test_notes_are_bounded(shop, full, monkeypatch):
    monkeypatch.setattr("analytics.actions.MOST_NOTES", 1)

    note(full, shop, "event:Refund", do="hide")
    refused = note(full, shop, "event:Made up", do="hide")

    assert "have notes already. Nothing was changed." in words(refused)
    assert [each.name for each in NameNote.objects.all()] == ["Refund"]
    note(full, shop, "event:Refund", do="describe", description="Money back")  # what is full can still be changed
    note(full, shop, "event:Refund", do="show")
    assert list(NameNote.objects.values_list("description", "is_hidden")) == [("Money back", False)]


def test_from_a_list_one_comes_back_to_it(shop, full):
    sent = note(full, shop, "property:plan", do="hide", list="properties", back="q=a&sort=name&next=//evil&page=1")

    assert sent.redirect_chain == [(f"{url(shop, 'catalogue_properties')}?q=a&sort=name&page=1", 302)]
    assert "1 name hidden." in words(sent)
    assert WantedNames.of({"q": "a\0"}) == WantedNames("a")


def test_a_hidden_name_is_offered_nowhere_unless_typed_and_still_answers(shop, full):
    scope, store = Scope.of(shop), event_store()
    note(full, shop, "event:Refund", "property:amount", "user:team", do="hide")
    names = reverse("analytics:suggested_names", args=[shop.app_id])
    search = reverse("analytics:search", args=[shop.app_id])

    def offered(of, q):
        return full.get(names, {"of": of, "q": q}).json()["groups"]

    assert listed(full, shop) == ["Click", "Pageview", "Signed up"]
    assert listed(full, shop, show="hidden") == listed(full, shop, q="refund") == ["Refund"]
    assert store.event_names(scope) == ["Signed up"]
    assert store.event_names(scope, "refund") == ["Refund"]
    assert store.property_names(scope, Source.PROPERTY) == ["reason", "plan"]
    assert store.property_names(scope, Source.USER) == []
    assert offered("events", "efun") == [["As typed", [["event:efun", "efun", ""]]]]
    assert offered("events", "Refund")[0] == ["Custom events", [["event:Refund", "Refund", "5 events"]]]
    assert "Refund" not in words(full.get(search, {"q": "efund"})).replace("“", "")
    assert ">Refund<" in full.get(search, {"q": "refund"}).content.decode()
    assert "3 events" in words(full.get(url(shop, "catalogue_chart", "event:Refund")))

    with connection.cursor() as cursor:  # as in a copy, in which nothing is counted yet
        for table in ("marks", "counts", "names", "keys"):
            cursor.execute(f"delete from catalogue_{table}")
    assert store.event_names(scope) == ["Signed up"]
    assert store.property_names(scope, Source.PROPERTY, "amount") == ["amount"]
    assert "amount" not in store.property_names(scope, Source.PROPERTY, "am")


def test_verified_names_come_first_and_a_picker_says_what_they_mean(shop, full):
    note(full, shop, "event:Signed up", "property:plan", do="verify")
    note(full, shop, "property:plan", do="describe", description="What they pay for")

    search = words(full.get(reverse("analytics:search", args=[shop.app_id]), {"q": "plan"}))

    assert event_store().event_names(Scope.of(shop)) == ["Signed up", "Refund"]
    assert event_store().property_names(Scope.of(shop), Source.PROPERTY)[0] == "plan"
    properties = full.get(
        reverse("analytics:suggested_names", args=[shop.app_id]), {"of": "event_fields", "event": "", "q": "plan"}
    ).json()["groups"][0]
    assert properties == ["Properties", [["property:plan", "plan", "verified · 1 event · What they pay for"]]]
    assert "plan verified · What they pay for" in search


def test_notes_are_copied_and_go_with_the_environment(shop, full):
    note(full, shop, "event:Refund", do="describe", description="Money back")
    note(full, shop, "property:plan", do="hide")
    target = EnvironmentFactory(project=shop.project, name="Staging", is_production=False)

    copy(shop, target)

    assert set(target.name_notes.values_list("kind", "name", "description", "is_hidden")) == {
        ("event", "Refund", "Money back", False),
        ("property", "plan", "", True),
    }
    shop.delete()
    assert NameNote.objects.count() == 2


# --- Definitions ------------------------------------------------------------------------------------------------------


def test_definitions_tell_when_they_matched_last_and_which_match_nothing(shop, read_only):
    where = {"field": "property:reason", "op": "is", "value": "late"}
    refunds = make_definition(shop, "A refund", made_of("event:Refund"))
    make_definition(shop, "B through another", made_of(f"definition:{refunds.lineage}"))
    make_definition(shop, "C some refunds", made_of("event:Refund", where))
    make_definition(shop, "D gone", made_of("event:Gone"))
    make_definition(shop, "E some of gone", made_of("event:Gone", where))
    make_definition(shop, "F anything", made_of("builtin:any"))
    newer = [{"event": "event:Refund", "where": {"match": "all", "conditions": [where]}},
             {"event": "builtin:pageview", "where": EVERY}, {"event": "kind:click", "where": EVERY}]  # fmt: skip
    make_definition(shop, "G click is newest", {"alternatives": newer})
    make_definition(shop, "H broken", {"alternatives": "x"})

    def cells():
        page = read_only.get(url(shop, "definition_list")).content.decode()
        rows = re.findall(r'rows__title"[^>]*>([A-H])[^<]*<.*?data-label="Last seen">(.*?)</td>', page, re.DOTALL)
        return {name: re.sub(r"<[^>]+>", "", cell).strip() for name, cell in rows}

    assert cells() == {
        "A": "3\xa0days ago", "B": "3\xa0days ago", "C": "not known", "D": "matches nothing now",
        "E": "matches nothing now", "F": "not known", "G": "2\xa0hours ago", "H": "not known",
    }  # fmt: skip

    announce([event("ann", "Gone", environment_id=shop.pk)])
    assert cells()["D"] == cells()["E"] == "not known"  # not counted yet
    with connection.cursor() as cursor:  # a catalogue without room does not know
        cursor.execute("delete from catalogue_counts where events = 0")
        cursor.execute("insert into catalogue_left_out values (%s, '2026-01-01', 1, 0)", [shop.pk])
    assert cells()["D"] == cells()["E"] == "not known"


def test_what_the_catalogue_does_not_know_of_definitions_is_looked_for_at_night(shop, read_only, monkeypatch):
    where = {"field": "property:amount", "op": "is", "value": "12"}
    some = make_definition(shop, "A some", made_of("event:Refund", where))
    make_definition(shop, "B none", made_of("event:Refund", where | {"value": "no such"}))
    make_definition(shop, "C broken", {"alternatives": "x"})
    slow = make_definition(shop, "D slow", made_of("builtin:any"))
    add_event(shop, name="Refund", ago=2 * DAY, properties={"amount": "12"})
    add_event(shop, name="Refund", ago=100 * DAY, properties={"amount": "no such"})
    last_match = event_store().last_match

    def too_slow_for_any(scope, body):
        if body == DefinitionBody.from_json(slow.body):
            raise QueryTimeout
        return last_match(scope, body)

    monkeypatch.setattr(event_store(), "last_match", too_slow_for_any)
    monkeypatch.setattr(jobs, "SLICE_SECONDS", 0)  # one at a time

    def cells():
        page = read_only.get(url(shop, "definition_list")).content.decode()
        rows = re.findall(r'rows__title"[^>]*>([A-D])[^<]*<.*?data-label="Last seen">(.*?)</td>', page, re.DOTALL)
        return {name: re.sub(r"<[^>]+>", " ", cell).strip() for name, cell in rows}

    assert set(cells().values()) == {"not known"}
    jobs.look_nightly(0)
    while (waiting := ProcrastinateJob.objects.filter(task_name="analytics.look", status="todo").first()) is not None:
        ProcrastinateJob.objects.filter(pk=waiting.pk).delete()
        jobs.look(**waiting.args)

    found = cells()
    assert "as of " in found["A"] and "nothing in 90 days" in found["B"]
    assert found["C"] == found["D"] == "not known"
    some.refresh_from_db()
    assert abs(some.matched_at - (timezone.now() - 2 * DAY)) < timedelta(minutes=5)
    Definition.objects.filter(pk=some.pk).update(changed_at=timezone.now())
    assert cells()["A"] == "not known"  # what it was last night is another definition's


class LookedUp(dict):
    """Times of events, and how often one was looked up."""

    count = 0

    def get(self, *args):
        self.count += 1
        return super().get(*args)


def test_definitions_of_definitions_are_looked_at_once_each(environment, monkeypatch):
    rows = [make_definition(environment, "0", body=made_of("event:Refund"))]
    for name in "1234":
        one = {"event": f"definition:{rows[-1].lineage}", "where": EVERY}
        rows.append(make_definition(environment, name, body={"alternatives": [one] * 20}))
    seen = LookedUp({"event:Refund": timezone.now()})
    monkeypatch.setattr(event_store(), "last_seen", lambda scope, events: seen)

    found = last_matches(environment, rows)

    assert {each.at for each in found.values()} == set(seen.values())
    assert seen.count == 1
