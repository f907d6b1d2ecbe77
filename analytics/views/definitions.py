"""Definitions: named events. Everyone may view them; changing them takes full access."""

from typing import Any
from uuid import UUID

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.http import require_safe

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics import actions
from analytics.definitions.bodies import DefinitionBody
from analytics.definitions.glossary import Glossary, read_definitions
from analytics.definitions.lineages import DEFINITION
from analytics.definitions.used_by import users_of_definition
from analytics.forms.choices import choices
from analytics.forms.definitions import definition_form, read_definition, write_definition
from analytics.forms.typed import read_typed
from analytics.kinds.change import change
from analytics.labelling.picture import Picture, of_definition, of_event
from analytics.models import Definition
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Reader, as_lists
from analytics.questions.query import Scope
from analytics.questions.sessions import SESSION_RULE
from analytics.questions.words import earlier_words
from analytics.store.current import event_store
from analytics.store.protocol import DefinitionPreview
from analytics.views.lists import kept_list
from analytics.views.pages import page
from analytics.views.parts import delete_page, form_frame, previewed, version_of
from projects.door import environment_view
from projects.models import Environment

BUILTIN = [
    ("Pageview", "Every page that was looked at."),
    ("Session", SESSION_RULE),
]


def _found(environment: Environment, lineage: UUID) -> QuerySet[Definition]:
    definitions = Definition.objects.select_related("created_by", "changed_by")
    return definitions.filter(environment=environment, lineage=lineage)


def _find(environment: Environment, lineage: UUID) -> Definition:
    return get_object_or_404(_found(environment, lineage))


@require_safe
@environment_view(Can.VIEW)
def definition_list(request: HttpRequest, environment: Environment) -> HttpResponse:
    context = {"noun": DEFINITION, "list": kept_list(request, environment, DEFINITION), "builtin": BUILTIN}
    return page(request, environment, "analytics/definition_list.html", context)


@require_safe
@environment_view(Can.VIEW)
def definition(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    found = _find(environment, lineage)
    body = read_definition(_filled_in(found)).body
    context: dict[str, Any] = {"kept": found, "body": _alternatives(body, environment) if body else None}
    context |= _previewed(environment, body)
    context["picture"] = _picture(body, context["preview"]) if body else None
    return page(request, environment, "analytics/definition.html", context)


def _picture(body: DefinitionBody, preview: DefinitionPreview | None) -> Picture | None:
    """Of the element that was meant last; without one, of what the definition says of it. None if it says nothing."""
    said = of_definition(body)
    latest = preview.latest if preview and said else []
    return next((found for each in latest if (found := of_event(each.fields))), said)


def _previewed(environment: Environment, body: DefinitionBody | None) -> dict[str, Any]:
    """What the body matches, and how far that is from the 7 days before."""
    context = previewed(event_store().preview_definition, environment, body)
    preview: DefinitionPreview | None = context["preview"]
    if preview and preview.before is not None:
        when = earlier_words(preview.earlier, Scope.of(environment).zone)
        context["change"] = change(preview.count, preview.before, when)
    return context


def _filled_in(found: Definition) -> Reader:
    """The form's values for a saved definition."""
    return Reader(as_lists(write_definition(found.name, found.notes, DefinitionBody.from_json(found.body))))


def _alternatives(body: DefinitionBody, environment: Environment) -> list[dict[str, Any]]:
    """The alternatives in words."""
    glossary = Glossary(read_definitions(environment.pk, body.lineages()))
    return [{"event": glossary.event_label(each.event), "where": each.where} for each in body.alternatives]


@require_safe
@environment_view(Can.EDIT)
def definition_preview(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The part of the form's page that shows what the unsaved form matches."""
    body = read_definition(read_typed(environment, request.GET), named=False).sound_body
    context = _previewed(environment, body)
    return page(request, environment, "analytics/definition_preview.html", context)


@environment_view(Can.EDIT)
def definition_create(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The form for a new definition. A GET may fill it in: from a row of the live view, or when the form reloads."""
    if request.method != "POST":
        return _form(request, environment, read_typed(environment, request.GET))
    read = read_definition(read_typed(environment, request.POST))
    if (body := read.sound_body) is None:
        return _form(request, environment, read.raw)
    try:
        saved = actions.create_definition(
            environment=environment, name=read.name, notes=read.notes, body=body, by=signed_in_user(request)
        )
    except BadQuery as error:
        read.raw.wrong(error.at, error.message)
        return _form(request, environment, read.raw)
    messages.success(request, f"Definition {saved.name} saved.")
    return redirect("analytics:definition", environment.app_id, saved.lineage)


@environment_view(Can.EDIT)
def definition_edit(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    if request.method != "POST":
        found = _find(environment, lineage)
        return _form(request, environment, _filled_in(found), found)
    read, opened = read_definition(read_typed(environment, request.POST)), version_of(request.POST)
    saved = _found(environment, lineage).first()
    if saved is None:
        return _offer_as_new(request, environment, read.raw)
    if (body := read.sound_body) is None:
        return _form(request, environment, read.raw, saved, opened)
    by = signed_in_user(request)
    try:
        actions.change_definition(definition=saved, name=read.name, notes=read.notes, body=body, version=opened, by=by)
    except BadQuery as error:
        read.raw.wrong(error.at, error.message)
        return _form(request, environment, read.raw, saved, opened)
    except actions.Gone:
        return _offer_as_new(request, environment, read.raw)
    except actions.Conflict:
        return _form(request, environment, read.raw, _find(environment, lineage), status=409)
    messages.success(request, f"Definition {read.name} saved.")
    return redirect("analytics:definition", environment.app_id, lineage)


def _offer_as_new(request: HttpRequest, environment: Environment, raw: Reader) -> HttpResponse:
    """Offer the input for a deleted definition as a new one."""
    raw.wrong("", "Somebody deleted this definition meanwhile. What you typed is below, and saving makes it anew.")
    return _form(request, environment, raw, status=404)


def _form(
    request: HttpRequest,
    environment: Environment,
    raw: Reader,
    saved: Definition | None = None,
    version: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """The form of the `saved` definition, or of a new one. `form_frame` explains `version` and `status`."""
    context = form_frame(raw, saved, version, status) | {"form": definition_form(raw, choices(environment, raw))}
    context |= _previewed(environment, read_definition(Reader(raw.values), named=False).sound_body)
    return page(request, environment, "analytics/definition_form.html", context, status)


@environment_view(Can.EDIT)
def definition_delete(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    """Ask for confirmation and list what uses it. Once confirmed, it is deleted even though it is used."""
    found = _find(environment, lineage)
    if request.method != "POST":
        return delete_page(request, environment, DEFINITION, found, users_of_definition(found))
    although_used = "although_used" in request.POST
    try:
        actions.delete_definition(definition=found, by=signed_in_user(request), although_used=although_used)
    except actions.InUse as in_use:  # it came into use after the page was shown
        return delete_page(request, environment, DEFINITION, found, in_use.users, 409)
    messages.success(request, f"Definition {found.name} deleted.")
    return redirect("analytics:definition_list", environment.app_id)
