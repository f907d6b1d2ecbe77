"""The page of an environment's notes on the time axis, and its forms."""

from urllib.parse import urlsplit
from zoneinfo import ZoneInfo

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import Resolver404, resolve, reverse
from django.views.decorators.http import require_safe

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics.environments import notes
from analytics.forms.notes import NoteForm
from analytics.kinds.registry import KINDS
from analytics.models import Note
from analytics.views.pages import page
from common.counted import counted
from projects.door import environment_view
from projects.models import Environment

PAGE_SIZE = 50
CHARTS = {"analytics:report", "analytics:dashboard", *(f"analytics:{kind}" for kind in KINDS)}
FULL = (
    f"There are {counted(notes.MOST_NOTES, 'note')} in this environment already, which is all that it has room for. "
    "Delete some first."
)


@require_safe
@environment_view(Can.VIEW)
def note_list(request: HttpRequest, environment: Environment) -> HttpResponse:
    rows = Paginator(notes.listed_notes(environment), PAGE_SIZE).get_page(request.GET.get("page"))
    zone = ZoneInfo(environment.project.time_zone)
    context = {"rows": rows, "listed": [(note, note.when(zone)) for note in rows], "most": notes.MOST_NOTES}
    return page(request, environment, "analytics/note_list.html", context)


@environment_view(Can.EDIT)
def note_add(request: HttpRequest, environment: Environment) -> HttpResponse:
    """`day`, `time` and `back`, the chart from which one came, may be in the URL; `back` is sent along."""
    zone = ZoneInfo(environment.project.time_zone)
    if request.method != "POST":
        filled = {name: request.GET[name] for name in ("day", "time") if name in request.GET}
        return _form(request, environment, NoteForm(zone=zone, initial=filled))
    form = NoteForm(request.POST, zone=zone)
    if not form.is_valid():
        return _form(request, environment, form)
    by, text = signed_in_user(request), form.cleaned_data["text"]
    try:
        notes.add_note(environment=environment, at=form.at, is_day=form.is_day, text=text, by=by)
    except notes.NoRoomForNotes:
        form.add_error(None, FULL)
        return _form(request, environment, form)
    messages.success(request, "Note added. The charts of this environment mark it.")
    return redirect(_back(request, environment))


@environment_view(Can.EDIT)
def note_edit(request: HttpRequest, environment: Environment, note_id: int) -> HttpResponse:
    """What was typed for a note that another person deleted meanwhile is offered as a new one."""
    zone = ZoneInfo(environment.project.time_zone)
    note = _notes(environment).filter(pk=note_id).first()
    if note is None:
        if "text" not in request.POST:
            raise Http404
        return _form(request, environment, NoteForm(request.POST, zone=zone), is_gone=True)
    if request.method != "POST":
        return _form(request, environment, NoteForm(zone=zone, note=note))
    form = NoteForm(request.POST, zone=zone, note=note)
    if not form.is_valid():
        return _form(request, environment, form)
    by, text = signed_in_user(request), form.cleaned_data["text"]
    if not notes.change_note(note=note, at=form.at, is_day=form.is_day, text=text, by=by):
        return _form(request, environment, NoteForm(request.POST, zone=zone), is_gone=True)
    messages.success(request, "Note saved.")
    return redirect(_back(request, environment))


@environment_view(Can.EDIT)
def note_delete(request: HttpRequest, environment: Environment, note_id: int) -> HttpResponse:
    note = get_object_or_404(_notes(environment), pk=note_id)
    if request.method != "POST":
        context = {"note": note, "when": note.when(ZoneInfo(environment.project.time_zone))}
        return page(request, environment, "analytics/note_delete.html", context)
    notes.delete_note(note=note, by=signed_in_user(request))
    messages.success(request, "Note deleted.")
    return redirect("analytics:note_list", environment.app_id)


def _notes(environment: Environment) -> QuerySet[Note]:
    return Note.objects.filter(environment=environment).select_related("environment__project__account")


def _form(request: HttpRequest, environment: Environment, form: NoteForm, is_gone: bool = False) -> HttpResponse:
    sent = request.POST if request.method == "POST" else request.GET
    context = {
        "form": form,
        "note": form.note,
        "back": sent.get("back", ""),
        "way_back": _back(request, environment),
        "is_gone": is_gone,
        "action": reverse("analytics:note_add", args=[environment.app_id]) if is_gone else request.path,
    }
    return page(
        request, environment, "analytics/note_form.html", context, 404 if is_gone else 422 if form.errors else 200
    )


def _back(request: HttpRequest, environment: Environment) -> str:
    """The chart of this environment that `back` names, built anew from what it names; else the list."""
    sent = request.POST if request.method == "POST" else request.GET
    try:
        wanted = urlsplit(sent.get("back", ""))
        found = resolve(wanted.path)
    except (ValueError, Resolver404):
        found = None
    if found is None or found.view_name not in CHARTS or found.kwargs.get("app_id") != environment.app_id:
        return reverse("analytics:note_list", args=[environment.app_id])
    query = QueryDict(wanted.query).urlencode()
    return reverse(found.view_name, kwargs=found.kwargs) + (f"?{query}" if query else "")
