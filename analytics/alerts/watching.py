"""Which alerts watch something, so that whoever deletes it knows."""

from collections.abc import Iterable
from uuid import UUID

from django.db.models import Q

from analytics.alerts.models import Alert, Watches
from analytics.definitions.lineages import DEFINITION, REPORT
from analytics.questions.query import EventReference, RefersTo
from projects.models import Environment


def watching(environment: Environment, noun: str, lineages: Iterable[UUID]) -> list[Alert]:
    """The alerts on any of these reports or definitions, by name: at most one statement. None is on a segment."""
    numbers = list(lineages)
    if noun == REPORT:
        of_them = Q(watches=Watches.REPORT, lineage__in=numbers)
    elif noun == DEFINITION:
        references = [str(EventReference(RefersTo.DEFINITION, str(number))) for number in numbers]
        of_them = Q(watches=Watches.DEFINITION, lineage__in=numbers) | Q(watches=Watches.SILENCE, event__in=references)
    else:
        return []
    return list(Alert.objects.filter(of_them, environment=environment).order_by("name", "pk"))
