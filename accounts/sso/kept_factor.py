"""Keeps the second factor of an account's last way back: without it, nobody gets in when the provider is gone."""

from collections.abc import Callable
from typing import Any

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect

from accounts.models import User
from accounts.sso.actions import ways_back

PAGES = ("mfa_deactivate_totp", "mfa_remove_webauthn")  # allauth's, of which only the first one can be told to refuse
WHY = (
    "You are the last way back into an account that requires single sign-on, and this is your only second factor. "
    "Add another one first, or name another way back."
)


class KeptFactorMiddleware:
    """Answer who would take their last second factor away with the page of second factors, and why it stays."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        page = request.resolver_match.view_name if request.resolver_match else ""
        user = request.user
        if page not in PAGES or not isinstance(user, User) or not ways_back.depends_on_factor(user=user):
            return None
        messages.error(request, WHY)
        return redirect("mfa_index")
