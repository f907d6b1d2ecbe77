"""What drop-downs offer when one types, and what a typed name means; both within the environment."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from analytics.forms.typed import MOST_TYPED, read_typed
from analytics.questions.conditions import Field, Source
from analytics.questions.query import EventReference, Scope
from analytics.store.current import event_store
from analytics.views.answers import understand
from events.catalogue import counting
from tests.analytics.factories import ANY_EVENT
from tests.analytics.kept import make_definition
from tests.analytics.rows import add_event, add_person
from tests.counting import queries_of
from tests.factories import EnvironmentFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def environment():
    return EnvironmentFactory()


@pytest.fixture
def reader(client, environment):
    client.force_login(MembershipFactory(account=environment.project.account, read_only=True).user)
    return client


def catalogued(environment):
    counting.count(environment.pk, timezone.now() + timedelta(hours=1))
    for noted in counting.noted(timezone.now() + timedelta(hours=3)):
        counting.recount(*noted)


def found(reader, environment, of="events", q="", **more):
    """{title: values} of what the search answers."""
    url = reverse("analytics:suggested_names", args=[environment.app_id])
    answer = reader.get(url, {"of": of, "q": q, **more}).json()
    return {title: [value for value, _, _ in options] for title, options in answer["groups"]}


def test_a_name_far_behind_the_newest_is_found_with_what_is_known_of_it(environment):
    add_event(environment, name="Refund", ago=timedelta(days=200), properties={"reason": "late", "amount": "12"})
    add_event(environment, kind="pageview", properties={"amount": "much"})
    add_person(environment, -5, identity="ann", properties={"plan": "gold"})
    catalogued(environment)
    scope, store = Scope.of(environment), event_store()
    with connection.cursor() as cursor:  # newer than the sample
        cursor.execute(
            "insert into events (environment_id, id, time, actor_id, kind) "
            "select %s, 1000000 + n, now() - n * interval '1 second', 1, 'click' from generate_series(1, 5100) n",
            [environment.pk],
        )

    refund = store.known_events(scope, "fund")
    amount, reason = store.known_properties(scope, Source.PROPERTY)

    assert [(each.kind, each.name, each.events, each.first_at) for each in refund] == [
        ("custom", "Refund", 1, refund[0].last_at)
    ]
    assert (amount.key, amount.events, amount.numbers, amount.texts) == ("amount", 2, 1, 1)
    assert (reason.key, reason.events, reason.texts) == ("reason", 1, 1)
    assert store.property_names(scope, Source.USER) == ["plan"]
    assert store.field_values(scope, Field(Source.PROPERTY, "reason")) == ["late"]
    of_views = store.known_properties(scope, Source.PROPERTY, of=[EventReference.parse("builtin:pageview")])
    assert [(each.key, each.of_event) for each in of_views] == [("amount", True), ("reason", False)]


def test_before_the_first_count_recent_names_are_found_and_later_the_catalogue_is_asked_once(reader, environment):
    add_event(environment, name="Refund", properties={"reason": "late"})
    add_person(environment, -5, identity="ann", properties={"reach": "gold"})

    names, fields = found(reader, environment, q="Ref"), found(reader, environment, of="fields", q="rea")
    url = reverse("analytics:suggested_names", args=[environment.app_id])
    before = queries_of(reader, f"{url}?of=events&q=Ref")
    catalogued(environment)

    assert names["Custom events"] == ["event:Refund"]
    assert fields["Properties"] == ["property:reason"] and fields["Properties of the person"] == ["user:reach"]
    assert found(reader, environment, q="Ref")["Custom events"] == names["Custom events"]
    assert found(reader, environment, of="fields", q="rea") == fields
    assert queries_of(reader, f"{url}?of=events&q=Ref") <= before - 3  # names, when they were counted, recent events


def test_the_search_finds_parts_in_all_that_there_is_and_nothing_of_others(reader, environment):
    other = EnvironmentFactory(project=environment.project, name="Staging", is_production=False)
    for each in (environment, other):
        add_event(each, name=f"Refund in {each.name}", properties={f"why {each.name}": 1})
        make_definition(each, name=f"Refunds of {each.name}")
        add_person(each, -5, identity="ann", properties={f"plan {each.name}": 1})
        catalogued(each)
    definition = environment.definitions.get()

    assert found(reader, environment, q="refund") == {
        "Definitions": [f"definition:{definition.lineage}"],
        "Custom events": ["event:Refund in Production"],
        "As typed": ["event:refund"],
    }
    assert found(reader, environment, q="SESSION")["Built in"] == ["builtin:session"]
    assert "Built in" not in found(reader, environment, "events_alone", q="session")
    assert found(reader, environment, "fields", q="p", event="event:Refund in Production") == {
        "Properties of this event": ["property:why Production"],
        "Event": ["event:path", "event:platform", "event:os", "event:utm_campaign"],
        "Properties of the person": ["user:plan Production"],
        "As typed": ["property:p"],
    }
    assert found(reader, environment, "people_fields", q="zz") == {"As typed": ["user:zz"]}
    assert found(reader, environment, "nothing", q="zz") == {}
    assert found(reader, environment, q="\0") != {}


def test_a_search_takes_as_many_queries_however_much_there_is(reader, environment):
    url = f"{reverse('analytics:suggested_names', args=[environment.app_id])}?of=fields&q=a"
    add_event(environment, name="a", properties={"a": 1})
    catalogued(environment)
    queries_of(reader, url)
    before = queries_of(reader, url)
    for number in range(60):
        add_event(environment, name=f"a {number}", properties={f"a {number}": number})
    counting.count(environment.pk, timezone.now() + timedelta(hours=2))

    assert queries_of(reader, url) == before


def test_a_full_catalogue_is_said_on_the_collection_page_and_in_the_search(reader, environment, monkeypatch):
    monkeypatch.setitem(counting.BOUNDS, "names", 1)
    page = reverse("collector:collection", args=[environment.app_id])
    add_event(environment, name="a")
    catalogued(environment)
    nothing = reader.get(page).content.decode()
    add_event(environment, name="b", received_at=timezone.now() + timedelta(minutes=90))
    counting.count(environment.pk, timezone.now() + timedelta(hours=2))
    url = reverse("analytics:suggested_names", args=[environment.app_id])

    assert "have no room" not in nothing
    assert "1 event and 0 values of properties have names" in reader.get(page).content.decode()
    assert "Type the whole name" in reader.get(url, {"of": "events"}).json()["note"]


def test_a_typed_name_means_what_is_called_so(environment):
    add_event(environment, name="Paid", properties={"plan": 1, "country": 1})
    add_person(environment, -5, identity="ann", properties={"country": 1, "team": 1})
    definition = make_definition(environment, name="Paid twice")
    catalogued(environment)

    def meant(name, *values):
        raw = read_typed(environment, {name: list(values)})
        return raw.errors.get(name) or raw.values[name]

    assert meant("event", "Paid") == ["event:Paid"]
    assert meant("step.0.event", "builtin:pageview", "Paid") == ["event:Paid"]
    assert meant("step.0.event", "builtin:pageview", "") == ["builtin:pageview"]
    assert meant("event", "session") == ["builtin:session"]
    assert meant("event", "Click") == ["kind:click"]
    assert meant("event", "Paid twice") == [f"definition:{definition.lineage}"]
    assert meant("event", " never seen ") == ["event:never seen"]
    assert meant("where.0.field", "plan") == ["property:plan"]
    assert meant("where.0.field", "team") == ["user:team"]
    assert meant("by", "path") == ["event:path"]
    assert meant("by", "property:a", "property:b", "plan") == ["property:a", "property:plan"]
    assert (
        meant("where.0.field", "country") == "“country” is several things. Type one of: property:country, user:country."
    )
    assert meant("group.0.where.0.field", "country") == ["user:country"]
    assert meant("group.0.where.0.field", "new") == ["user:new"]
    assert meant("where.0.value", "Paid") == ["Paid"]
    assert meant("event", "a\0b") == ["a\0b"]

    make_definition(environment, name="Paid")
    assert meant("event", "Paid").startswith("“Paid” is several things. Type one of: definition:")
    asked = understand(environment, "graph", {"event": ["Paid"]})
    assert asked.query is None and "several things" in asked.errors["event"]


def test_chosen_names_cost_no_look_up(environment, django_assert_num_queries):
    with django_assert_num_queries(0):
        read_typed(environment, {"event": [str(ANY_EVENT)], "where.0.field": ["property:plan"], "by": [""]})


def test_so_many_typed_names_are_looked_up_at_once(environment, django_assert_max_num_queries):
    with django_assert_max_num_queries(MOST_TYPED * 30):
        raw = read_typed(environment, {f"where.{number}.field": [f"key {number}"] for number in range(900)})

    assert raw.values["where.0.field"] == ["property:key 0"]
    assert len(raw.errors) == 900 - MOST_TYPED
    assert raw.errors["where.899.field"].startswith("At most 20 names can be typed")
