"""What is known of the current request wherever the code runs: the client's address, whether staff look, who asks."""

import ipaddress
from collections.abc import Callable
from contextvars import ContextVar
from typing import Any

from django.http import HttpRequest, HttpResponse

STAFF_NAMESPACE = "admin"

_address: ContextVar[str | None] = ContextVar("address", default=None)
_in_staff_pages: ContextVar[bool] = ContextVar("in_staff_pages", default=False)
_person: ContextVar[int | None] = ContextVar("person", default=None)


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


def note_person(user_id: int) -> None:
    """Keep until the end of the request who passed the door of an account (accounts/door.py)."""
    _person.set(user_id)


def current_person() -> int | None:
    """The user whose request passed a door; None outside a request, before a door, and in staff pages."""
    return _person.get()


class CurrentRequestMiddleware:
    """Forgets at the end of each request what was known of it."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        address = _address.set(client_address(request))
        staff, person = _in_staff_pages.set(False), _person.set(None)
        try:
            return self.get_response(request)
        finally:
            _address.reset(address)
            _in_staff_pages.reset(staff)
            _person.reset(person)

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        match = request.resolver_match
        _in_staff_pages.set(match is not None and match.app_name == STAFF_NAMESPACE)
