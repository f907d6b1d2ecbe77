"""The page that the teammates of a closed account get, whatever they ask for."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.door import AccountClosed


class ClosedAccountMiddleware:
    """Answer AccountClosed, raised by the door, with a page that says so (403)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_exception(self, request: HttpRequest, exception: Exception) -> HttpResponse | None:
        if isinstance(exception, AccountClosed):
            return render(request, "account_closed.html", status=403)
        return None
