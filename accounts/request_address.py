"""The address of whoever made the request that is being answered, for Activity."""

from collections.abc import Callable
from contextvars import ContextVar

from django.http import HttpRequest, HttpResponse

_address: ContextVar[str | None] = ContextVar("address", default=None)


def current_address() -> str | None:
    """The address that the middleware found for the running request; None outside of one."""
    return _address.get()


class RequestAddressMiddleware:
    """Keep the client's address for the time of one request.

    `request.client_address` is set by the shell in front (heapadmin/asgi.py and wsgi.py know the trusted proxies);
    without it the socket's peer counts.
    """

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        token = _address.set(request.META.get("heapadmin.client_address") or request.META.get("REMOTE_ADDR") or None)
        try:
            return self.get_response(request)
        finally:
            _address.reset(token)
