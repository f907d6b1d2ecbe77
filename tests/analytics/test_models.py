"""Methods of analytics' models."""

import pytest

from analytics.models import Dashboard, Definition, Pin, Report, Segment
from tests.analytics.factories import DefinitionFactory, PinFactory, SegmentFactory

pytestmark = pytest.mark.django_db


def test_what_is_kept_goes_with_its_environment():
    environment = PinFactory().environment
    DefinitionFactory(environment=environment)
    SegmentFactory(environment=environment)

    environment.delete()

    assert not any(model.objects.exists() for model in (Dashboard, Definition, Segment, Report, Pin))
