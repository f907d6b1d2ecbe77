"""What will be removed next, and what a change would remove."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from analytics.expiry.night import next_night
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from projects.keeping import kept_from, months_kept
from projects.models import Environment, Project

MOST_COUNTED = 1_000_000
COUNTING_LIMIT = timedelta(seconds=2)


@dataclass(frozen=True)
class Forecast:
    """What goes from one environment. `events` is None if counting took too long, and exact up to a million."""

    environment: Environment
    months: int | None  # that are kept; None: for ever
    at: datetime | None = None  # when it goes
    before: datetime | None = None  # what goes: events from before
    events: int | None = 0

    @property
    def has_more(self) -> bool:
        """Than were counted."""
        return self.events is not None and self.events > MOST_COUNTED


def at_night(project: Project, months: Mapping[int | None, int | None], now: datetime) -> list[Forecast]:
    """What the coming night would remove if `months` were set, by environment id; None stands for the project."""
    project.months_kept = months.get(None, project.months_kept)
    environments = []
    for environment in project.environments.live().order_by("-is_production", "name"):
        environment.project = project
        environment.months_kept = months.get(environment.pk, environment.months_kept)
        environments.append(environment)
    night = next_night(now)
    found = _counted([(each, night) for each in environments])
    return [each for each in found if each.events != 0]


def coming(environments: Sequence[Environment], now: datetime) -> list[Forecast]:
    """What goes next from each, if nothing is changed: in the coming night, or else when the next month begins."""
    night = next_night(now)
    tonight = {each.environment.pk: each for each in _counted([(each, night) for each in environments])}
    month = next_night(kept_from(-1, now))
    later = {each.environment.pk: each for each in _counted([(each, month) for each in environments])}
    return [
        tonight[each.pk] if tonight[each.pk].events != 0 and tonight[each.pk].months else later[each.pk]
        for each in environments
    ]


def _counted(asked: Sequence[tuple[Environment, datetime]]) -> list[Forecast]:
    kept = [(environment, at, months_kept(environment)) for environment, at in asked]
    befores = {each.pk: kept_from(months, at) for each, at, months in kept if months is not None}
    try:
        events: Mapping[int, int] | None = event_store().count_before(befores, MOST_COUNTED + 1, COUNTING_LIMIT)
    except QueryTimeout:
        events = None
    return [
        Forecast(each, months)
        if months is None
        else Forecast(each, months, at, befores[each.pk], None if events is None else events[each.pk])
        for each, at, months in kept
    ]
