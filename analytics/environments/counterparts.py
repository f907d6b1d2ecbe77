"""The same definition, segment, report, dashboard or person in another environment. Copies keep their lineage."""

from typing import Any

from analytics.dashboards.kept import dashboards
from analytics.definitions.lineages import DASHBOARD
from analytics.models import MODELS, Dashboard, Definition, Report, Segment
from analytics.store.current import event_store
from projects.models import Environment
from projects.registry import Counterpart, register_counterpart


def register() -> None:
    """Register the pages of these things with the environment switcher, so that it leads to the counterpart."""
    for noun, model in MODELS.items():
        if noun != DASHBOARD:
            pages = [f"analytics:{noun}{page}" for page in ("", "_edit", "_delete")]
            register_counterpart(Counterpart(noun, f"analytics:{noun}_list", _of_lineage(model)), *pages)
    of_dashboards = Counterpart(DASHBOARD, "analytics:dashboard_list", _dashboard)
    register_counterpart(of_dashboards, *(f"analytics:dashboard_{page}" for page in ("page", "edit", "delete")))
    people = Counterpart("person", "analytics:users", _person)
    register_counterpart(people, "analytics:person", "analytics:person_delete")


def _of_lineage(model: type[Definition] | type[Segment] | type[Report] | type[Dashboard]) -> Any:
    def find(environment: Environment, arguments: dict[str, Any]) -> dict[str, Any] | None:
        there = model.objects.filter(environment=environment, lineage=arguments["lineage"]).exists()
        return arguments if there else None

    return find


def _dashboard(environment: Environment, arguments: dict[str, Any]) -> dict[str, Any] | None:
    """The copy of a dashboard, or one that was made by hand and has its name."""
    there = dashboards(environment)
    here = Dashboard.objects.filter(
        environment__project__account_id=environment.project.account_id,
        environment__app_id=arguments["app_id"],
        lineage=arguments["lineage"],
    ).first()
    lineages = [each.lineage for each in there]
    named = [each.lineage for each in there if here and each.name == here.name]
    found = [arguments["lineage"]] if arguments["lineage"] in lineages else named
    return arguments | {"lineage": found[0]} if found else None


def _person(environment: Environment, arguments: dict[str, Any]) -> dict[str, Any] | None:
    return arguments if event_store().has_person(environment.pk, arguments["actor_id"]) else None
