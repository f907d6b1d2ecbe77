"""Which id a request gets: the one that a trusted proxy gave it, else a new one. Visitors cannot choose theirs."""

from collections.abc import Iterable

from collector.request.client_address import TrustedProxies
from collector.request.proxy_headers import canonical_address
from common.asgi_types import AsgiScope
from common.request_ids import HEADER, is_sane, new_id

HEADER_BYTES = HEADER.lower().encode()


def request_id(peer: str | None, given: Iterable[str], trusted: TrustedProxies) -> str:
    """`given` are the values of the header X-Request-ID; one that is long or odd is as good as none, and so are two."""
    values = list(given)
    if len(values) == 1 and is_sane(values[0]) and trusted.is_anybody:
        address = canonical_address(peer) if peer else None
        if trusted.believes(peer, address):
            return values[0]
    return new_id()


def id_of_scope(scope: AsgiScope, trusted: TrustedProxies) -> str:
    """The same for a request as ASGI gives it."""
    peer = scope.get("client")  # ASGI lets a server leave it out
    given = [value.decode("latin-1") for name, value in scope["headers"] if name == HEADER_BYTES]
    return request_id(peer and peer[0], given, trusted)
