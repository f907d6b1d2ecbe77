"""The same definition, segment, report or person in another environment. Copies keep their lineage."""

from typing import Any

from analytics.models import MODELS, Definition, Report, Segment
from analytics.store.current import event_store
from projects.models import Environment
from projects.registry import Counterpart, register_counterpart


def register() -> None:
    """Register the pages of these things with the environment switcher, so that it leads to the counterpart."""
    for noun, model in MODELS.items():
        pages = [f"analytics:{noun}{page}" for page in ("", "_edit", "_delete")]
        register_counterpart(Counterpart(noun, f"analytics:{noun}_list", _of_lineage(model)), *pages)
    people = Counterpart("person", "analytics:users", _is_person)
    register_counterpart(people, "analytics:person", "analytics:person_delete")


def _of_lineage(model: type[Definition] | type[Segment] | type[Report]) -> Any:
    def exists(environment: Environment, arguments: dict[str, Any]) -> bool:
        return model.objects.filter(environment=environment, lineage=arguments["lineage"]).exists()

    return exists


def _is_person(environment: Environment, arguments: dict[str, Any]) -> bool:
    return event_store().has_person(environment.pk, arguments["actor_id"])
