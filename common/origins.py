"""Origins: the scheme, host and port of a site, as browsers write them in headers."""

import re
from urllib.parse import urlsplit

from common.web_addresses import sent_domain

DEFAULT_PORTS = {"http": 80, "https": 443}
NAME = re.compile(r"(?!-)[a-z0-9-]{1,63}(?<!-)(\.(?!-)[a-z0-9-]{1,63}(?<!-))*")
LONGEST = 300


class NoOrigin(ValueError):
    """The text is no origin."""


def origin_of(text: str) -> str:
    """ "https://Shop.example:443/" is "https://shop.example". Raises NoOrigin, also for a path and for an IPv6 address.

    The result stands in a Content-Security-Policy, so nothing in it may mean anything else there.
    """
    try:
        parts = urlsplit(text)
        host, port = sent_domain(parts.hostname or ""), parts.port
    except ValueError:
        raise NoOrigin(text) from None
    is_bare = parts.path in {"", "/"} and "@" not in parts.netloc and "?" not in text and "#" not in text
    if parts.scheme not in DEFAULT_PORTS or not is_bare or not NAME.fullmatch(host) or port == 0:
        raise NoOrigin(text)
    origin = f"{parts.scheme}://{host}" + ("" if port in (None, DEFAULT_PORTS[parts.scheme]) else f":{port}")
    if len(origin) > LONGEST:
        raise NoOrigin(text)
    return origin
