"""Finds the environment in a request in protobuf, so that its refusal can be counted where people look.

Newer SDKs name it in the URL and in a header. Of Heap's Android SDK only the body does, as the first text of digits.
"""

import re
from collections.abc import Mapping
from urllib.parse import parse_qs

_DIGITS = re.compile(rb"[\x0a\x12]([\x05-\x14])([0-9]+)")  # field 1 or 2, a text of so many bytes, the text
MOST_DIGITS = 20
_LOOKED_AT = 4_096  # bytes


def app_id(headers: Mapping[bytes, bytes], query: bytes, body: bytes) -> str | None:
    """The app_id that the request names, None if it names none."""
    given = headers.get(b"x-heap-env-id", b"").decode("latin-1") or parse_qs(query.decode("latin-1")).get("a", [""])[0]
    if given.isascii() and given.isdigit() and len(given) <= MOST_DIGITS:
        return given
    for found in _DIGITS.finditer(body[:_LOOKED_AT]):
        length = found[1][0]
        if len(found[2]) >= length:
            return found[2][:length].decode()
    return None
