"""Shared parts of the pages of definitions, segments and reports: preview, the frame of forms, deleting."""

from collections.abc import Callable
from typing import Any, TypeVar

from django.http import HttpRequest, HttpResponse, QueryDict

from analytics.alerts.watching import watching
from analytics.definitions.used_by import UsedBy
from analytics.models import Definition, Segment
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Reader
from analytics.questions.query import Scope
from analytics.store.failures import QueryFailed
from analytics.views.pages import page
from projects.models import Environment

AnyBody = TypeVar("AnyBody")


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
    """Ask whether to delete it, and list what uses it and which alerts watch it."""
    alerts = watching(environment, noun, [saved.lineage])
    context = {"noun": noun, "kept": saved, "in_use": users, "alerts": alerts}
    return page(request, environment, "analytics/kept_delete.html", context, status)
