from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from events.models import Event, Merge, Person
from heapadmin import sample
from tests.factories import EnvironmentFactory

NOW = datetime(2026, 3, 17, 15, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def environment():
    return EnvironmentFactory()


def test_the_shop_has_ninety_days_of_everything(environment):
    made = sample.fill(environment, now=NOW)

    events = Event.objects.filter(environment_id=environment.pk)
    first, last = events.earliest("time").time, events.latest("time").time
    assert events.count() == made > 10_000
    assert NOW - timedelta(days=90) <= first < NOW - timedelta(days=89)
    assert NOW - timedelta(days=1) < last < NOW
    assert set(events.values_list("kind", flat=True).distinct()) == {"custom", "pageview", "click", "change", "submit"}
    assert events.filter(name="Order placed").count() > 100


def test_some_visitors_became_people_with_all_they_did_before(environment):
    sample.fill(environment, now=NOW)

    people = Person.objects.filter(environment_id=environment.pk, identity__isnull=False)
    assert people.count() > 100
    assert Merge.objects.filter(environment_id=environment.pk).count() == people.count()
    assert set(people.first().properties) == {"name", "plan", "country"}


def test_nothing_is_left_to_the_default_partition(environment):
    sample.fill(environment, now=NOW)

    assert not Event.objects.extra(where=["tableoid = 'events_default'::regclass"]).exists()


def test_an_unknown_app_id_is_an_error():
    with pytest.raises(CommandError, match="No environment has the app_id 1234567890"):
        call_command("sampledata", "--app-id", "1234567890")
