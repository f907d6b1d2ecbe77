"""The body of a request as JSON: compression, size, depth, and texts that PostgreSQL can hold.

Its type is not asked for: many programs say another or none. No answer depends on who asks, so it makes no difference
that browsers send some types to other origins without a preflight.
"""

import re
import zlib
from collections.abc import Mapping
from typing import Any

import msgspec

from collector.protocol import answers
from collector.protocol.answers import Answer
from collector.protocol.errors import Refused
from collector.protocol.limits import MAX_BODY_BYTES, MAX_DEPTH

BODY_TOO_LARGE = answers.too_large(f"the body is larger than {MAX_BODY_BYTES:,} bytes")

JSON_TYPES = frozenset({b"application/json", b"text/plain", b"text/json", b""})  # or anything else that ends in "+json"
GUNZIPPED_AT_ONCE = 4_096  # bytes
_decode = msgspec.json.Decoder().decode
_STRING = re.compile(rb'"[^"]*"')
_NO_STRUCTURE = bytes(set(range(256)) - set(b'[]{}"'))
_ALL_SQUARE = bytes.maketrans(b"{}", b"[]")
_BYTE_ORDER_MARK = b"\xef\xbb\xbf"


def json_object(headers: Mapping[bytes, bytes], body: bytes, most_bytes: int = MAX_BODY_BYTES) -> dict[str, Any]:
    """Return the JSON object that `body` holds. Names of `headers` are in lower case. Raises Refused.

    PostgreSQL can store all strings in it: they hold no NUL and no half of a surrogate pair. Numbers are finite.
    """
    return object_in(plain(headers, body, most_bytes), headers)


def object_in(text: bytes, headers: Mapping[bytes, bytes]) -> dict[str, Any]:
    """The JSON object that `text` holds, as `json_object` returns it. Raises Refused."""
    if not text:
        raise Refused(answers.bad_request("the body is empty"))
    if headers.get(b"content-type") != b"application/json":
        _check_charset(headers, text)
    try:
        value = _decoded(text)
    except msgspec.ValidationError:
        raise Refused(answers.bad_request("the body holds a number that is too large")) from None
    except (msgspec.DecodeError, UnicodeDecodeError):
        raise Refused(_not_json(headers)) from None
    if type(value) is not dict:
        raise Refused(answers.bad_request("the body is not a JSON object"))
    return value


def plain(headers: Mapping[bytes, bytes], body: bytes, most_bytes: int = MAX_BODY_BYTES) -> bytes:
    """`body` decompressed, at most `most_bytes` of it. Raises Refused."""
    if len(body) > most_bytes:
        raise Refused(answers.too_large(f"the body is larger than {most_bytes:,} bytes"))
    encoding = headers.get(b"content-encoding")
    if encoding is None:
        return body
    match encoding.strip().lower():
        case b"" | b"identity":
            return body
        case b"gzip" | b"x-gzip":
            return _gunzip(body, most_bytes)
        case _:
            raise Refused(answers.wrong_type("the only Content-Encoding understood is gzip"))


def _type(headers: Mapping[bytes, bytes]) -> tuple[bytes, bytes]:
    """The type that the sender gives, and its parameters. One client names the header Content_Type."""
    given = headers.get(b"content-type") or headers.get(b"content_type", b"")
    kind, _, parameters = given.lower().partition(b";")
    return kind.strip(), parameters.strip()


def _check_charset(headers: Mapping[bytes, bytes], text: bytes) -> None:
    """Refuse a body that is said to be in another encoding than UTF-8, unless it is ASCII: that is the same in most."""
    name, _, charset = _type(headers)[1].partition(b"=")
    is_other = name.strip() == b"charset" and charset.strip(b' "') not in (b"utf-8", b"utf8", b"us-ascii")
    if is_other and not text.isascii():
        raise Refused(answers.wrong_type("the body must be UTF-8"))


def _not_json(headers: Mapping[bytes, bytes]) -> Answer:
    kind, _ = _type(headers)
    if kind in JSON_TYPES or (kind.startswith(b"application/") and kind.endswith(b"+json")):
        return answers.bad_request("the body is not valid JSON in UTF-8")
    return answers.wrong_type("the body must be JSON: send Content-Type: application/json")


def _gunzip(body: bytes, most_bytes: int) -> bytes:
    """Decompress, but never more than `most_bytes`. A body may consist of several gzip members.

    In pieces, because what comes after a member is copied, and a body may hold thousands of them.
    """
    parts: list[bytes] = []
    room = most_bytes
    member = zlib.decompressobj(wbits=31)
    for start in range(0, len(body), GUNZIPPED_AT_ONCE):
        piece = body[start : start + GUNZIPPED_AT_ONCE]
        while piece:
            if member.eof:
                member = zlib.decompressobj(wbits=31)
            try:
                parts.append(member.decompress(piece, room + 1))
            except zlib.error:
                raise Refused(answers.bad_request("the body is not gzip, as Content-Encoding says")) from None
            room -= len(parts[-1])
            if room < 0:
                raise Refused(answers.too_large(f"the body is larger than {most_bytes:,} bytes when decompressed"))
            piece = member.unused_data
    if body and not member.eof:
        raise Refused(answers.bad_request("the gzip body is cut off"))
    return b"".join(parts)


def _decoded(body: bytes) -> Any:
    body = body.removeprefix(_BYTE_ORDER_MARK)
    try:
        value = _decode(body)
    except RecursionError:
        raise _too_deep() from None
    if body.count(b"[") + body.count(b"{") > MAX_DEPTH and _is_too_deep(body):
        raise _too_deep()
    if b"\\u0000" in body and _has_nul(value):
        raise Refused(answers.bad_request("the body holds a NUL character (\\u0000)"))
    return value


def _too_deep() -> Refused:
    return Refused(answers.bad_request(f"the body is nested deeper than {MAX_DEPTH} levels"))


def _is_too_deep(body: bytes) -> bool:
    """Whether valid JSON is nested too deep. Each round removes the innermost level of brackets."""
    quotes_end_strings = body.replace(b"\\\\", b"").replace(b'\\"', b"") if b"\\" in body else body
    structure = quotes_end_strings.translate(_ALL_SQUARE, _NO_STRUCTURE).replace(b'""', b"")
    brackets = _STRING.sub(b"", structure)
    for _ in range(MAX_DEPTH):
        if not brackets:
            return False
        brackets = brackets.replace(b"[]", b"")
    return bool(brackets)


def _has_nul(value: Any) -> bool:
    """Check every string and key. Recursion is safe, because the depth has been checked."""
    if isinstance(value, str):
        return "\0" in value
    if isinstance(value, list):
        return any(map(_has_nul, value))
    if isinstance(value, dict):
        return any(_has_nul(key) or _has_nul(item) for key, item in value.items())
    return False
