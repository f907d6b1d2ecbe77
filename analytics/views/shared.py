"""The pages of shared links, for people without a login. Of a request they read the secret, a tile's id, a password.

No parameter of the address is read, so nobody can ask for more than the link shows. Whoever is signed in is not looked
at: a session changes nothing here, and no page of anybody else is reached from here.
"""

import time
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from math import ceil
from typing import Any, Concatenate, ParamSpec
from uuid import UUID
from zoneinfo import ZoneInfo

from django.contrib.auth.decorators import login_not_required
from django.http import Http404, HttpRequest, HttpResponse, HttpResponseRedirect
from django.template.loader import render_to_string
from django.urls import reverse
from django.utils import timezone
from django.views.decorators.csrf import csrf_exempt

from analytics import actions
from analytics.charts.buttons import no_buttons
from analytics.dashboards.kept import question_of, tiles_with_reports
from analytics.dashboards.tiles import Tile, range_of
from analytics.dashboards.words import range_words
from analytics.models import Report
from analytics.shared_links.limits import seconds_to_wait
from analytics.shared_links.opened import OpenedLink, open_link
from analytics.shared_links.password import Tried, is_unlocked, try_password, unlock
from analytics.shared_links.views_count import count_view
from analytics.store.places import for_links_of
from analytics.store.protocol import TIME_LIMIT
from analytics.views.dashboard import ShownTile
from analytics.views.exports import put_off
from analytics.views.shared_answers import NoFile, SharedQuestion, answer_csv, answer_html
from common import csv, htmx

WHOLE_SECONDS = TIME_LIMIT.total_seconds()  # for all tiles of a page that comes at once
P = ParamSpec("P")  # the view's other arguments from the URL
Linked = Callable[Concatenate[HttpRequest, OpenedLink, str, P], HttpResponse]


def linked(*methods: str, locked: bool = True) -> Callable[[Linked[P]], Callable[..., HttpResponse]]:
    """A view of what a secret opens: `view(request, opened, secret, …)`. One that is `locked` minds the password.

    Whatever opens nothing gets the same answer: a secret that never was one, or whose link has ended or expired, whose
    account is closed or allows no links, or that shows what was deleted.
    """

    def decorate(view: Linked[P]) -> Callable[..., HttpResponse]:
        @csrf_exempt  # whoever sends the password form gets in, and nothing else changes
        @login_not_required
        @wraps(view)
        def answered(request: HttpRequest, secret: str, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
            if request.method not in methods:
                words = f"Use {' or '.join(methods)}.\n"
                return _closed(HttpResponse(words, status=405, headers={"Allow": ", ".join(methods)}))
            opened = open_link(secret)
            if opened is None:
                return nothing(request)
            project = opened.environment.project
            with for_links_of(project.account_id), no_buttons(), timezone.override(ZoneInfo(project.time_zone)):
                try:
                    response = _held_up(request, opened, secret, is_locked=locked) or view(
                        request, opened, secret, *args, **kwargs
                    )
                except Http404:
                    return nothing(request)
            return _closed(response, project.account.embedding_sites)

        return answered

    return decorate


def _held_up(request: HttpRequest, opened: OpenedLink, secret: str, *, is_locked: bool) -> HttpResponse | None:
    """The answer to a request that comes too soon after many others, or needs the password first."""
    if wait := seconds_to_wait(request, opened.link):
        return _page("too_many", {"seconds": wait}, 429, {"Retry-After": str(wait)})
    if is_locked and not is_unlocked(request, opened.link):
        return htmx.leave(request, reverse("analytics:shared", args=[secret]), status=401)
    return None


@csrf_exempt
@login_not_required
def nothing(request: HttpRequest, **_: Any) -> HttpResponse:
    """The answer to all that opens nothing: 404 with the same body."""
    return _closed(_page("nothing", {}, 404))


@csrf_exempt
@login_not_required
def with_slash(request: HttpRequest, **_: Any) -> HttpResponse:
    """Leads to the same address with a slash at its end, whether it opens something or not."""
    return _closed(HttpResponseRedirect(request.get_full_path(force_append_slash=True)))


def _page(name: str, context: dict[str, Any], status: int = 200, headers: dict[str, str] | None = None) -> HttpResponse:
    """Without the request, so nothing of a person who is signed in, or of their accounts, can be on it."""
    return HttpResponse(render_to_string(f"analytics/shared/{name}.html", context), status=status, headers=headers)


def _closed(response: HttpResponse, sites: list[str] | None = None) -> HttpResponse:
    """With headers that keep it out of search engines, caches, other sites' logs, and frames but those of `sites`."""
    response["Cache-Control"] = "no-store"
    response["Referrer-Policy"] = "no-referrer"
    response["X-Robots-Tag"] = "noindex, nofollow"
    response._csp_replace = {"frame-ancestors": sites or ["'none'"]}  # type: ignore[attr-defined]  # read by django-csp
    response.xframe_options_exempt = bool(sites)  # that header cannot name sites
    return response


@linked("GET", "HEAD", "POST", locked=False)
def shared(request: HttpRequest, opened: OpenedLink, secret: str) -> HttpResponse:
    """The page; or the form for its password, to which a POST belongs."""
    link = opened.link
    if request.method == "POST":
        tried = try_password(request, link, request.POST.get("password", "")) if link.password else Tried(True)
        if not tried.is_right:
            return _password_page(tried)
        response = HttpResponseRedirect(reverse("analytics:shared", args=[secret]))
        if link.password:
            unlock(request, response, link, secret)
        return response
    if not is_unlocked(request, link):
        return _password_page(None)
    if request.method == "GET":
        count_view(link)
    return _page("page", _frame(opened, secret, is_whole=False))


def _password_page(tried: Tried | None) -> HttpResponse:
    wait = ceil(tried.wait_seconds) if tried else 0
    context = {"is_wrong": tried is not None, "seconds": wait}
    if wait:
        return _page("password", context, 429, {"Retry-After": str(wait)})
    return _page("password", context, 403 if tried else 200)


@linked("GET", "HEAD")
def shared_whole(request: HttpRequest, opened: OpenedLink, secret: str) -> HttpResponse:
    """The page with its answers in it, for browsers without JavaScript."""
    return _page("page", _frame(opened, secret, is_whole=True))


@linked("GET", "HEAD")
def shared_answer(request: HttpRequest, opened: OpenedLink, secret: str) -> HttpResponse:
    """The answer of a report, as a part of the page."""
    return HttpResponse(answer_html(opened, _question_of_report(opened), request.path))


@linked("GET", "HEAD")
def shared_tile(request: HttpRequest, opened: OpenedLink, secret: str, tile: UUID) -> HttpResponse:
    """The answer of one tile of a dashboard, as a part of the page."""
    for each, report in _tiles(opened):
        if each.id == tile and each.asks:
            return HttpResponse(answer_html(opened, _question_of_tile(opened, each, report), request.path))
    raise Http404


@linked("GET", "HEAD")
def shared_csv(request: HttpRequest, opened: OpenedLink, secret: str) -> HttpResponse:
    """The numbers that the page of a report shows."""
    try:
        text = answer_csv(opened, _question_of_report(opened))
    except NoFile as none:
        if none.is_hidden:
            return HttpResponse(f"{none}\n", status=403, content_type="text/plain; charset=utf-8")
        return put_off(f"{none}\n")
    name = csv.file_name(opened.shown.name, "csv")
    return HttpResponse(
        text,
        content_type="text/csv; charset=utf-8",
        headers={"Content-Disposition": f'attachment; filename="{name}"'},
    )


def _tiles(opened: OpenedLink) -> list[tuple[Tile, Report | None]]:
    """Those of a dashboard. Raises Http404 for a report."""
    if isinstance(opened.shown, Report):
        raise Http404
    return tiles_with_reports(opened.shown)


def _question_of_report(opened: OpenedLink) -> SharedQuestion:
    """Raises Http404 for a dashboard."""
    if not isinstance(opened.shown, Report):
        raise Http404
    return SharedQuestion(opened.shown.kind, actions.parameters_of(opened.shown))


def _question_of_tile(opened: OpenedLink, tile: Tile, report: Report | None) -> SharedQuestion:
    kind, parameters = question_of(tile, report, range_of(opened.shown.body))
    return SharedQuestion(kind, parameters, tile.shows)


def _frame(opened: OpenedLink, secret: str, *, is_whole: bool) -> dict[str, Any]:
    """The context of the page. The answers load by themselves, or are in it if it `is_whole`."""
    context: dict[str, Any] = {
        "shown": opened.shown,
        "environment": opened.environment,
        "page_url": reverse("analytics:shared", args=[secret]),
        "whole_url": reverse("analytics:shared_whole", args=[secret]),
        "is_whole": is_whole,
    }
    until = time.monotonic() + WHOLE_SECONDS

    def drawn(question: SharedQuestion) -> str:
        left = timedelta(seconds=max(until - time.monotonic(), 0.1))
        return answer_html(opened, question, "", left) if is_whole else ""

    if isinstance(opened.shown, Report):
        answer_url = reverse("analytics:shared_answer", args=[secret])
        return context | {"answer_url": answer_url, "html": drawn(_question_of_report(opened))}
    tiles = []
    for tile, report in _tiles(opened):
        if tile.asks:
            url = reverse("analytics:shared_tile", args=[secret, tile.id])
            html = drawn(_question_of_tile(opened, tile, report))
            tiles.append(ShownTile(tile, report.name if report else tile.name, url=url, html=html))
        else:
            tiles.append(ShownTile(tile, tile.heading or "Text"))
    return context | {"tiles": tiles, "range_words": range_words(range_of(opened.shown.body))}
