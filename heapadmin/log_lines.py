"""What a line of the log looks like: as text, or as one JSON object. Nothing that a client sends can begin a new line.

Messages and exceptions may hold what anybody sent: a path, a header, a part of a body. Control characters in them
are written as escapes, so no terminal obeys them and no reader takes them for lines of ours. Their length is bounded.
"""

import json
import logging
import re
from datetime import UTC, datetime
from typing import Any

from django.core.exceptions import ImproperlyConfigured

LEVELS = ("DEBUG", "INFO", "WARNING", "ERROR", "CRITICAL")
FORMATS = ("text", "json")
MOST_MESSAGE = 2_000  # characters
MOST_EXCEPTION = 12_000  # of a traceback: its beginning and its end, where the error stands
MOST_PATH = 200
LONGEST_PART = 20  # of a path, that is told
UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")  # of definitions and reports: no secret
LEFT_OUT = " … "
INDENT = "  "  # before each line of a traceback: only a line of ours begins at the margin

# C0, DEL, C1, the line and paragraph separators, and what turns the direction of writing
CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029\u200e\u200f\u202a-\u202e\u2066-\u2069]")
CONTROL_IN_LINES = re.compile(CONTROL.pattern.replace("\x00-\x1f", "\x00-\x09\x0b-\x1f"))


def in_one_line(text: str, most: int = MOST_MESSAGE) -> str:
    """`text` with escapes for control characters, and at most so long."""
    return CONTROL.sub(_escape, _shortened(text, most))


def hide_secrets(path: str) -> str:
    """A path without the parts that may let somebody in: those of links in mails have 32 characters and more."""
    shown = (part if len(part) <= LONGEST_PART or UUID.fullmatch(part) else "*" for part in path.split("/"))
    return in_one_line("/".join(shown), MOST_PATH)


def _shortened(text: str, most: int) -> str:
    if len(text) <= most:
        return text
    half = (most - len(LEFT_OUT)) // 2
    return text[:half] + LEFT_OUT + text[-half:]


def _escape(found: re.Match[str]) -> str:
    return found[0].encode("unicode_escape").decode()


class LineFormatter(logging.Formatter):
    """`time LEVEL logger: message [request]`, and tracebacks indented below."""

    def format(self, record: logging.LogRecord) -> str:
        line = f"{_time(record)} {record.levelname} {record.name}: {in_one_line(record.getMessage())}"
        if request := getattr(record, "request_id", ""):
            line += f" [{request}]"
        if exception := self._exception(record):
            line += "".join(f"\n{INDENT}{each}" for each in exception.splitlines())
        return line

    def _exception(self, record: logging.LogRecord) -> str:
        """The traceback, and the stack if asked for; '' without."""
        parts = [self.formatException(record.exc_info)] if record.exc_info and record.exc_info[1] else []
        if record.stack_info:
            parts.append(record.stack_info)
        return CONTROL_IN_LINES.sub(_escape, _shortened("\n".join(parts), MOST_EXCEPTION))


class JsonFormatter(LineFormatter):
    """One object a line. `fields` of the record, a dictionary, are members besides."""

    def format(self, record: logging.LogRecord) -> str:
        line: dict[str, Any] = {
            "time": _time(record),
            "level": record.levelname,
            "logger": record.name,
            "message": in_one_line(record.getMessage()),
        }
        if request := getattr(record, "request_id", ""):
            line["request_id"] = request
        for name, value in getattr(record, "fields", {}).items():
            line[name] = in_one_line(value) if isinstance(value, str) else value
        if exception := self._exception(record):
            line["exception"] = exception
        return json.dumps(line, ensure_ascii=False, default=str)


FORMATTERS = {"text": LineFormatter, "json": JsonFormatter}


def _time(record: logging.LogRecord) -> str:
    return datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def configuration(level: str, line_format: str) -> dict[str, Any]:
    """Django's LOGGING: everything goes to stderr, in one form. Raises ImproperlyConfigured."""
    if level not in LEVELS:
        raise ImproperlyConfigured(f"LOG_LEVEL must be one of {', '.join(LEVELS)}, not {level!r}.")
    if line_format not in FORMATS:
        raise ImproperlyConfigured(f"LOG_FORMAT must be {' or '.join(FORMATS)}, not {line_format!r}.")
    formatter = FORMATTERS[line_format]
    return {
        "version": 1,
        "disable_existing_loggers": False,
        "formatters": {"line": {"()": f"{formatter.__module__}.{formatter.__qualname__}"}},
        "handlers": {
            "console": {"class": "heapadmin.log_limits.LimitedHandler", "formatter": "line", "level": level},
            "access": {"class": "heapadmin.log_limits.AccessHandler", "formatter": "line"},
        },
        "root": {"handlers": ["console"], "level": level},
        # Django gives this one handlers of its own, in another form.
        "loggers": {
            "django": {"handlers": [], "level": level},
            "access": {"handlers": ["access"], "level": "INFO", "propagate": False},
            "urllib3": {"level": "ERROR"},  # it logs addresses, and those of webhooks hold secrets
        },
    }
