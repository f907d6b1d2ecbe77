"""Shared parts of the pages of definitions, segments and reports: search, preview, the frame of forms, deleting."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict

from analytics.definitions.glossary import Glossary, read_definitions
from analytics.definitions.lineages import references
from analytics.definitions.used_by import UsedBy
from analytics.environments.compare import Thing
from analytics.environments.differences import lines
from analytics.models import Definition, Kept, Segment
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Reader
from analytics.questions.query import Scope
from analytics.store.failures import QueryFailed
from analytics.views.pages import page
from projects.models import Environment

PAGE_SIZE = 100
AnyKept = TypeVar("AnyKept", bound=Kept)
AnyBody = TypeVar("AnyBody")


def listed(request: HttpRequest, rows: QuerySet[AnyKept]) -> dict[str, Any]:
    """One page of `rows` by name, only those whose name contains `?q=`, and the text that was searched for."""
    search = request.GET.get("q", "").replace("\0", "").strip()
    rows = rows.select_related("changed_by").order_by("name", "pk")
    if search:
        rows = rows.filter(name__icontains=search)
    return {"rows": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")), "search": search}


def in_words(
    environment: Environment, noun: str, rows: Iterable[Definition | Segment]
) -> list[tuple[Definition | Segment, list[str]]]:
    """Each row with its content in words, line by line."""
    things = [(row, Thing(noun, row.lineage, row.name, row.notes, row.body)) for row in rows]
    named = {key.lineage for _, thing in things for key in references(thing.body)}
    glossary = Glossary(read_definitions(environment.pk, named))
    return [(row, lines(thing, glossary)) for row, thing in things]


def previewed(
    preview: Callable[[Scope, AnyBody], object], environment: Environment, body: AnyBody | None
) -> dict[str, Any]:
    """The `preview` of what the body matches, or `preview_failure` in words. Without a body, both are empty."""
    if body is None:
        return {"preview": None, "preview_failure": ""}
    try:
        return {"preview": preview(Scope.of(environment), body), "preview_failure": ""}
    except (BadQuery, QueryFailed) as error:
        return {"preview": None, "preview_failure": error.message}


def version_of(data: QueryDict) -> int:
    """The version that was edited. If none was sent it is 0, which no row has."""
    text = data.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def form_frame(raw: Reader, saved: Definition | Segment | None, version: int | None, status: int) -> dict[str, Any]:
    """The frame around a form of the `saved` row, or of a new one. Status 409: another person saved first.

    `version` is the version that was edited, if it may be older than the saved one.
    """
    return {
        "kept": saved,
        "version": saved.version if saved and version is None else version,
        "conflict": status == 409 and saved is not None,
        "stray_error": raw.errors.get("", ""),
    }


def delete_page(
    request: HttpRequest,
    environment: Environment,
    noun: str,
    saved: Definition | Segment,
    users: UsedBy,
    status: int = 200,
) -> HttpResponse:
    """Ask whether to delete it, and list what uses it."""
    context = {"noun": noun, "kept": saved, "in_use": users}
    return page(request, environment, "analytics/kept_delete.html", context, status)
