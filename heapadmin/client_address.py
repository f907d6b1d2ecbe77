"""Finds the client's address of a page request by the collector's rules, and stores it for the apps below."""

from collections.abc import Callable

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from collector.request.client_address import KINDS, TrustedProxies, client_address

META_NAME = "heapadmin.client_address"  # accounts/current_request.py reads it; no client can send a name with a dot


class ClientAddressMiddleware:
    """Must run before all code that reads the address. Does nothing if the collector's front has set it already."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        self.trusted = TrustedProxies.parse(settings.TRUSTED_PROXIES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if META_NAME not in request.META and self.trusted.is_anybody:
            request.META[META_NAME] = client_address(
                request.META.get("REMOTE_ADDR"),
                [(name, value.encode("latin-1", "replace")) for name, value in _proxy_headers(request)],
                self.trusted,
            )
        return self.get_response(request)


def _proxy_headers(request: HttpRequest) -> list[tuple[bytes, str]]:
    """The headers that proxies set, with names in lower case."""
    return [(name, request.headers[name.decode()]) for name in KINDS if name.decode() in request.headers]
