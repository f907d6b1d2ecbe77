"""Tells caches to keep nothing that is made for one person: a proxy would show it to others, and so would "Back"."""

from collections.abc import Callable
from typing import Any

from django.http import HttpRequest, HttpResponse

PRIVATE = "private, no-store"


class PrivatePagesMiddleware:
    """Set Cache-Control on pages that need a sign-in, and on others that are shown to somebody who is signed in.

    Comes before the middleware that may answer instead of a view.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        # the user that the request has loaded: a page that never asked who is signed in shows nothing of theirs
        user = getattr(request, "_cached_user", None)
        if getattr(request, "needs_sign_in", False) or (user is not None and user.is_authenticated):
            response["Cache-Control"] = PRIVATE
        return response

    def process_view(self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any) -> None:
        needs_sign_in = getattr(view, "login_required", True)  # what SignInMiddleware goes by
        request.needs_sign_in = needs_sign_in  # type: ignore[attr-defined]
