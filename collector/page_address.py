"""Whose address a page's request comes from, judged as for events: once, in front of everything that asks."""

from collections.abc import Callable, Iterator

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from collector.client_address import UNKNOWN, TrustedProxies, client_address

META_NAME = "heapadmin.client_address"
"""Where accounts.request_address finds it."""

HEADERS = {"HTTP_X_FORWARDED_FOR": b"x-forwarded-for", "HTTP_FORWARDED": b"forwarded"}


class PageAddressMiddleware:
    """Put the client's address into `request.META`; leave it out where there is none (a Unix socket, say)."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        """Raises ValueError for a TRUSTED_PROXIES that cannot be read, so that a worker does not start with it."""
        self.get_response = get_response
        self.trusted = TrustedProxies.parse(settings.TRUSTED_PROXIES)

    def __call__(self, request: HttpRequest) -> HttpResponse:
        address = client_address(peer_of(request), forwarding_headers(request), self.trusted)
        if address != UNKNOWN:
            request.META[META_NAME] = address
        return self.get_response(request)


def peer_of(request: HttpRequest) -> str | None:
    """The socket's other end; None or '' for a Unix socket."""
    peer: str | None = request.META.get("REMOTE_ADDR")
    return peer


def forwarding_headers(request: HttpRequest) -> Iterator[tuple[bytes, bytes]]:
    """The headers that proxies write; WSGI has joined several of one name with commas, in their order."""
    for key, name in HEADERS.items():
        if value := request.META.get(key):
            yield name, value.encode("latin-1", "replace")
