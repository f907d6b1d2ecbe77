"""What the database refuses, whoever asks."""

import pytest
from django.db import IntegrityError, connection, transaction

from analytics.models import Definition, Pin, Report, Segment
from tests.analytics.factories import DefinitionFactory, ReportFactory, SegmentFactory
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db
FACTORIES = [DefinitionFactory, SegmentFactory, ReportFactory]


def refused(name):
    """The change inside is refused by the constraint of this name, now or when it is committed."""
    return pytest.raises(IntegrityError, match=name)


@pytest.mark.parametrize("factory", FACTORIES)
def test_a_lineage_occurs_once_per_environment(factory):
    kept = factory()
    factory(lineage=kept.lineage)

    with refused("_lineage_once_per_environment"):
        factory(environment=kept.environment, lineage=kept.lineage)


@pytest.mark.parametrize("factory", FACTORIES)
def test_everything_kept_has_a_name(factory):
    with refused("_has_a_name"):
        factory(name="")


@pytest.mark.parametrize("factory", FACTORIES)
def test_versions_begin_at_1(factory):
    with refused("_version_from_1"):
        factory(version=0)


def test_a_report_is_of_a_known_kind():
    with refused("report_kind_known"):
        ReportFactory(kind="pie")


def test_a_pin_cannot_show_another_environments_report():
    with refused("pin_and_report_of_one_environment"):
        Pin.objects.create(environment=EnvironmentFactory(), report=ReportFactory(), position=0)


def test_a_report_cannot_move_away_under_its_pin():
    report = ReportFactory()
    Pin.objects.create(environment=report.environment, report=report, position=0)

    with refused("pin_and_report_of_one_environment"):
        Report.objects.filter(pk=report.pk).update(environment=EnvironmentFactory())


def test_two_tiles_cannot_share_a_place():
    first, environment = ReportFactory(), None
    environment = first.environment
    second = ReportFactory(environment=environment)
    Pin.objects.create(environment=environment, report=first, position=0)

    with refused("pin_position_once_per_environment"), transaction.atomic():
        Pin.objects.create(environment=environment, report=second, position=0)
        with connection.cursor() as cursor:
            cursor.execute("set constraints all immediate")


def test_what_is_kept_goes_with_its_environment():
    report = ReportFactory()
    environment = report.environment
    DefinitionFactory(environment=environment)
    SegmentFactory(environment=environment)
    Pin.objects.create(environment=environment, report=report, position=0)

    environment.delete()

    assert not any(model.objects.exists() for model in (Definition, Segment, Report, Pin))
