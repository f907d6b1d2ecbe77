"""Segments: named groups of people. Everybody may look; full access may change."""

from typing import Any

from django.http import HttpRequest, HttpResponse
from django.views.decorators.http import require_safe

from accounts.policy import Can
from analytics import actions
from analytics.definitions import used_by
from analytics.definitions.bodies import Clause, SegmentBody
from analytics.definitions.catalogue import Catalogue, read_definitions
from analytics.forms.kept import read_segment, segment_form, write_segment
from analytics.models import Segment
from analytics.questions.conditions import Condition
from analytics.questions.parameters import Pairs
from analytics.questions.query import Comparison, Did, Scope
from analytics.store.current import event_store
from analytics.views import kept
from analytics.views.kept import Thing
from projects.door import environment_view
from projects.models import Environment


def _write(segment: Segment) -> Pairs:
    return write_segment(segment.name, segment.notes, SegmentBody.from_json(segment.body))


def _describe(body: SegmentBody, environment: Environment) -> dict[str, Any]:
    """The groups and their clauses in words."""
    catalogue = Catalogue(read_definitions(environment.pk, body.lineages()))
    groups = [
        {"match": group.match.value, "clauses": [_clause(each, catalogue) for each in group.clauses]}
        for group in body.groups
    ]
    return {"match": body.match.value, "groups": groups}


def _clause(clause: Clause, catalogue: Catalogue) -> dict[str, Any]:
    if isinstance(clause, Condition):
        return {"condition": clause}
    return {"did": did_words(clause), "event": catalogue.event_label(clause.selection.event), "clause": clause}


def did_words(did: Did) -> str:
    """ "did at least 3 times", "did not do"."""
    if did.comparison is Comparison.AT_MOST:
        return "did not do" if did.times == 0 else f"did at most {did.times:,}×"
    return "did" if did.times == 1 else f"did at least {did.times:,}×"


def _preview(scope: Scope, body: SegmentBody) -> int:
    return event_store().preview_segment(scope, body)


THING = Thing(
    word="segment",
    model=Segment,
    read=read_segment,
    write=_write,
    form=segment_form,
    preview=_preview,
    describe=_describe,
    create=actions.create_segment,
    change=actions.change_segment,
    delete=actions.delete_segment,
    users=used_by.users_of_segment,
)


@require_safe
@environment_view(Can.VIEW)
def segment_list(request: HttpRequest, environment: Environment) -> HttpResponse:
    return kept.show_list(request, environment, THING)


@require_safe
@environment_view(Can.VIEW)
def segment(request: HttpRequest, environment: Environment, lineage: Any) -> HttpResponse:
    return kept.show_one(request, environment, THING, lineage)


@require_safe
@environment_view(Can.EDIT)
def segment_preview(request: HttpRequest, environment: Environment) -> HttpResponse:
    return kept.show_preview(request, environment, THING)


@environment_view(Can.EDIT)
def segment_create(request: HttpRequest, environment: Environment) -> HttpResponse:
    return kept.create(request, environment, THING)


@environment_view(Can.EDIT)
def segment_edit(request: HttpRequest, environment: Environment, lineage: Any) -> HttpResponse:
    return kept.edit(request, environment, THING, lineage)


@environment_view(Can.EDIT)
def segment_delete(request: HttpRequest, environment: Environment, lineage: Any) -> HttpResponse:
    return kept.delete(request, environment, THING, lineage)
