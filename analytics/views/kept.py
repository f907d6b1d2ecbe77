"""The pages of definitions and of segments, which differ in what they keep and not in how they are kept."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.core.paginator import Paginator
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse

from accounts.door import signed_in_user
from accounts.models import User
from analytics import actions
from analytics.definitions import used_by
from analytics.definitions.catalogue import Catalogue, read_definitions
from analytics.definitions.lineages import references as references_of
from analytics.environments import compare
from analytics.environments.differences import lines
from analytics.forms.choices import Choices, choices
from analytics.forms.kept import KeptForm, Read
from analytics.models import Definition, Segment
from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Pairs, Reader, as_lists
from analytics.questions.query import Scope
from analytics.store.failures import QueryFailed
from analytics.views.rendering import page
from projects.models import Environment

PAGE_SIZE = 100


@dataclass(frozen=True)
class Thing:
    """What a page of definitions or of segments needs to know. `word` names URLs, templates and things in text."""

    word: str
    model: type[Definition] | type[Segment]
    read: Callable[..., Read]
    write: Callable[[Any], Pairs]
    form: Callable[[Reader, Choices], KeptForm]
    preview: Callable[[Scope, Any], Any]
    describe: Callable[[Any, Environment], Any]
    create: Callable[..., Any]
    change: Callable[..., Any]
    delete: Callable[..., None]
    users: Callable[[Any], used_by.Users]  # what refers to it

    def list_url(self, environment: Environment) -> str:
        return reverse(f"analytics:{self.word}_list", args=[environment.app_id])

    def create_url(self, environment: Environment) -> str:
        return reverse(f"analytics:{self.word}_create", args=[environment.app_id])

    def url(self, environment: Environment, kept: Any, what: str = "") -> str:
        return reverse(f"analytics:{self.word}{what}", args=[environment.app_id, kept.lineage])

    def found(self, environment: Environment, lineage: Any) -> QuerySet[Any]:
        people = self.model.objects.select_related("created_by", "changed_by")
        return people.filter(environment=environment, lineage=lineage)

    def find(self, environment: Environment, lineage: Any) -> Any:
        return get_object_or_404(self.found(environment, lineage))


def listed(request: HttpRequest, rows: QuerySet[Any]) -> dict[str, Any]:
    """`rows` by name, those that `?q=` is part of, a page of them; and what was searched for."""
    search = request.GET.get("q", "").replace("\0", "").strip()
    rows = rows.select_related("changed_by").order_by("name", "pk")
    if search:
        rows = rows.filter(name__icontains=search)
    return {"rows": Paginator(rows, PAGE_SIZE).get_page(request.GET.get("page")), "search": search}


def show_list(request: HttpRequest, environment: Environment, thing: Thing) -> HttpResponse:
    context = listed(request, thing.model.objects.filter(environment=environment))
    entries = _in_words(environment, thing, context["rows"].object_list)
    return page(
        request, environment, f"analytics/{thing.word}_list.html", context | {"entries": entries, "thing": thing.word}
    )


def _in_words(environment: Environment, thing: Thing, rows: Iterable[Any]) -> list[tuple[Any, list[str]]]:
    """Each with what it says, line by line."""
    things = [(each, compare.Thing(thing.word, each.lineage, each.name, each.notes, each.body)) for each in rows]
    named = {key.lineage for _, each in things for key in references_of(each.body)}
    catalogue = Catalogue(read_definitions(environment.pk, named))
    return [(row, lines(each, catalogue)) for row, each in things]


def show_one(request: HttpRequest, environment: Environment, thing: Thing, lineage: Any) -> HttpResponse:
    kept = thing.find(environment, lineage)
    body = thing.read(Reader(as_lists(thing.write(kept)))).body
    context = {"kept": kept, "thing": thing.word, "body": thing.describe(body, environment) if body else None}
    return page(request, environment, f"analytics/{thing.word}.html", context | previewed(environment, thing, body))


def previewed(environment: Environment, thing: Thing, body: Any) -> dict[str, Any]:
    """`preview`, or `preview_failure` in words."""
    if body is None:
        return {"preview": None, "preview_failure": ""}
    try:
        return {"preview": thing.preview(Scope.of(environment), body), "preview_failure": ""}
    except BadQuery as error:
        return {"preview": None, "preview_failure": error.message}
    except QueryFailed as error:
        return {"preview": None, "preview_failure": error.message}


def show_preview(request: HttpRequest, environment: Environment, thing: Thing) -> HttpResponse:
    """What the form as it stands would match; part of the form's page."""
    read = thing.read(Reader(request.GET), named=False)
    context = {"thing": thing.word} | previewed(environment, thing, read.body if read.is_good else None)
    return page(request, environment, f"analytics/{thing.word}_preview.html", context)


def create(request: HttpRequest, environment: Environment, thing: Thing) -> HttpResponse:
    """A GET may bring what is to be filled in: from a row of the live view, or from a form that was sent by GET."""
    if request.method != "POST":
        return _form(request, environment, thing, Reader(request.GET))
    read = thing.read(Reader(request.POST))
    if not read.is_good:
        return _form(request, environment, thing, read.raw)
    try:
        kept = thing.create(
            environment=environment, name=read.name, notes=read.notes, body=read.body, by=signed_in_user(request)
        )
    except BadQuery as error:
        read.raw.wrong(error.at, error.message)
        return _form(request, environment, thing, read.raw)
    messages.success(request, f"{thing.word.capitalize()} {kept.name} saved.")
    return redirect(thing.url(environment, kept))


def edit(request: HttpRequest, environment: Environment, thing: Thing, lineage: Any) -> HttpResponse:
    if request.method != "POST":
        kept = thing.find(environment, lineage)
        return _form(request, environment, thing, Reader(as_lists(thing.write(kept))), kept)
    read, opened = thing.read(Reader(request.POST)), version_of(request.POST)
    kept = thing.found(environment, lineage).first()
    if kept is None:
        return _gone(request, environment, thing, read.raw)
    if not read.is_good:
        return _form(request, environment, thing, read.raw, kept, opened)
    try:
        _change(thing, kept, read, opened, signed_in_user(request))
    except BadQuery as error:
        read.raw.wrong(error.at, error.message)
        return _form(request, environment, thing, read.raw, kept, opened)
    except actions.Gone:
        return _gone(request, environment, thing, read.raw)
    except actions.Conflict:
        return _form(request, environment, thing, read.raw, thing.find(environment, lineage), status=409)
    messages.success(request, f"{thing.word.capitalize()} {read.name} saved.")
    return redirect(thing.url(environment, kept))


def _gone(request: HttpRequest, environment: Environment, thing: Thing, raw: Reader) -> HttpResponse:
    """What was typed for something that is not there any more, as the form of a new one."""
    raw.wrong("", f"Somebody deleted this {thing.word} meanwhile. What you typed is below, and saving makes it anew.")
    return _form(request, environment, thing, raw, status=404)


def _change(thing: Thing, kept: Any, read: Read, version: int, by: User) -> None:
    thing.change(**{thing.word: kept}, name=read.name, notes=read.notes, body=read.body, version=version, by=by)


def version_of(data: QueryDict) -> int:
    """The version that was edited; 0, which nothing has, where none was sent."""
    text = data.get("version", "")
    return int(text) if text.isdecimal() and len(text) < 9 else 0


def _form(
    request: HttpRequest,
    environment: Environment,
    thing: Thing,
    raw: Reader,
    kept: Any = None,
    version: int | None = None,
    status: int = 200,
) -> HttpResponse:
    """The form of what is `kept`, or of something new. Status 409: somebody else was faster.

    `version` is the one that was edited, where it may be an older one than what is kept now.
    """
    read = thing.read(Reader(raw.values), named=False)
    context = {
        "kept": kept,
        "version": kept.version if kept and version is None else version,
        "thing": thing.word,
        "form": thing.form(raw, choices(environment, raw)),
        "action": thing.url(environment, kept, "_edit") if kept else thing.create_url(environment),
        "conflict": status == 409 and kept is not None,
        "stray_error": raw.errors.get("", ""),
    }
    context |= previewed(environment, thing, read.body if read.is_good else None)
    return page(request, environment, f"analytics/{thing.word}_form.html", context, status)


def delete(request: HttpRequest, environment: Environment, thing: Thing, lineage: Any) -> HttpResponse:
    """Asks first. What uses it is named; it can go all the same once that was seen."""
    kept = thing.find(environment, lineage)
    context: dict[str, Any] = {"kept": kept, "thing": thing.word, "in_use": thing.users(kept)}
    if request.method == "POST":
        try:
            thing.delete(
                **{thing.word: kept}, by=signed_in_user(request), although_used="although_used" in request.POST
            )
        except actions.InUse as in_use:  # since the page was shown
            return page(request, environment, "analytics/kept_delete.html", context | {"in_use": in_use.users}, 409)
        messages.success(request, f"{thing.word.capitalize()} {kept.name} deleted.")
        return redirect(thing.list_url(environment))
    return page(request, environment, "analytics/kept_delete.html", context)
