"""What stands behind a number of an answer: a page of people, sessions or events, as a file, and as a segment."""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any
from urllib.parse import urlencode

from django.contrib import messages
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.http.response import HttpResponseBase
from django.shortcuts import redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.text import Truncator
from django.views.decorators.http import require_POST, require_safe

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics import actions
from analytics.forms.definitions import name_and_notes
from analytics.kinds.behind import BehindResult, PersonBehind, parameters
from analytics.kinds.registry import KINDS, kind_of, parse, run_behind
from analytics.models import MAX_MEMBERS, MOST_MEMBERS
from analytics.questions.behind import BehindList, Looking, read_looking
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Reader, querystring
from analytics.questions.query import Query, Scope
from analytics.questions.results import Cell
from analytics.store.failures import QueryBusy, QueryFailed
from analytics.store.protocol import TIME_LIMIT
from analytics.views import export_formats
from analytics.views.answers import AT_ONCE
from analytics.views.exports import file_of, one_of, put_off, refused, wanted_format
from analytics.views.pages import page
from common.counted import counted
from common.htmx import is_part
from projects.door import environment_view
from projects.models import Environment

AT_ONCE_IN_FILE = 10_000  # rows per query
MAX_IN_FILE = 100_000
MAX_WORDS = 1000  # of a number, in the notes of a segment


@dataclass(frozen=True)
class Asked:
    """Which number of which question. Its list may still be missing: it takes long, or waits for its turn."""

    query: Query
    looking: Looking

    def url(self, view: str, environment: Environment, **changes: Any) -> str:
        """The page `view` of the same number, with `changes` of what is looked for."""
        return f"{reverse(view, args=[environment.app_id])}?{self.link(**changes)}"

    def link(self, **changes: Any) -> str:
        return urlencode(parameters(self.query, replace(self.looking, **changes)))


def read_asked(environment: Environment, given: QueryDict) -> Asked:
    """Raises Http404 for a kind of question behind whose numbers nothing is listed, and BadQuery."""
    kind = given.get("kind", "graph")
    if kind not in KINDS or KINDS[kind].behind is None:
        raise Http404
    looking = read_looking(Reader(given), timezone.now())
    parsed = parse(kind, given, Scope.of(environment))
    if parsed.query is None:
        raise BadQuery(" ".join(parsed.errors.values()) or "There is no such question.")
    return Asked(parsed.query, looking)


@require_safe
@environment_view(Can.VIEW)
def behind(request: HttpRequest, environment: Environment) -> HttpResponse:
    """The first look takes at most AT_ONCE; then the page asks again in the background, or with `?wait`."""
    patient = is_part(request) or "wait" in request.GET
    context: dict[str, Any] = {}
    status = 200
    try:
        asked = read_asked(environment, request.GET)
        context = {"asked": asked, "link": asked.url("analytics:behind", environment)}
        result = run_behind(asked.query, asked.looking, limit=TIME_LIMIT if patient else AT_ONCE)
        context |= shown(environment, asked, result)
    except BadQuery as error:
        context["failure"], status = error.message, 422  # which htmx shows
    except QueryBusy:
        context["is_queued"] = True
    except QueryFailed as error:
        context |= {"failure": error.message} if patient else {"is_slow": True}
    template = "analytics/behind_list.html" if is_part(request) else "analytics/behind.html"
    return page(request, environment, template, context, status)


def shown(environment: Environment, asked: Asked, result: BehindResult) -> dict[str, Any]:
    """The context of a list."""
    view = "analytics:behind"
    following = result.following()
    question = f"{reverse(f'analytics:{result.query.kind}', args=[environment.app_id])}?{querystring(result.query)}"
    return {
        "result": result,
        "kind": kind_of(result.query),
        "tabs": [
            {
                "label": each.capitalize(),
                "url": asked.url(view, environment, listed=each, after=None),
                "current": each is result.listed,
            }
            for each in result.found.lists
        ],
        "parts": [
            (part.words, asked.url(view, environment, place=replace(asked.looking.place, text=part.at), number=""))
            for part in result.found.parts
        ],
        "older": asked.url(view, environment, listed=result.listed, after=following.after) if following else "",
        "question_url": question,
        "counts_events": any(isinstance(each, PersonBehind) and each.events for each in result.rows),
        "export": asked.url("analytics:behind_export", environment, listed=result.listed, after=None),
        "segment_question": asked.link(listed=None, after=None) if BehindList.PEOPLE in result.found.lists else "",
        "formats": export_formats.offered(),
        "most_in_file": MAX_IN_FILE if result.total > MAX_IN_FILE else None,
    }


@require_safe
@environment_view(Can.VIEW)
def behind_export(request: HttpRequest, environment: Environment) -> HttpResponseBase:
    """The whole list, up to MAX_IN_FILE rows, in the `format`."""
    chosen = wanted_format(request)
    if chosen is None:
        return refused(f"Which format? Give format={one_of(list(export_formats.FORMATS))}.")
    try:
        asked = read_asked(environment, request.GET)
        result = run_behind(asked.query, replace(asked.looking, limit=AT_ONCE_IN_FILE, after=None))
    except BadQuery as error:
        return refused(error.message)
    except QueryBusy as error:
        return put_off(error.message)
    except QueryFailed as error:
        return refused(error.message)
    name = f"{environment.project.name} {result.listed}"
    return file_of(result, _rows(result), result.found.words, name, chosen, signed_in_user(request))


def _rows(result: BehindResult) -> Iterator[tuple[Cell, ...]]:
    """The rows of this page and of all later ones, as of the same moment."""
    left = MAX_IN_FILE
    part: BehindResult | None = result
    while part is not None and left > 0:
        yield from part.table().rows
        left -= len(part.rows)
        following = part.following(min(AT_ONCE_IN_FILE, max(left, 1)))
        part = run_behind(part.query, following, found=part.found) if following and left > 0 else None


@require_POST
@environment_view(Can.EDIT)
def behind_segment(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Make a segment of the people behind a number, which the form sends as `question`."""
    by, raw = signed_in_user(request), Reader(request.POST)
    given = QueryDict(request.POST.get("question", ""))
    back = f"{reverse('analytics:behind', args=[environment.app_id])}?{given.urlencode()}"
    name, _ = name_and_notes(raw)
    if raw.errors:
        messages.error(request, f"Nothing was saved. {' '.join(raw.errors.values())}")
        return redirect(back)
    try:
        asked = read_asked(environment, given)
        looking = replace(asked.looking, listed=BehindList.PEOPLE, after=None, limit=MAX_MEMBERS)
        result = run_behind(asked.query, looking)
    except (BadQuery, QueryFailed) as error:
        messages.error(request, f"Nothing was saved. {error.message}")
        return redirect(back)
    people = [each.actor_id for each in result.rows if isinstance(each, PersonBehind)]
    if not people:
        messages.error(request, "Nothing was saved: nobody is behind this number.")
        return redirect(back)
    notes = f"{Truncator(result.found.words).chars(MAX_WORDS)}, as of {_moment(environment, looking)}."
    if result.total > MAX_MEMBERS:
        notes += f" The first {len(people):,} of {counted(result.total, 'person')}: a list has no more."
    try:
        saved = actions.create_fixed_segment(environment=environment, name=name, people=people, notes=notes, by=by)
    except actions.TooManyMembers:
        room = f"the fixed segments of this environment have room for {counted(MOST_MEMBERS, 'person')} together"
        messages.error(request, f"Nothing was saved: {room}. Delete one that nobody needs.")
        return redirect(back)
    cut = f", the first of {result.total:,}: a list has no more" if result.total > MAX_MEMBERS else ""
    messages.success(request, f"Segment {saved.name} saved, with {counted(len(people), 'person')}{cut}.")
    return redirect("analytics:segment", environment.app_id, saved.lineage)


def _moment(environment: Environment, looking: Looking) -> str:
    local = looking.as_of.astimezone(Scope.of(environment).zone)
    return f"{local.day} {local:%b %Y, %H:%M}"
