"""The answers of the collector, byte for byte as clients made for Heap expect them (docs/collection-api.md)."""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

Headers = tuple[tuple[bytes, bytes], ...]

CORS: Headers = ((b"access-control-allow-origin", b"*"),)
EXPOSED: Headers = (
    (
        b"access-control-expose-headers",
        b"X-Heapadmin-Dropped, X-Heapadmin-Properties-Left-Out, X-Heapadmin-Texts-Cut, X-Heapadmin-Identities-Ignored, "
        b"Retry-After",
    ),
)
TEXT: Headers = ((b"content-type", b"text/plain"), (b"x-content-type-options", b"nosniff"))
JSON: Headers = ((b"content-type", b"application/json"), (b"x-content-type-options", b"nosniff"))
NO_STORE: Headers = ((b"cache-control", b"no-store"),)
DROPPED: Headers = ((b"x-heapadmin-dropped", b"excluded-ip"),)
LEFT_OUT: Headers = ((b"x-heapadmin-dropped", b"capture-settings"),)

RETRY_AFTER_SECONDS = 2
EXCLUDED_CODE = "excluded_ip"  # never changed, because programs may check it


@dataclass(frozen=True, slots=True)
class Answer:
    """A whole HTTP answer. `headers` are complete except for those that the server adds itself."""

    status: int
    body: bytes
    headers: Headers

    def with_headers(self, headers: Headers) -> "Answer":
        return Answer(self.status, self.body, self.headers + headers)

    def telling(self, *, left_out: int = 0, cut: int = 0, nobodies: int = 0) -> "Answer":
        """The same, which says how many properties, ends of texts and identities were not stored."""
        told = (
            (b"x-heapadmin-properties-left-out", left_out),
            (b"x-heapadmin-texts-cut", cut),
            (b"x-heapadmin-identities-ignored", nobodies),
        )
        return self.with_headers((*((name, b"%d" % number) for name, number in told if number), *EXPOSED))


def answer(status: int, body: bytes, *headers: Headers) -> Answer:
    """An answer that any origin may read."""
    length = ((b"content-length", b"%d" % len(body)),)
    return Answer(status, body, sum(headers, length + CORS))


OK = answer(200, b"OK", TEXT)
OK_OBJECT = answer(200, b"{}", JSON)
GIF = answer(
    200,
    bytes.fromhex("47494638396101000100800000000000ffffff21f90401000000002c00000000010001000002024401003b"),
    ((b"content-type", b"image/gif"), (b"x-content-type-options", b"nosniff")),
    NO_STORE,
)
"""One transparent pixel."""
GIF_DROPPED = GIF.with_headers(DROPPED + EXPOSED)
OK_DROPPED = OK.with_headers(DROPPED + EXPOSED)
NOTHING = answer(204, b"", NO_STORE)
"""For a tracker that asks for no body, because a closing page does not read one."""
NOTHING_DROPPED = NOTHING.with_headers(DROPPED + EXPOSED)
EXCLUDED = answer(
    403,
    b'{"code":"%b","message":"Data from your IP address is not accepted here: '
    b'the address is on the list of excluded IPs."}' % EXCLUDED_CODE.encode(),
    JSON,
    NO_STORE,
)


def partly(accepted: int, refused: int, listed: Sequence[tuple[int, str]]) -> Answer:
    """How many items of a partial request are stored, and which are not: the first of them, by their places."""
    refusals = [{"index": place, "reason": line} for place, line in listed]
    told = {"accepted": accepted, "refused": refused, "refusals": refusals}
    return answer(200, json.dumps(told, separators=(",", ":")).encode(), JSON)


_ALLOWED = b"Content-Type, Content-Encoding, Content_Type, Authorization, Accept"
_HEADER_NAMES = re.compile(rb"[A-Za-z0-9!#$%&'*+.^_`|~, -]{1,4096}")


def preflight(headers: Mapping[bytes, bytes]) -> Answer:
    """A 204 that allows every requested header, because pages that trace requests add their own.

    That is safe: no cookie is ever read. Names of `headers` are in lower case.
    """
    asked = headers.get(b"access-control-request-headers", b"")
    known = {name.strip().lower() for name in _ALLOWED.split(b",")}
    names = [name.strip() for name in asked.split(b",")] if _HEADER_NAMES.fullmatch(asked) else []
    further = [name for name in names if name and name.lower() not in known]
    return answer(
        204,
        b"",
        (
            (b"access-control-allow-methods", b"GET, POST, OPTIONS"),
            (b"access-control-allow-headers", b", ".join([_ALLOWED, *further])),
            (b"access-control-max-age", b"86400"),
        ),
    )


def bad_request(line: str) -> Answer:
    """400 with a line, in ASCII, that says what is wrong."""
    return _refusal(400, "Bad Request", line)


def too_large(line: str) -> Answer:
    return _refusal(413, "Payload Too Large", line)


def wrong_type(line: str) -> Answer:
    return _refusal(415, "Unsupported Media Type", line)


def too_slow(line: str) -> Answer:
    return _refusal(408, "Request Timeout", line).with_headers(((b"connection", b"close"),))


def wrong_method(allowed: str) -> Answer:
    """405 that names the allowed methods, such as "POST"."""
    refusal = _refusal(405, "Method Not Allowed", f"use {allowed}")
    return refusal.with_headers(((b"allow", f"{allowed}, OPTIONS".encode()),))


def over_limit(seconds: int) -> Answer:
    """429: the environment sent more than it may. The request should be sent again in `seconds` seconds."""
    line = f"more is sent to this app_id than is taken from one environment: send it again in {seconds:,} seconds"
    return _refusal(429, "Too Many Requests", line).with_headers(
        ((b"retry-after", b"%d" % seconds), *NO_STORE, *EXPOSED)
    )


def unavailable(line: str) -> Answer:
    """503: nothing of the request was accepted. It should be sent again."""
    return _refusal(503, "Service Unavailable", line).with_headers(
        ((b"retry-after", b"%d" % RETRY_AFTER_SECONDS), *NO_STORE, *EXPOSED)
    )


def _refusal(status: int, title: str, line: str) -> Answer:
    return answer(status, f"{title}\n{line}\n".encode(), TEXT)


PROTOBUF = wrong_type(
    "protobuf, as this SDK sends it, is not read here: send JSON to /api/track, or use the tracker of web pages"
)
NOT_FOUND = _refusal(404, "Not Found", "nothing is collected here")
NOT_STORABLE = bad_request("the request cannot be stored")
