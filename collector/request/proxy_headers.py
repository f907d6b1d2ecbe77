"""The addresses that proxies write into X-Forwarded-For and Forwarded (RFC 7239), read from the right.

The last proxy writes its entry at the right end, and that entry is well formed. What a visitor put before
it (an open quote, a comma, kilobytes of rubbish) is read only if it is needed.
"""

import re
from collections.abc import Iterator
from socket import AF_INET, AF_INET6, inet_ntop, inet_pton

MAPPED = bytes(10) + b"\xff\xff"

_PAIR = re.compile(r'\s*([A-Za-z0-9!#$%&\'*+.^_`|~-]+)=(?:"((?:[^"\\]|\\.)*)"|([^\s",;=]+))\s*(;|$)')
_PORT = re.compile(r":(?:[0-9]{1,5}|_[A-Za-z0-9._-]+)?")


def canonical_address(text: str) -> str | None:
    """`text` as a canonical IPv4 or IPv6 address, or None if it is not one.

    IPv4-mapped IPv6 becomes IPv4, and a scope id (`%eth0`) is left out.
    """
    try:
        if ":" not in text:
            inet_pton(AF_INET, text)
            return text
        packed = inet_pton(AF_INET6, text.partition("%")[0])
    except (OSError, ValueError):
        return None
    return inet_ntop(AF_INET, packed[12:]) if packed.startswith(MAPPED) else inet_ntop(AF_INET6, packed)


def node_address(node: str) -> str | None:
    """The address in one entry, which may have brackets and a port.

    None if it is not an address: `unknown`, an obfuscated name such as `_hidden`, rubbish.
    """
    host, port = node, ""
    if node.startswith("["):
        host, closed, port = node[1:].partition("]")
        if not closed or ":" not in host:
            return None
    elif node.count(":") == 1:
        host, colon, number = node.partition(":")
        port = colon + number
    if port and not _PORT.fullmatch(port):
        return None
    return canonical_address(host)


def x_forwarded_for(value: str) -> Iterator[str]:
    """The entries of X-Forwarded-For, the last one first, without empty ones."""
    end = len(value)
    while end >= 0:
        comma = value.rfind(",", 0, end)
        entry = value[comma + 1 : end].strip()
        if entry:
            yield entry
        end = comma


def forwarded(value: str) -> Iterator[str]:
    """The `for` of each element of Forwarded, the last one first; "" if an element has none or is malformed."""
    end = len(value)
    while end >= 0:
        comma = _comma_outside_quotes(value, end)
        element = value[comma + 1 : end].strip()
        if element:
            yield _for_parameter(element)
        end = comma


def _comma_outside_quotes(value: str, end: int) -> int:
    """The index of the comma before the element that ends at `end`, or -1."""
    position = end
    comma = value.rfind(",", 0, position)
    while True:
        quote = value.rfind('"', 0, position)
        if quote < comma or quote < 0:
            return comma
        position = _opening_quote(value, quote)
        if position < 0:
            return -1
        if comma > position:
            comma = value.rfind(",", 0, position)


def _opening_quote(value: str, closing: int) -> int:
    """The index of the quote that opens the string which ends at `closing`, or -1."""
    position = value.rfind('"', 0, closing)
    while position > 0 and value[position - 1] == "\\":
        position = value.rfind('"', 0, position)
    return position


def _for_parameter(element: str) -> str:
    position, found = 0, ""
    while position < len(element):
        pair = _PAIR.match(element, position)
        if not pair:
            return ""
        name, quoted, token, _ = pair.groups()
        if name.lower() == "for":
            if found:
                return ""
            found = token or re.sub(r"\\(.)", r"\1", quoted)
        position = pair.end()
    return found
