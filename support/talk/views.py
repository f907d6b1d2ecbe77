"""Talk to Us: a panel on every page, or a page of its own in browsers without JavaScript."""

from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import User
from common.counted import counted
from common.htmx import is_part
from support.talk import actions
from support.talk.forms import TalkForm
from support.talk.origin import origin_of

TOO_MANY = "That is a lot of messages at once. Please write again in {wait}."


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def talk(request: HttpRequest) -> HttpResponse:
    """Show the form, or store the message and confirm it."""
    user = request.user if isinstance(request.user, User) else None
    if request.method != "POST":
        return _answer(request, form=TalkForm(user=user, initial={"page": _current_url(request)}))
    form = TalkForm(request.POST, user=user)
    if not form.is_valid():
        return _answer(request, form=form, status=422)
    if form.is_from_a_program:
        return _answer(request, sent=True)
    try:
        origin = origin_of(request, form.cleaned_data["page"])
        actions.send(text=form.cleaned_data["text"], origin=origin, **form.sender())
    except actions.TooManyMessages as limit:
        form.add_error(None, TOO_MANY.format(wait=counted(limit.minutes, "minute")))
        return _answer(request, form=form, status=429)
    return _answer(request, sent=True)


def _current_url(request: HttpRequest) -> str:
    return request.GET.get("page") or request.headers.get("HX-Current-URL") or request.headers.get("Referer") or ""


def _answer(
    request: HttpRequest, *, form: TalkForm | None = None, sent: bool = False, status: int = 200
) -> HttpResponse:
    context = {"form": form, "sent": sent}
    if not is_part(request):
        return render(request, "support/talk.html", context, status=status)
    part = "support/talk_form.html" if request.method == "POST" else "support/talk_panel.html"
    return render(request, part, context, status=422 if status > 400 else status)  # htmx shows no other error
