"""The tracker of web pages. It takes its app_id from its own URL, and what to leave out from its last line.

Classic snippets load `/js/heap-<app_id>.js`; those of heap.js 5 load `/config/<app_id>/heap_config.js`.
"""

import gzip
import json
import re
from collections.abc import Mapping
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from collector.environments.known_environments import KnownEnvironments
from collector.protocol import answers
from collector.protocol.answers import Answer
from projects.capture import Capture

PATH = re.compile(r"/(?:js/heap-[0-9]{1,20}\.js|config/[0-9]{1,20}/heap_config\.js)")
APP_ID = re.compile(r"[0-9]+")
EVERYTHING = Capture()
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
SETTINGS = b"(window, document, {})"  # in its last line
assert SCRIPT.count(SETTINGS) == 1


class Served(NamedTuple):
    """The script with the settings of an environment."""

    etag: bytes
    plain: Answer
    gzipped: Answer
    unchanged: Answer


@lru_cache(maxsize=256)
def _served(capture: Capture) -> Served:
    script = SCRIPT.replace(SETTINGS, b"(window, document, %b)" % json.dumps(_settings(capture)).encode())
    etag = b'"' + blake2b(script, digest_size=12).hexdigest().encode() + b'"'
    tagged = (*CACHE, (b"etag", etag))
    return Served(
        etag,
        answers.answer(200, script, TYPE, tagged),
        answers.answer(200, gzip.compress(script, mtime=0), TYPE, tagged, ((b"content-encoding", b"gzip"),)),
        Answer(304, b"", answers.CORS + tagged),
    )


def _settings(capture: Capture) -> dict[str, Any]:
    """As heap.js names them. Its own name for leaving out texts is one that pages may set too."""
    settings = {
        "noQuery": capture.without_query,
        "noHash": capture.without_hash,
        "noTitle": capture.without_titles,
        "disableTextCapture": capture.without_text,
        "gpc": capture.obeys_gpc,
        "dnt": capture.obeys_dnt,
        "only": capture.only,
        "never": capture.never,
    }
    return {name: value for name, value in settings.items() if value}


def is_tracker(path: str) -> bool:
    return path.startswith(("/js/heap-", "/config/")) and PATH.fullmatch(path) is not None


def tracker(method: str, path: str, headers: Mapping[bytes, bytes], environments: KnownEnvironments) -> Answer:
    """Answer a request for the script. Names of `headers` are in lower case."""
    if method not in ("GET", "HEAD"):
        return answers.preflight(headers) if method == "OPTIONS" else answers.wrong_method("GET")
    environment = environments.get(APP_ID.findall(path)[0])
    served = _served((environment and environment.capture) or EVERYTHING)
    if served.etag in headers.get(b"if-none-match", b""):
        return served.unchanged
    found = served.gzipped if b"gzip" in headers.get(b"accept-encoding", b"") else served.plain
    return found if method == "GET" else Answer(found.status, b"", found.headers)
