"""The pages shown when people are refused for another reason than rights: closed account, no second factor, 405."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.urls import reverse

from accounts import second_factor
from accounts.door import AccountClosed, SecondFactorMissing
from accounts.sign_in import page_of
from common import htmx


class ClosedAccountMiddleware:
    """Answer AccountClosed with a page (403), and SecondFactorMissing with a redirect to setting one up."""

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
        return None


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
