from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import CommandError, call_command

from analytics.actions import parameters_of
from analytics.dashboards.kept import dashboards, tiles_with_reports
from analytics.kinds.registry import parse, run
from analytics.questions.query import Scope
from events.models import Event, Merge, Person
from heapadmin import sample
from tests.factories import EnvironmentFactory, MembershipFactory

NOW = datetime(2026, 3, 17, 15, 30, tzinfo=UTC)
pytestmark = pytest.mark.django_db


@pytest.fixture
def environment():
    return EnvironmentFactory()


@pytest.fixture
def teammate(environment):
    return MembershipFactory(account=environment.project.account).user


def test_the_shop_has_ninety_days_of_everything(environment, teammate):
    made = sample.fill(environment, teammate, now=NOW)

    events = Event.objects.filter(environment_id=environment.pk)
    first, last = events.earliest("time").time, events.latest("time").time
    assert events.count() == made > 10_000
    assert NOW - timedelta(days=90) <= first < NOW - timedelta(days=89)
    assert NOW - timedelta(days=1) < last < NOW
    assert set(events.values_list("kind", flat=True).distinct()) == {"custom", "pageview", "click", "change", "submit"}
    assert events.filter(name="Order placed").count() > 100


def test_some_visitors_became_people_with_all_they_did_before(environment, teammate):
    sample.fill(environment, teammate, now=NOW)

    people = Person.objects.filter(environment_id=environment.pk, identity__isnull=False)
    assert people.count() > 100
    merges = Merge.objects.filter(environment_id=environment.pk).count()
    assert 0.9 * people.count() <= merges <= people.count()  # a few identities are those of a visitor drawn before
    assert set(people.first().properties) == {"name", "plan", "country"}


def test_nothing_is_left_to_the_default_partition(environment, teammate):
    sample.fill(environment, teammate, now=NOW)

    assert not Event.objects.extra(where=["tableoid = 'events_default'::regclass"]).exists()


def test_every_report_on_its_dashboard_has_an_answer(environment, teammate):
    sample.fill(environment, teammate, now=datetime.now(UTC))

    reports = [report for _, report in tiles_with_reports(dashboards(environment)[0]) if report]
    assert len({report.pk for report in reports}) == 4
    for report in reports:
        parsed = parse(report.kind, parameters_of(report), Scope.of(environment))
        assert run(parsed.query) is not None


def test_a_second_helping_keeps_the_questions_as_they_are(environment, teammate):
    sample.fill(environment, teammate, now=NOW)
    call_command("sampledata", "--app-id", environment.app_id)

    assert environment.definitions.count() == 3


def test_an_unknown_app_id_is_an_error():
    with pytest.raises(CommandError, match="No environment has the app_id 1234567890"):
        call_command("sampledata", "--app-id", "1234567890")
