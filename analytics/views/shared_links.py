"""The links of an environment that show something without a login: the list, making one, looking at one, ending it."""

from uuid import UUID

from django.conf import settings
from django.contrib import messages
from django.core.paginator import Paginator
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_safe

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics.actions import parameters_of
from analytics.models import SHARED_NOUNS, Report, SharedLink
from analytics.shared_links import actions
from analytics.shared_links.forms import SharedLinkForm
from analytics.shared_links.listed import DAYS, links_of, listed, spark_of
from analytics.shared_links.opened import OpenedLink, shown_by
from analytics.shared_links.secret import address_of
from analytics.views.pages import page
from analytics.views.shared_answers import SharedQuestion, hides
from projects.door import environment_view
from projects.models import Environment

PER_PAGE = 50
FRAME = '<iframe src="{}" width="100%" height="700"></iframe>'


@require_safe
@environment_view(Can.VIEW)
def shared_link_list(request: HttpRequest, environment: Environment) -> HttpResponse:
    """All of them, or those that show one report or dashboard: `?what=report:<lineage>`."""
    noun, lineage = _what(request.GET.get("what", ""))
    rows = Paginator(links_of(environment, noun, lineage), PER_PAGE).get_page(request.GET.get("page"))
    context = {
        "rows": rows,
        "listed": listed(environment, list(rows)),
        "what": f"{noun}:{lineage}" if lineage else "",
        "days": DAYS,
    }
    return page(request, environment, "analytics/shared_link_list.html", context)


def _what(text: str) -> tuple[str, UUID | None]:
    """The noun and the lineage; nothing if the text does not name any."""
    noun, _, lineage = text.partition(":")
    try:
        return (noun, UUID(lineage)) if noun in SHARED_NOUNS else ("", None)
    except ValueError:
        return "", None


@environment_view(Can.MANAGE)
def shared_link_create(request: HttpRequest, environment: Environment) -> HttpResponse:
    """`?what=report:<lineage>` chooses what the link shows."""
    if request.method != "POST":
        form = SharedLinkForm(environment=environment, initial={"what": request.GET.get("what", "")})
        return _form(request, environment, form)
    form = SharedLinkForm(request.POST, environment=environment)
    if not form.is_valid():
        return _form(request, environment, form)
    try:
        made = actions.create_link(environment=environment, by=signed_in_user(request), **form.chosen)
    except actions.TooManyLinks as error:
        form.add_error(None, str(error))
        return _form(request, environment, form)
    messages.success(request, f"The link for {made.name} is made. Copy its address below.")
    return redirect("analytics:shared_link", environment.app_id, made.pk)


def _form(request: HttpRequest, environment: Environment, form: SharedLinkForm) -> HttpResponse:
    context = {"form": form}
    return page(request, environment, "analytics/shared_link_create.html", context, 422 if form.errors else 200)


@never_cache
@require_safe
@environment_view(Can.VIEW)
def shared_link(request: HttpRequest, environment: Environment, shared_link_id: int) -> HttpResponse:
    """One link. Its address is shown to people with full access."""
    link = _find(environment, shared_link_id)
    [row] = listed(environment, [link])
    address = address_of(link)
    context = {
        "row": row,
        "link": link,
        "address": address,
        "frame": FRAME.format(address) if address else "",
        "is_hidden": row.is_in_force and _is_hidden(link),
        "asks_in_frames": settings.HTTPS or not link.password,
        "spark": spark_of(link),
        "days": DAYS,
    }
    return page(request, environment, "analytics/shared_link.html", context)


def _is_hidden(link: SharedLink) -> bool:
    """Whether it shows a report that it hides. Of dashboards, which hide tiles, this is not asked."""
    shown = shown_by(link)
    if not isinstance(shown, Report) or link.shows_people:
        return False
    return hides(OpenedLink(link, shown), SharedQuestion(shown.kind, parameters_of(shown)))


@environment_view(Can.MANAGE)
def shared_link_end(request: HttpRequest, environment: Environment, shared_link_id: int) -> HttpResponse:
    link = _find(environment, shared_link_id)
    if request.method != "POST":
        return page(request, environment, "analytics/shared_link_end.html", {"link": link})
    actions.end_link(link=link, by=signed_in_user(request))
    messages.success(request, f"The link for {link.name} has ended. It opens nothing any more.")
    return redirect("analytics:shared_link_list", environment.app_id)


def _find(environment: Environment, shared_link_id: int) -> SharedLink:
    """Raises Http404."""
    links = SharedLink.objects.select_related("environment__project__account", "created_by", "ended_by")
    return get_object_or_404(links.filter(environment=environment), pk=shared_link_id)
