"""How a page of a definition, segment or report is found in another environment: by lineage (projects/switching.py)."""

from typing import Any

from analytics.models import Definition, Kept, Report, Segment
from projects import registry
from projects.models import Environment


def register() -> None:
    """Tell the switcher of every page that shows one kept thing."""
    for model, what in ((Definition, ("", "_edit")), (Segment, ("", "_edit")), (Report, ("", "_edit"))):
        noun = str(model._meta.verbose_name)
        counterpart = registry.Counterpart(noun, f"analytics:{noun}_list", _exists_in(model))
        registry.register_counterpart(counterpart, *(f"analytics:{noun}{each}" for each in what))


def _exists_in(model: type[Kept]) -> Any:
    def exists(environment: Environment, arguments: dict[str, Any]) -> bool:
        return model._default_manager.filter(environment=environment, lineage=arguments["lineage"]).exists()

    return exists
