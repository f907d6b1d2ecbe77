"""Definitions: named events. Everybody may look; full access may change."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.policy import Can
from analytics import actions
from analytics.definitions import used_by
from analytics.definitions.bodies import DefinitionBody
from analytics.definitions.catalogue import Catalogue, read_definitions
from analytics.forms.kept import definition_form, read_definition, write_definition
from analytics.models import Definition
from analytics.questions.parameters import Pairs
from analytics.questions.query import Scope
from analytics.store.current import event_store
from analytics.store.protocol import DefinitionPreview
from analytics.views import kept
from analytics.views.kept import Thing
from projects.door import environment_view
from projects.models import Environment


def _write(definition: Definition) -> Pairs:
    return write_definition(definition.name, definition.notes, DefinitionBody.from_json(definition.body))


def _describe(body: DefinitionBody, environment: Environment) -> list[dict[str, Any]]:
    """The alternatives in words."""
    catalogue = Catalogue(read_definitions(environment.pk, body.lineages()))
    return [{"event": catalogue.event_label(each.event), "where": each.where} for each in body.alternatives]


def _preview(scope: Scope, body: DefinitionBody) -> DefinitionPreview:
    return event_store().preview_definition(scope, body)


THING = Thing(
    word="definition",
    model=Definition,
    read=read_definition,
    write=_write,
    form=definition_form,
    preview=_preview,
    describe=_describe,
    create=actions.create_definition,
    change=actions.change_definition,
    delete=actions.delete_definition,
    users=used_by.users_of_definition,
)


@require_safe
@environment_view(Can.VIEW)
def definition_list(request: HttpRequest, environment: Environment) -> HttpResponse:
    return kept.show_list(request, environment, THING)


@require_safe
@environment_view(Can.VIEW)
def definition(request: HttpRequest, environment: Environment, lineage: Any) -> HttpResponse:
    return kept.show_one(request, environment, THING, lineage)


@require_safe
@environment_view(Can.EDIT)
def definition_preview(request: HttpRequest, environment: Environment) -> HttpResponse:
    return kept.show_preview(request, environment, THING)


@environment_view(Can.EDIT)
def definition_create(request: HttpRequest, environment: Environment) -> HttpResponse:
    return kept.create(request, environment, THING)


@environment_view(Can.EDIT)
def definition_edit(request: HttpRequest, environment: Environment, lineage: Any) -> HttpResponse:
    return kept.edit(request, environment, THING, lineage)


@environment_view(Can.EDIT)
def definition_delete(request: HttpRequest, environment: Environment, lineage: Any) -> HttpResponse:
    return kept.delete(request, environment, THING, lineage)
