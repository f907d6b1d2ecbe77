"""The client address of the current request, so that the activity can record it."""

import ipaddress
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponse

STAFF_NAMESPACE = "admin"

_address: ContextVar[str | None] = ContextVar("address", default=None)
_in_staff_pages: ContextVar[bool] = ContextVar("in_staff_pages", default=False)


def client_address(request: HttpRequest) -> str | None:
    """The client's address as determined in front of Django, where proxies are known; otherwise the socket's peer.

    None if there is no address that can be stored, for example behind a Unix socket.
    """
    text = request.META.get("heapadmin.client_address") or request.META.get("REMOTE_ADDR") or ""
    try:
        return str(ipaddress.ip_address(str(text).partition("%")[0]))
    except ValueError:
        return None


def current_address() -> str | None:
    """The address that the middleware found for the current request; None outside a request."""
    return _address.get()


def in_staff_pages() -> bool:
    """Whether the current request is for the staff's admin."""
    return _in_staff_pages.get()


class RequestAddressMiddleware:
    """Keep the client's address, and whether this is a staff page, for the duration of one request."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        address = _address.set(client_address(request))
        staff = _in_staff_pages.set(False)
        try:
            return self.get_response(request)
        finally:
            _address.reset(address)
            _in_staff_pages.reset(staff)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        match = request.resolver_match
        _in_staff_pages.set(match is not None and match.app_name == STAFF_NAMESPACE)
