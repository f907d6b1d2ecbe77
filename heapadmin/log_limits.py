"""A log that stays readable in a flood: one line of a kind, then one a minute that says how many more there were.

A full disk or a visitor can cause thousands of equal lines a minute. Nothing is lost in silence: each is counted.
"""

import contextlib
import copy
import logging
import re
import threading
import time
from collections.abc import Hashable, Iterator
from dataclasses import dataclass
from types import TracebackType
from typing import TextIO

from common import request_ids
from heapadmin.log_lines import hide_secrets

INTERVAL_SECONDS = 60.0
MAX_KINDS = 500  # remembered at once; further ones count together, by logger and level
FORGET_SECONDS = 1.0  # between two looks for kinds to forget, while there are too many
PLACE_FRAMES = 6  # the innermost ones tell exceptions apart: of the database's, each page would have one of its own
MAX_CHARACTERS = 500  # of a line that tells of repeats
MOST_A_MINUTE = 3_000  # lines of the access log, of at most 700 bytes: about pages, and about collecting
VARIABLE = re.compile(r"0x[0-9a-f]+|\d+")  # ids and addresses in messages that are not templates

LineKind = tuple[Hashable, ...]


@dataclass
class Repeats:
    """What came of one kind since it was last told. `last` is its last line, and keeps nothing else alive."""

    since: float  # time.monotonic()
    last: logging.LogRecord
    count: int = 0


class LimitedHandler(logging.StreamHandler[TextIO]):
    """Writes to a stream, by default stderr. What the client caused is told without a traceback."""

    def __init__(self, stream: TextIO | None = None, interval_seconds: float = INTERVAL_SECONDS) -> None:
        super().__init__(stream)
        self._interval_seconds = interval_seconds
        self._seen: dict[LineKind, Repeats] = {}
        self._timer: threading.Timer | None = None
        self._forgot_at = float("-inf")

    def emit(self, record: logging.LogRecord) -> None:
        """Write or count `record`, whatever is in it. `handle` holds the lock."""
        try:
            record.request_id = request_ids.current_id()
            _hide_paths(record)
            self._write_or_count(record)
        except RecursionError:
            raise
        except Exception:  # such as of an argument that has no words
            self.handleError(record)

    def _write_or_count(self, record: logging.LogRecord) -> None:
        now = time.monotonic()
        kind = self._kind_with_room(kind_of(record), now)
        repeats = self._seen.get(kind)
        if repeats is None or (not repeats.count and self._is_due(repeats, now)):
            self._seen[kind] = Repeats(now, _in_one_line(record))
            super().emit(_without_needless_traceback(record))
            return
        if self._is_due(repeats, now):
            self._tell(repeats, now)
        repeats.count += 1
        repeats.last = _in_one_line(record)
        self._start_timer()

    def close(self) -> None:
        """Tell what is still counted."""
        with self._locked():
            for repeats in self._seen.values():
                self._tell(repeats, time.monotonic())
        super().close()

    # --- Repeats ------------------------------------------------------------------------------------------------------
    def _kind_with_room(self, kind: LineKind, now: float) -> LineKind:
        if kind in self._seen or len(self._seen) < MAX_KINDS:
            return kind
        if now - self._forgot_at >= FORGET_SECONDS:
            self._forget(now)
        return kind if len(self._seen) < MAX_KINDS else kind[:2]

    def _forget(self, now: float) -> None:
        self._forgot_at = now
        for kind, repeats in list(self._seen.items()):
            if not repeats.count and self._is_due(repeats, now):
                del self._seen[kind]

    def _is_due(self, repeats: Repeats, now: float) -> bool:
        return now - repeats.since >= self._interval_seconds

    def _tell(self, repeats: Repeats, now: float) -> None:
        if repeats.count:
            seconds = max(1, round(now - repeats.since))
            repeats.last.msg += f" ({repeats.count:,} more like this in {seconds:,} s)"
            super().emit(repeats.last)
        repeats.count, repeats.since = 0, now

    # --- The timer, which tells of a flood that has ended -------------------------------------------------------------
    def _start_timer(self) -> None:
        if self._timer is not None and self._timer.is_alive():  # false in a process forked meanwhile
            return
        self._timer = threading.Timer(self._interval_seconds, self._on_time)
        self._timer.daemon = True
        with contextlib.suppress(RuntimeError):  # the process is ending: `close` tells the rest
            self._timer.start()

    def _on_time(self) -> None:
        with self._locked():
            self._timer = None
            now = time.monotonic()
            for repeats in self._seen.values():
                if repeats.count and self._is_due(repeats, now):
                    self._tell(repeats, now)
            self._forget(now)
            if any(repeats.count for repeats in self._seen.values()):
                self._start_timer()

    @contextlib.contextmanager
    def _locked(self) -> Iterator[None]:
        self.acquire()
        try:
            yield
        finally:
            self.release()


class AccessHandler(logging.StreamHandler[TextIO]):
    """Writes to stderr, of each logger so many lines a minute, and then how many there were besides."""

    def __init__(self, stream: TextIO | None = None, seconds: float = INTERVAL_SECONDS) -> None:
        super().__init__(stream)
        self._seconds = seconds
        self._since: dict[str, float] = {}
        self._lines: dict[str, int] = {}
        self._timer: threading.Timer | None = None

    def emit(self, record: logging.LogRecord) -> None:
        name = record.name
        record.request_id = request_ids.current_id()
        if time.monotonic() - self._since.get(name, float("-inf")) >= self._seconds:
            self._begin(name)
        self._lines[name] += 1
        if self._lines[name] <= MOST_A_MINUTE:
            super().emit(record)
        elif self._timer is None or not self._timer.is_alive():
            self._timer = threading.Timer(self._seconds, self._tell_all)
            self._timer.daemon = True
            self._timer.start()

    def close(self) -> None:
        self._tell_all()
        super().close()

    def _tell_all(self) -> None:
        self.acquire()
        try:
            for name in list(self._lines):
                self._begin(name)
        finally:
            self.release()

    def _begin(self, name: str) -> None:
        """Begin a minute, and tell how many lines of the last one were not written."""
        left_out = self._lines.get(name, 0) - MOST_A_MINUTE
        self._since[name], self._lines[name] = time.monotonic(), 0
        if left_out > 0:
            words = f"{left_out:,} more requests are not listed"
            super().emit(logging.LogRecord(name, logging.WARNING, __file__, 0, words, None, None))


def kind_of(record: logging.LogRecord) -> LineKind:
    """What a record counts as: logger and level first, then its exception and where that was raised, or its message.

    With `apart`, something hashable, records of one message are told apart.
    """
    kind: LineKind = (record.name, record.levelno)
    if _was_caused_by_client(record):
        return (*kind, getattr(record, "status_code", None))
    if record.exc_info and record.exc_info[1] is not None:
        error = record.exc_info[1]
        return (*kind, type(error).__qualname__, _place(error.__traceback__))
    return (*kind, VARIABLE.sub("#", str(record.msg)[:MAX_CHARACTERS]), getattr(record, "apart", None))


def _hide_paths(record: logging.LogRecord) -> None:
    """Django names the path of what it refused, which may be a link from a mail."""
    if record.name.startswith("django.") and isinstance(record.args, tuple):
        record.args = tuple(
            hide_secrets(each) if isinstance(each, str) and each.startswith("/") else each for each in record.args
        )


def _place(traceback: TracebackType | None) -> int:
    """Where an exception was raised. A recursion counts once, however deep it was."""
    frames: dict[tuple[str, int], None] = {}
    while traceback is not None:
        place = traceback.tb_frame.f_code.co_filename, traceback.tb_lineno
        frames.pop(place, None)
        frames[place] = None
        traceback = traceback.tb_next
    return hash(tuple(frames)[-PLACE_FRAMES:])


def _was_caused_by_client(record: logging.LogRecord) -> bool:
    """Whether a request was refused for what it asks: a foreign Host, a page without the right to it."""
    if record.name.startswith("django.security."):
        return True
    return record.name == "django.request" and getattr(record, "status_code", 500) < 500


def _without_needless_traceback(record: logging.LogRecord) -> logging.LogRecord:
    if not record.exc_info or not _was_caused_by_client(record):
        return record
    plain = copy.copy(record)
    plain.exc_info = plain.exc_text = None
    return plain


def _in_one_line(record: logging.LogRecord) -> logging.LogRecord:
    """The record as a line. It refers to no argument, request or frame of a traceback, which may be large."""
    line = logging.LogRecord(
        record.name, record.levelno, record.pathname, record.lineno, _first_line(record), None, None, record.funcName
    )
    line.request_id = getattr(record, "request_id", "")
    return line


def _first_line(record: logging.LogRecord) -> str:
    """The message, and of an exception its name and words; safe as a message without arguments."""
    try:
        words = record.getMessage()
    except Exception:  # arguments that do not fit; the first of them was reported by `logging` itself
        words = str(record.msg)
    lines = [words]
    if record.exc_info and record.exc_info[1] is not None and not _was_caused_by_client(record):
        lines.append(f"{type(record.exc_info[1]).__name__}: {record.exc_info[1]}")
    return ": ".join(line.strip().partition("\n")[0] for line in lines)[:MAX_CHARACTERS]
