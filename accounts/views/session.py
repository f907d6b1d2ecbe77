"""The session of who is signed in: a warning before it ends, and the button that makes it last."""

from django.conf import settings
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_http_methods

from accounts.context import session_end
from common.htmx import is_part


@require_http_methods(["GET", "HEAD", "POST"])
def session(request: HttpRequest) -> HttpResponse:
    """The part of every page that warns. A POST renews the session."""
    if request.method == "POST":
        request.session.modified = True
    if not is_part(request):
        return redirect(settings.LOGIN_REDIRECT_URL)
    state = session_end(request)
    if request.method != "POST" and state["warns"] and "warned" in request.GET:
        return HttpResponse(status=204)  # the warning stays as it is, and is not read out again
    return render(request, "accounts/session_end.html", {"session_end": state, "stays": request.method == "POST"})
