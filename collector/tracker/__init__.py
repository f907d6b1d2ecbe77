"""The tracker of web pages: one script for all environments, which takes its app_id from its own URL.

Classic snippets load `/js/heap-<app_id>.js`; those of heap.js 5 load `/config/<app_id>/heap_config.js`.
"""

import gzip
import re
from collections.abc import Mapping
from hashlib import blake2b
from pathlib import Path

from collector.protocol import answers
from collector.protocol.answers import Answer

PATH = re.compile(r"/(?:js/heap-[0-9]{1,20}\.js|config/[0-9]{1,20}/heap_config\.js)")
CACHE = ((b"cache-control", b"public, max-age=3600, stale-while-revalidate=86400"), (b"vary", b"Accept-Encoding"))
TYPE = (
    (b"content-type", b"text/javascript; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)


def _without_comments(source: str) -> bytes:
    """Remove indentation, and lines that are comments or empty."""
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")).encode()


SCRIPT = _without_comments((Path(__file__).parent / "heap.js").read_text())
ETAG = b'"' + blake2b(SCRIPT, digest_size=12).hexdigest().encode() + b'"'
_TAGGED = (*CACHE, (b"etag", ETAG))
PLAIN = answers.answer(200, SCRIPT, TYPE, _TAGGED)
GZIPPED = answers.answer(200, gzip.compress(SCRIPT, mtime=0), TYPE, _TAGGED, ((b"content-encoding", b"gzip"),))
UNCHANGED = Answer(304, b"", answers.CORS + _TAGGED)


def is_tracker(path: str) -> bool:
    return path.startswith(("/js/heap-", "/config/")) and PATH.fullmatch(path) is not None


def tracker(method: str, headers: Mapping[bytes, bytes]) -> Answer:
    """Answer a request for the script. Names of `headers` are in lower case."""
    if method not in ("GET", "HEAD"):
        return answers.preflight(headers) if method == "OPTIONS" else answers.wrong_method("GET")
    if ETAG in headers.get(b"if-none-match", b""):
        return UNCHANGED
    found = GZIPPED if b"gzip" in headers.get(b"accept-encoding", b"") else PLAIN
    return found if method == "GET" else Answer(found.status, b"", found.headers)
