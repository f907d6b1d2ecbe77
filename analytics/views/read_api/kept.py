"""The token's project, its environments, and what is kept in one: definitions, segments, reports and dashboards."""

from typing import Any
from uuid import UUID

from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, JsonResponse
from django.shortcuts import get_object_or_404
from django.urls import reverse

from accounts.models import User
from analytics.definitions.lineages import DASHBOARD
from analytics.models import MODELS, Report
from analytics.views.lists import AnyKept, in_words
from analytics.views.read_api.paging import JsonRow, page, page_of
from common import links
from projects.api_tokens.door import Caller, environment_api, project_api
from projects.models import Environment, TokenScope

PAGES = {DASHBOARD: "analytics:dashboard_page"}


@project_api(None)
def project(request: HttpRequest, caller: Caller) -> HttpResponse:
    """What the token opens, and for whom."""
    found = caller.project
    return JsonResponse(
        {
            "name": found.name,
            "time_zone": found.time_zone,
            "week_starts_on": found.week_starts_on,
            "token": {"name": caller.token.name, "made_by": str(caller.user), "scopes": caller.token.scopes},
        }
    )


@project_api(TokenScope.DEFINITIONS)
def environments(request: HttpRequest, caller: Caller) -> HttpResponse:
    rows, following = page_of(request, caller.project.environments.live(), "app_id")
    found = (
        {
            "app_id": each.app_id,
            "name": each.name,
            "is_production": each.is_production,
            "created_at": each.created_at,
        }
        for each in rows
    )
    return page(request, found, following)


@environment_api(TokenScope.DEFINITIONS)
def kept_list(request: HttpRequest, caller: Caller, environment: Environment, noun: str) -> HttpResponse:
    """All of one noun (definitions/lineages.py)."""
    rows, following = page_of(request, _all(environment, noun), "lineage", UUID)
    return page(request, _as_json(environment, noun, rows), following)


@environment_api(TokenScope.DEFINITIONS)
def kept_one(request: HttpRequest, caller: Caller, environment: Environment, noun: str, lineage: UUID) -> HttpResponse:
    found = get_object_or_404(_all(environment, noun), lineage=lineage)
    [row] = _as_json(environment, noun, [found])
    return JsonResponse(row)


def _all(environment: Environment, noun: str) -> QuerySet[Any]:
    return MODELS[noun]._default_manager.filter(environment=environment).select_related("created_by", "changed_by")


def _as_json(environment: Environment, noun: str, rows: list[AnyKept]) -> list[JsonRow]:
    return [_row(environment, noun, row, words) for row, words in in_words(environment, noun, rows)]


def _row(environment: Environment, noun: str, row: AnyKept, words: list[str]) -> JsonRow:
    content: dict[str, Any] = {"content": row.body}
    if isinstance(row, Report):
        content = {"kind": row.kind, "parameters": row.body["parameters"]}
    return {
        "id": str(row.lineage),
        "name": row.name,
        "notes": row.notes,
        "tags": row.tags,
        "in_words": words,
        **content,
        "version": row.version,
        "created_at": row.created_at,
        "created_by": _name(row.created_by),
        "changed_at": row.changed_at,
        "changed_by": _name(row.changed_by),
        "url": links.absolute(reverse(PAGES.get(noun, f"analytics:{noun}"), args=[environment.app_id, row.lineage])),
    }


def _name(person: User | None) -> str | None:
    return str(person) if person else None
