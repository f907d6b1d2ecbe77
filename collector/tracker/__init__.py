"""The tracker of web pages. It takes its app_id from its own URL, and what to leave out from its last line.

Classic snippets load `/js/heap-<app_id>.js`; those of heap.js 5 load `/config/<app_id>/heap_config.js`.
In the tab of somebody who labels (docs/labelling.md), the tracker loads `/js/heap-label.js`; visitors never do.
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
from collector.protocol.answers import Answer, Headers
from projects.capture import Capture

PATH = re.compile(r"/(?:js/heap-(?:[0-9]{1,20}|label)\.js|config/[0-9]{1,20}/heap_config\.js)")
APP_ID = re.compile(r"[0-9]+")
EVERYTHING = Capture()
LABEL_FILES = ("dom", "server", "session", "matching", "walk", "outline", "counts", "panel", "marks", "bar", "begin")
CACHE = ((b"cache-control", b"public, max-age=3600, stale-while-revalidate=86400"), (b"vary", b"Accept-Encoding"))
NEWEST = ((b"cache-control", b"no-cache"), (b"vary", b"Accept-Encoding"))
TYPE = (
    (b"content-type", b"text/javascript; charset=utf-8"),
    (b"x-content-type-options", b"nosniff"),
    (b"cross-origin-resource-policy", b"cross-origin"),
)


def _without_comments(source: str) -> bytes:
    """Remove indentation, and lines that are comments or empty."""
    lines = (line.strip() for line in source.splitlines())
    return "\n".join(line for line in lines if line and not line.startswith("//")).encode()


HERE = Path(__file__).parent
SCRIPT = _without_comments((HERE / "heap.js").read_text())
SETTINGS = b"(window, document, {})"  # in its last line
assert SCRIPT.count(SETTINGS) == 1


def _label_script() -> bytes:
    """The files of `label/`, one after the other in a function of their own, with the style sheet as a text."""
    style = json.dumps((HERE / "label/label.css").read_text())
    files = "\n".join((HERE / f"label/{name}.js").read_text() for name in LABEL_FILES)
    return _without_comments(f'(function () {{\n"use strict";\nconst STYLE = {style};\n{files}\n}})();')


class Served(NamedTuple):
    """A script, ready for all requests."""

    etag: bytes
    plain: Answer
    gzipped: Answer
    unchanged: Answer


def _served(script: bytes, cache: Headers) -> Served:
    etag = b'"' + blake2b(script, digest_size=12).hexdigest().encode() + b'"'
    tagged = (*cache, (b"etag", etag))
    return Served(
        etag,
        answers.answer(200, script, TYPE, tagged),
        answers.answer(200, gzip.compress(script, mtime=0), TYPE, tagged, ((b"content-encoding", b"gzip"),)),
        Answer(304, b"", answers.CORS + tagged),
    )


@lru_cache(maxsize=256)
def _tracker_of(capture: Capture) -> Served:
    settings = json.dumps(_settings(capture)).encode()
    return _served(SCRIPT.replace(SETTINGS, b"(window, document, %b)" % settings), CACHE)


@lru_cache(maxsize=1)
def _labelling() -> Served:
    return _served(_label_script(), NEWEST)


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


def _of_environment(path: str, environments: KnownEnvironments) -> Served:
    environment = environments.get(APP_ID.findall(path)[0])
    return _tracker_of((environment and environment.capture) or EVERYTHING)


def is_tracker(path: str) -> bool:
    return path.startswith(("/js/heap-", "/config/")) and PATH.fullmatch(path) is not None


def tracker(method: str, path: str, headers: Mapping[bytes, bytes], environments: KnownEnvironments) -> Answer:
    """Answer a request for one of the scripts. Names of `headers` are in lower case."""
    if method not in ("GET", "HEAD"):
        return answers.preflight(headers) if method == "OPTIONS" else answers.wrong_method("GET")
    served = _of_environment(path, environments) if APP_ID.search(path) else _labelling()
    if served.etag in headers.get(b"if-none-match", b""):
        return served.unchanged
    found = served.gzipped if b"gzip" in headers.get(b"accept-encoding", b"") else served.plain
    return found if method == "GET" else Answer(found.status, b"", found.headers)
