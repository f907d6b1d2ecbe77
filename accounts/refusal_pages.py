"""The pages shown when people are refused for another reason than rights: closed account, no second factor, 405."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts import second_factor
from accounts.door import AccountClosed, SecondFactorMissing, SignInElsewhere, entered
from accounts.sign_in import page_of
from accounts.sso import session as sso_session
from accounts.sso.models import IdentityProvider, SsoIdentity, WayBack
from common import htmx


class ClosedAccountMiddleware:
    """Answer AccountClosed with a page (403), SecondFactorMissing with a redirect, SignInElsewhere with a page."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, AccountClosed):
            return render(request, "account_closed.html", status=403)
        if isinstance(exception, SecondFactorMissing):
            second_factor.remember_where_to(request, page_of(request))
            return htmx.leave(request, reverse("accounts:second_factor_required"), status=403)
        if isinstance(exception, SignInElsewhere):
            return _sign_in_elsewhere(request)
        return None


def _sign_in_elsewhere(request: HttpRequest) -> HttpResponse:
    """The ways into the account whose door refused this session. A part of a page becomes the whole page."""
    membership = entered(request)
    assert membership is not None
    if htmx.is_part(request):
        return htmx.leave(request, page_of(request), status=403)
    context = {
        "providers": IdentityProvider.objects.usable().filter(account=membership.account_id).order_by("name", "pk"),
        "known_by": set(SsoIdentity.objects.filter(user=membership.user_id).values_list("provider_id", flat=True)),
        "is_way_back": WayBack.objects.filter(membership=membership.pk).exists(),
        "is_alone": sso_session.standing(request).alone,
        "next": page_of(request),
    }
    return render(request, "accounts/sso/required.html", context, status=403)


class WrongMethodMiddleware:
    """Give a page to browsers that open an address which only takes a form (405), and to the like."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        response = self.get_response(request)
        if response.status_code != 405 or response.content or not request.accepts("text/html"):
            return response
        page = render(request, "405.html", status=405)
        page["Allow"] = response["Allow"]
        return page
