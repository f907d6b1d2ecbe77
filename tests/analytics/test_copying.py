"""What a new environment gets from another."""

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from analytics import actions
from analytics.models import Definition, Pin, Report, Segment
from events.models import Event
from projects.actions import add_environment
from tests.analytics.factories import DefinitionFactory, ReportFactory, SegmentFactory
from tests.factories import EnvironmentFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return EnvironmentFactory()


def copied(source, name="Staging"):
    return add_environment(project=source.project, name=name, source=source, by=UserFactory())


def test_everything_kept_is_copied_and_no_data(source):
    DefinitionFactory.create_batch(3, environment=source)
    SegmentFactory.create_batch(2, environment=source)
    ReportFactory(environment=source)
    ReportFactory()  # of another environment

    added = copied(source)

    assert added.copied == {"definitions": 3, "segments": 2, "reports": 1}
    assert Report.objects.filter(environment=added.environment).count() == 1
    assert not Event.objects.exists()


def test_the_receipt_says_what_was_copied(source):
    DefinitionFactory.create_batch(14, environment=source)
    ReportFactory.create_batch(6, environment=source)

    assert copied(source).receipt == "14 definitions and 6 reports copied, 0 events"


def test_a_copy_keeps_lineage_body_and_author_and_starts_at_version_1(source):
    definition = DefinitionFactory(environment=source, version=7, notes="why")

    copy = Definition.objects.get(environment=copied(source).environment)

    same = ("lineage", "name", "notes", "body", "created_by", "created_at")
    assert [getattr(copy, name) for name in same] == [getattr(definition, name) for name in same]
    assert (copy.pk != definition.pk, copy.version) == (True, 1)


def test_copies_are_independent(source):
    definition = DefinitionFactory(environment=source, name="Old")
    environment = copied(source).environment

    Definition.objects.filter(pk=definition.pk).update(name="New")

    assert Definition.objects.get(environment=environment).name == "Old"


def test_the_dashboard_is_copied_in_its_order(source):
    first, second, _ = ReportFactory.create_batch(3, environment=source)
    for report in (second, first):
        actions.pin(report=report, by=UserFactory())

    environment = copied(source).environment

    pins = Pin.objects.filter(environment=environment).order_by("position")
    assert [pin.report.lineage for pin in pins] == [second.lineage, first.lineage]
    assert {pin.report.environment_id for pin in pins} == {environment.pk}


def test_a_copy_of_many_takes_no_more_statements_than_a_copy_of_none(source):
    empty = EnvironmentFactory()
    with CaptureQueriesContext(
        connection,
    ) as few:
        copied(empty)
    for model in (Definition, Segment, Report):
        extra = {"kind": "graph"} if model is Report else {}
        model.objects.bulk_create([model(environment=source, name=f"{n}", body={}, **extra) for n in range(10_000)])

    with CaptureQueriesContext(connection) as many:
        added = copied(source)

    assert added.copied == {"definitions": 10_000, "segments": 10_000, "reports": 10_000}
    assert len(many) == len(few)
