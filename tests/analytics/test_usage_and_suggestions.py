"""Usage of environments, and values suggested from the data."""

import json
from datetime import timedelta

import pytest
from django.core.cache import cache
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from analytics.forms.choices import choices
from analytics.questions.conditions import Field, Source
from analytics.questions.parameters import Reader
from analytics.questions.query import Scope
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from analytics.store.postgresql import suggestions
from projects import registry
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db


def collect(environment, *names, days_ago=0, properties="{}", arrived_days_ago=0):
    now = timezone.now()
    with connection.cursor() as cursor:
        for number, name in enumerate(names):
            cursor.execute(
                "insert into events (environment_id, time, received_at, actor_id, kind, name, path, properties) "
                "values (%s, %s, %s, 1, 'custom', %s, %s, %s)",
                [
                    environment.pk,
                    now - timedelta(days=days_ago, seconds=number),
                    now - timedelta(days=arrived_days_ago),
                    name,
                    f"/{name}",
                    properties,
                ],
            )


def test_usage_is_told_of_all_environments_by_one_statement():
    busy, quiet, empty = (EnvironmentFactory() for _ in range(3))
    collect(busy, "a", "b")
    collect(quiet, "a", days_ago=8, arrived_days_ago=8)

    with CaptureQueriesContext(
        connection,
    ) as queries:
        usage = registry.usage([busy, quiet, empty])

    assert (usage[busy.pk].events_last_7_days, usage[quiet.pk].events_last_7_days) == (2, 0)
    assert usage[quiet.pk].last_arrival_at < usage[busy.pk].last_arrival_at
    assert empty.pk not in usage
    assert len([query for query in queries if "from events" in query["sql"]]) == 1


def test_names_and_values_come_by_frequency_and_from_one_environment():
    environment, other = EnvironmentFactory(), EnvironmentFactory()
    collect(environment, "Paid", "Signed up", "Paid", properties='{"plan": "team", "größe": 5}')
    collect(other, "Secret", "Secret", "Secret", properties='{"secret": 1}')
    scope = Scope.of(environment)

    assert event_store().event_names(scope) == ["Paid", "Signed up"]
    assert set(event_store().property_names(scope, Source.PROPERTY)) == {"plan", "größe"}
    assert event_store().field_values(scope, Field(Source.EVENT, "path")) == ["/Paid", "/Signed up"]
    assert event_store().field_values(scope, Field(Source.PROPERTY, "größe")) == ["5"]


def test_names_are_remembered_as_plain_values_that_another_version_can_read():
    environment = EnvironmentFactory()
    collect(environment, "Paid", properties='{"plan": "team"}')

    choices(environment, Reader({}))

    remembered = cache.get(f"analytics:names:{environment.pk}")
    assert json.loads(json.dumps(remembered)) == {"events": ["Paid"], "properties": ["plan"], "of_people": []}


def test_what_takes_too_long_is_suggested_by_nothing(monkeypatch):
    environment = EnvironmentFactory()
    collect(environment, "Signed up")
    monkeypatch.setattr(suggestions, "TIME_LIMIT", timedelta(milliseconds=50))
    monkeypatch.setitem(suggestions.SAMPLED, "events", "select {columns} from events, pg_sleep(20) limit {sample}")

    with pytest.raises(QueryTimeout):
        event_store().event_names(Scope.of(environment))
    assert choices(environment, Reader({})).events[0].title == "Built in"


def test_people_are_suggested_too():
    environment = EnvironmentFactory()
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into people (environment_id, actor_id, identity, properties, first_seen_at, last_seen_at) "
            "values (%s, -1, 'ada@shop.example', '{\"plan\": \"team\"}', now(), now())",
            [environment.pk],
        )
    scope = Scope.of(environment)

    assert event_store().property_names(scope, Source.USER) == ["plan"]
    assert event_store().field_values(scope, Field(Source.USER, "plan")) == ["team"]
    assert event_store().field_values(scope, Field(Source.PERSON, "identity")) == ["ada@shop.example"]


def test_a_part_narrows_without_regard_to_case_and_takes_nothing_for_a_pattern():
    environment = EnvironmentFactory()
    collect(environment, "Signed up", "Paid", "100%")
    scope = Scope.of(environment)

    assert event_store().event_names(scope, "SIGN") == ["Signed up"]
    assert event_store().event_names(scope, "%") == ["100%"]
