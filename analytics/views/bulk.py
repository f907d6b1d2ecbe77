"""Changing several definitions, segments or reports at once: tagging, untagging, deleting. It takes full access."""

from collections.abc import Callable
from urllib.parse import urlencode
from uuid import UUID

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_POST

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics import actions
from analytics.alerts.watching import watching
from analytics.dashboards.kept import dashboards, reports_on
from analytics.definitions.tags import BadTags, read_tags
from analytics.definitions.used_by import bulk_deletion
from analytics.models import MODELS
from analytics.shared_links.listed import shared_count
from analytics.subscriptions.actions import running
from analytics.views.lists import Wanted
from analytics.views.pages import page
from common.counted import counted
from projects.door import environment_view
from projects.models import Environment

MAX_LISTED = 50  # names on the page that asks whether to delete


def bulk(noun: str) -> Callable[..., HttpResponseBase]:
    """The view that changes the ticked `item`s (lineages) of one noun: `do` is tag, untag or delete.

    `back` is the query of the list from which it was sent. With `on=page` it was sent from the thing's own page.
    """

    @require_POST
    @environment_view(Can.EDIT)
    def view(request: HttpRequest, environment: Environment) -> HttpResponse:
        lineages = _ticked(request)
        if not lineages:
            messages.error(request, "Nothing was ticked, nothing was changed.")
            return _back(request, environment, noun, lineages)
        if not MODELS[noun]._default_manager.filter(environment=environment, lineage__in=lineages).exists():
            raise Http404
        if request.POST.get("do") == "delete":
            return _delete(request, environment, noun, lineages)
        _change_tags(request, environment, noun, lineages)
        return _back(request, environment, noun, lineages)

    return view


def _ticked(request: HttpRequest) -> list[UUID]:
    try:
        return [UUID(text) for text in request.POST.getlist("item")]
    except ValueError:
        raise Http404 from None


def _back(request: HttpRequest, environment: Environment, noun: str, lineages: list[UUID]) -> HttpResponse:
    if request.POST.get("on") == "page" and len(lineages) == 1:
        return redirect(f"analytics:{noun}", environment.app_id, lineages[0])
    return redirect(_list_url(request, environment, noun))


def _list_url(request: HttpRequest, environment: Environment, noun: str) -> str:
    """The list from which the form was sent, as it was narrowed and ordered."""
    sent = QueryDict(request.POST.get("back", ""))
    number = {"page": sent["page"]} if sent.get("page", "").isdecimal() else {}
    query = "&".join(part for part in (Wanted.of(sent.dict(), noun).query, urlencode(number)) if part)
    return reverse(f"analytics:{noun}_list", args=[environment.app_id]) + (f"?{query}" if query else "")


def _change_tags(request: HttpRequest, environment: Environment, noun: str, lineages: list[UUID]) -> None:
    takes_away = request.POST.get("do") == "untag"
    try:
        tags = read_tags(request.POST.get("tags", ""))
        changed = actions.change_tags(
            environment=environment,
            noun=noun,
            lineages=lineages,
            add=() if takes_away else tags,
            remove=tags if takes_away else (),
            by=signed_in_user(request),
        )
    except BadTags as error:
        messages.error(request, f"{error} Nothing was changed.")
        return
    if not tags:
        messages.error(request, "No tag was typed, nothing was changed.")
        return
    done = "Taken away from" if takes_away else "Given to"
    messages.success(request, f"{done} {counted(len(changed), noun)}: {', '.join(tags)}.")


def _delete(request: HttpRequest, environment: Environment, noun: str, lineages: list[UUID]) -> HttpResponse:
    """Say what goes and what cannot go; once confirmed, delete what can."""
    if "confirmed" not in request.POST:
        found = bulk_deletion(environment, noun, lineages)
        on_dashboards = len(reports_on(dashboards(environment)).keys() & set(lineages)) if noun == "report" else 0
        context = {
            "noun": noun,
            "deletion": found,
            "alerts": watching(environment, noun, [each.lineage for each in found.goes]),
            "shared_count": shared_count(environment, noun, *(each.lineage for each in found.goes)),
            "subscriptions": running(environment, noun, [each.lineage for each in found.goes]),
            "on_dashboards": on_dashboards,
            "listed": MAX_LISTED,
            "back": request.POST.get("back", ""),
            "cancel": _list_url(request, environment, noun),
        }
        return page(request, environment, "analytics/kept_bulk_delete.html", context)
    done = actions.delete_several(environment=environment, noun=noun, lineages=lineages, by=signed_in_user(request))
    if done.goes:
        messages.success(request, f"{counted(len(done.goes), noun)} deleted.")
    if done.stays:
        messages.warning(request, f"{counted(len(done.stays), noun)} could not go, because of what uses them.")
    return _back(request, environment, noun, lineages)
