"""Which request or job the running code works for: its id is in each line of the log, in SQL, and in jobs it starts."""

import re
import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass

HEADER = "X-Request-ID"
MOST = 64
SANE = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:=+-]{0,63}")  # no quote, blank, % or */: safe in logs, SQL and pages


@dataclass
class RequestNote:
    """What is known of a request while it is answered. Code that runs for it writes here, its log line reads."""

    id: str
    view: str = ""  # the URL's name, once it is known
    person_id: int | None = None  # who is signed in, if the page has asked


_current: ContextVar[RequestNote | None] = ContextVar("request_note", default=None)


def new_id() -> str:
    return secrets.token_hex(16)


def is_sane(text: str) -> bool:
    """Whether a given id can be kept as it is."""
    return SANE.fullmatch(text) is not None


def current() -> RequestNote | None:
    return _current.get()


def current_id() -> str:
    """'' outside of requests and jobs."""
    note = _current.get()
    return note.id if note is not None else ""


def begin(note: RequestNote) -> None:
    """The rest of this task works for the request."""
    _current.set(note)


@contextmanager
def working_for(note: RequestNote) -> Iterator[RequestNote]:
    """What runs within works for this request."""
    token = _current.set(note)
    try:
        yield note
    finally:
        _current.reset(token)
