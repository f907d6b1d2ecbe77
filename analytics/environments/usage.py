"""Counts per environment of events and of kept things, for pages that list environments (projects.registry)."""

from collections.abc import Iterable
from dataclasses import replace

from django.db.models import Count

from analytics.models import Definition, Report, Segment
from analytics.questions.query import Scope
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from common.database import TookTooLong
from projects.models import Environment
from projects.registry import KeptCounts, Usage


def usage(environments: Iterable[Environment]) -> dict[int, Usage]:
    """The newest arrival, the events of the last 7 days, and their room, by environment id. Raises TookTooLong."""
    scopes = [Scope.of(environment) for environment in environments]
    try:
        room = event_store().bytes_used([scope.environment_id for scope in scopes])
        return {key: replace(each, bytes_used=room.get(key)) for key, each in event_store().usage(scopes).items()}
    except QueryTimeout as error:
        raise TookTooLong from error


def kept(environments: Iterable[Environment]) -> dict[int, KeptCounts]:
    """How many definitions, segments and reports each environment has: one statement per kind for all environments."""
    ids = [environment.pk for environment in environments]
    counts: dict[int, KeptCounts] = {key: {"definitions": 0, "segments": 0, "reports": 0} for key in ids}
    for noun, model in (("definitions", Definition), ("segments", Segment), ("reports", Report)):
        found = model._default_manager.filter(environment__in=ids).values_list("environment_id").annotate(Count("pk"))
        for key, number in found:
            counts[key][noun] = number
    return counts
