"""Leads people without a session to the sign-in page, and from there back to the page that they see."""

import inspect
from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from django.contrib.auth.middleware import LoginRequiredMiddleware
from django.contrib.auth.views import redirect_to_login
from django.http import HttpRequest, HttpResponse
from django.http.response import HttpResponseBase
from django.urls import Resolver404, resolve, reverse
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.door import SAFE
from common import htmx


class SignInMiddleware(LoginRequiredMiddleware):
    def process_view(
        self, request: HttpRequest, view_func: Callable[..., Any], view_args: Any, view_kwargs: Any
    ) -> HttpResponseBase | None:
        """Django asks first who is signed in. A view for everybody asks itself, or leaves the session alone."""
        if not getattr(view_func, "login_required", True):
            return None
        return super().process_view(request, view_func, view_args, view_kwargs)

    def handle_no_permission(  # type: ignore[override]  # Django itself only redirects
        self, request: HttpRequest, view_func: Callable[..., Any]
    ) -> HttpResponse:
        """A redirect to sign-in. If htmx asks for a part, the whole page goes there (401 with HX-Redirect)."""
        sign_in = redirect_to_login(
            page_of(request), self.get_login_url(view_func), self.get_redirect_field_name(view_func)
        )
        return htmx.leave(request, sign_in.url, status=401)


def page_of(request: HttpRequest) -> str:
    """The path and query of the page on which this request was made. "/" if it is not known, or cannot be opened.

    A form may be sent to an address that takes nothing but a POST. Its page is where the form stands.
    """
    seen = htmx.current_url(request)
    if not seen and request.method in SAFE:
        seen = request.get_full_path()
    seen = seen or request.headers.get("Referer", "")
    if not url_has_allowed_host_and_scheme(seen, {request.get_host()}):
        return reverse("projects:home")
    address = urlsplit(seen)
    if not can_be_opened(address.path):
        return reverse("projects:home")
    return address.path + (f"?{address.query}" if address.query else "")


def can_be_opened(path: str) -> bool:
    """Whether there is a page at this path that takes a GET."""
    try:
        view = resolve(path).func
    except Resolver404:
        return False
    if view_class := getattr(view, "view_class", None):
        return hasattr(view_class, "get")
    return all("GET" in methods for methods in _required_methods(view))


def _required_methods(view: Any) -> list[list[str]]:
    """What Django's `require_http_methods` was told, for each use of it around the view. Nothing else keeps it."""
    found = []
    while inspect.isfunction(view):
        closed_over = inspect.getclosurevars(view).nonlocals
        if "request_method_list" in closed_over:
            found.append(closed_over["request_method_list"])
        view = getattr(view, "__wrapped__", None)
    return found
