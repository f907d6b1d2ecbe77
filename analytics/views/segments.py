"""Segments: named groups of people. Everyone may view them; changing them takes full access."""

from dataclasses import replace
from functools import partial
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
from analytics.definitions.bodies import FIXED_SEGMENT, Clause, SegmentBody
from analytics.definitions.glossary import Glossary, read_definitions
from analytics.definitions.lineages import SEGMENT
from analytics.definitions.used_by import users_of_segment
from analytics.forms.choices import choices
from analytics.forms.definitions import read_segment, segment_form, write_segment
from analytics.forms.typed import read_typed
from analytics.models import Segment
from analytics.questions.conditions import BadQuery, Condition
from analytics.questions.parameters import Reader, as_lists
from analytics.questions.query import Comparison, Did
from analytics.store.current import event_store
from analytics.views.lists import kept_list
from analytics.views.pages import page
from analytics.views.parts import delete_page, form_frame, previewed, version_of
from projects.door import environment_view
from projects.models import Environment


def _found(environment: Environment, lineage: UUID) -> QuerySet[Segment]:
    segments = Segment.objects.select_related("created_by", "changed_by")
    return segments.filter(environment=environment, lineage=lineage)


def _find(environment: Environment, lineage: UUID) -> Segment:
    return get_object_or_404(_found(environment, lineage))


@require_safe
@environment_view(Can.VIEW)
def segment_list(request: HttpRequest, environment: Environment) -> HttpResponse:
    context = {"noun": SEGMENT, "list": kept_list(request, environment, SEGMENT)}
    return page(request, environment, "analytics/segment_list.html", context)


@require_safe
@environment_view(Can.VIEW)
def segment(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    found = _find(environment, lineage)
    body = _fixed(found) or read_segment(_filled_in(found)).body
    context = {"kept": found, "body": _groups(body, environment) if body else None}
    preview = partial(event_store().preview_segment, lineage=lineage)
    context |= previewed(preview, environment, body)
    return page(request, environment, "analytics/segment.html", context)


def _fixed(found: Segment) -> SegmentBody | None:
    """The body of a fixed segment: its people cannot be edited. None for any other."""
    return FIXED_SEGMENT if SegmentBody.from_json(found.body).is_fixed else None


def _filled_in(found: Segment) -> Reader:
    """The form's values for a saved segment."""
    return Reader(as_lists(write_segment(found.name, found.notes, SegmentBody.from_json(found.body))))


def _groups(body: SegmentBody, environment: Environment) -> dict[str, Any]:
    """The groups and their clauses in words."""
    glossary = Glossary(read_definitions(environment.pk, body.lineages()))
    groups = [
        {"match": group.match.value, "clauses": [_clause(each, glossary) for each in group.clauses]}
        for group in body.groups
    ]
    return {"match": body.match.value, "groups": groups, "is_fixed": body.is_fixed}


def _clause(clause: Clause, glossary: Glossary) -> dict[str, Any]:
    if isinstance(clause, Condition):
        return {"condition": clause}
    return {"did": _did_words(clause), "event": glossary.event_label(clause.selection.event), "clause": clause}


def _did_words(did: Did) -> str:
    """ "did at least 3 times", "did not do"."""
    if did.comparison is Comparison.AT_MOST:
        return "did not do" if did.times == 0 else f"did at most {did.times:,}×"
    return "did" if did.times == 1 else f"did at least {did.times:,}×"


@require_safe
@environment_view(Can.EDIT)
def segment_preview(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The part of the form's page that shows what the unsaved form matches."""
    body = read_segment(read_typed(environment, request.GET), named=False).sound_body
    context = previewed(event_store().preview_segment, environment, body)
    return page(request, environment, "analytics/segment_preview.html", context)


@environment_view(Can.EDIT)
def segment_create(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The form for a new segment. A GET may fill it in, when the form reloads."""
    if request.method != "POST":
        return _form(request, environment, read_typed(environment, request.GET))
    read = read_segment(read_typed(environment, request.POST))
    if (body := read.sound_body) is None:
        return _form(request, environment, read.raw)
    try:
        saved = actions.create_segment(
            environment=environment, name=read.name, notes=read.notes, body=body, by=signed_in_user(request)
        )
    except BadQuery as error:
        read.raw.wrong(error.at, error.message)
        return _form(request, environment, read.raw)
    messages.success(request, f"Segment {saved.name} saved.")
    return redirect("analytics:segment", environment.app_id, saved.lineage)


@environment_view(Can.EDIT)
def segment_edit(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    if request.method != "POST":
        found = _find(environment, lineage)
        return _form(request, environment, _filled_in(found), found)
    read, opened = read_segment(read_typed(environment, request.POST)), version_of(request.POST)
    saved = _found(environment, lineage).first()
    if saved is None:
        return _offer_as_new(request, environment, read.raw)
    if _fixed(saved):
        read.raw.errors.pop("group", None)  # its form has none
        read = replace(read, body=FIXED_SEGMENT)
    if (body := read.sound_body) is None:
        return _form(request, environment, read.raw, saved, opened)
    by = signed_in_user(request)
    try:
        actions.change_segment(segment=saved, name=read.name, notes=read.notes, body=body, version=opened, by=by)
    except BadQuery as error:
        read.raw.wrong(error.at, error.message)
        return _form(request, environment, read.raw, saved, opened)
    except actions.Gone:
        return _offer_as_new(request, environment, read.raw)
    except actions.Conflict:
        return _form(request, environment, read.raw, _find(environment, lineage), status=409)
    messages.success(request, f"Segment {read.name} saved.")
    return redirect("analytics:segment", environment.app_id, lineage)


def _offer_as_new(request: HttpRequest, environment: Environment, raw: Reader) -> HttpResponse:
    """Offer the input for a deleted segment as a new one."""
    raw.wrong("", "Somebody deleted this segment meanwhile. What you typed is below, and saving makes it anew.")
    return _form(request, environment, raw, status=404)


def _form(
    request: HttpRequest,
    environment: Environment,
    raw: Reader,
    saved: Segment | None = None,
    version: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """The form of the `saved` segment, or of a new one. `form_frame` explains `version` and `status`."""
    context = form_frame(raw, saved, version, status) | {"form": segment_form(raw, choices(environment, raw))}
    fixed = _fixed(saved) if saved else None
    body = None if fixed else read_segment(Reader(raw.values), named=False).sound_body
    context |= {"is_fixed": fixed is not None} | previewed(event_store().preview_segment, environment, body)
    return page(request, environment, "analytics/segment_form.html", context, status)


@environment_view(Can.EDIT)
def segment_delete(request: HttpRequest, environment: Environment, lineage: UUID) -> HttpResponse:
    """Ask for confirmation and list what uses it. Once confirmed, it is deleted even though it is used."""
    found = _find(environment, lineage)
    if request.method != "POST":
        return delete_page(request, environment, SEGMENT, found, users_of_segment(found))
    although_used = "although_used" in request.POST
    try:
        actions.delete_segment(segment=found, by=signed_in_user(request), although_used=although_used)
    except actions.InUse as in_use:  # it came into use after the page was shown
        return delete_page(request, environment, SEGMENT, found, in_use.users, 409)
    messages.success(request, f"Segment {found.name} deleted.")
    return redirect("analytics:segment_list", environment.app_id)
