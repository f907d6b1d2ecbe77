"""How a line of the log looks, whatever anybody sends; and that every process writes like that."""

import io
import json
import logging
import subprocess
import sys

import pytest
from django.conf import settings
from django.core.exceptions import ImproperlyConfigured

from common.request_ids import RequestNote, working_for
from heapadmin.log_limits import LimitedHandler
from heapadmin.log_lines import MOST_EXCEPTION, MOST_MESSAGE, JsonFormatter, LineFormatter, configuration
from tests.servers import CollectingServer, served_database

FORGED = "2026-01-01T00:00:00.000Z ERROR heapadmin: the admin's password is 1234"
HOSTILE = f"a\n{FORGED}\r\n\x1b[2J\x1b]0;title\x07\x00\x85\u2028\u202e" + "x" * 10_000


class Written:
    def __init__(self, formatter):
        self.stream = io.StringIO()
        self.handler = LimitedHandler(self.stream, 3_600)
        self.handler.setFormatter(formatter())
        self.logger = logging.Logger("events.writer")
        self.logger.addHandler(self.handler)

    @property
    def text(self):
        return self.stream.getvalue()

    @property
    def objects(self):
        return [json.loads(line) for line in self.text.splitlines()]


@pytest.fixture
def text():
    return Written(LineFormatter)


@pytest.fixture
def as_json():
    return Written(JsonFormatter)


def fail(log, words):
    try:
        raise ValueError(words)
    except ValueError:
        log.logger.exception("It failed: %s", words)


def test_a_line_has_time_level_logger_message_and_request(text):
    with working_for(RequestNote("abc-123")):
        text.logger.warning("A batch of %d failed", 7)

    assert text.text.endswith("Z WARNING events.writer: A batch of 7 failed [abc-123]\n")


def test_an_object_has_the_same_and_the_exception_as_one_string(as_json):
    with working_for(RequestNote("abc-123")):
        fail(as_json, "why")

    [line] = as_json.objects
    assert set(line) == {"time", "level", "logger", "message", "request_id", "exception"}
    assert (line["level"], line["logger"], line["message"]) == ("ERROR", "events.writer", "It failed: why")
    assert line["request_id"] == "abc-123"
    assert line["exception"].startswith("Traceback (most recent call last):\n")
    assert line["exception"].endswith("\nValueError: why")


def test_outside_of_a_request_there_is_no_id(as_json):
    as_json.logger.warning("Hello")

    assert "request_id" not in as_json.objects[0]


def test_fields_are_members(as_json):
    as_json.logger.warning("Hello", extra={"fields": {"seconds": 1.5, "path": "/a\nb"}})

    assert (as_json.objects[0]["seconds"], as_json.objects[0]["path"]) == (1.5, "/a\\nb")


def test_nothing_that_is_sent_begins_a_line_or_obeys_a_terminal(text):
    fail(text, HOSTILE)

    assert [line for line in text.text.splitlines() if not line.startswith("  ")] == text.text.splitlines()[:1]
    assert FORGED in text.text
    assert not set("\x1b\x07\x00\r\x85\u2028\u202e") & set(text.text)


def test_the_same_of_objects(as_json):
    fail(as_json, HOSTILE)

    [line] = as_json.objects
    assert as_json.text.count("\n") == 1
    assert not set("\x1b\x07\x00\r\x85\u2028\u202e") & set(as_json.text + line["message"] + line["exception"])


@pytest.mark.parametrize("formatter", [LineFormatter, JsonFormatter])
def test_a_line_is_bounded_and_keeps_where_and_what(formatter):
    log = Written(formatter)
    fail(log, "\x1b" * 1_000_000 + "the end")

    assert len(log.text) < 5 * (MOST_MESSAGE + MOST_EXCEPTION)  # an escape takes four characters, in JSON five
    assert "Traceback (most recent call last)" in log.text and "the end" in log.text


def test_half_of_a_surrogate_pair_can_be_written(tmp_path):
    code = r"""
import logging
from heapadmin.log_lines import JsonFormatter
from heapadmin.log_limits import LimitedHandler
handler = LimitedHandler(); handler.setFormatter(JsonFormatter())
logging.getLogger().addHandler(handler)
logging.getLogger().warning("%s", "\udc80")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=settings.BASE_DIR, capture_output=True, text=True)

    assert json.loads(done.stderr)["message"] == "\udc80"


def test_repeats_keep_the_id_of_the_last(as_json):
    for number in range(3):
        with working_for(RequestNote(f"request-{number}")):
            as_json.logger.warning("It failed")
    as_json.handler.close()

    assert [line["request_id"] for line in as_json.objects] == ["request-0", "request-2"]


@pytest.mark.parametrize(
    ("level", "line_format", "words"),
    [
        ("LOUD", "text", "LOG_LEVEL must be one of DEBUG, INFO, WARNING, ERROR, CRITICAL, not 'LOUD'."),
        ("INFO", "xml", "LOG_FORMAT must be text or json, not 'xml'."),
    ],
)
def test_unknown_words_are_refused_in_a_sentence(level, line_format, words):
    with pytest.raises(ImproperlyConfigured, match=words):
        configuration(level, line_format)


def run(code, **environment):
    command = [sys.executable, "-c", f"import django\ndjango.setup()\n{code}"]
    environment = {"DJANGO_SETTINGS_MODULE": "heapadmin.settings", "PATH": "", "DATA_DIR": "/nowhere", **environment}
    return subprocess.run(command, cwd=settings.BASE_DIR, env=environment, capture_output=True, text=True)


SAY_ALL = """
import logging
for name in ("django.request", "procrastinate.worker", "collector.asgi"):
    for level in (logging.DEBUG, logging.INFO, logging.WARNING, logging.ERROR):
        logging.getLogger(name).log(level, "hello")
"""


@pytest.mark.parametrize(("level", "count"), [("debug", 4), ("", 2), ("Error", 1)])
@pytest.mark.parametrize("debug", ["on", "off"])
def test_the_level_is_that_of_every_logger(level, count, debug):
    done = run(SAY_ALL, LOG_LEVEL=level, LOG_FORMAT="json", DEBUG=debug, SECRET_KEY="x" * 50)

    lines = [json.loads(line) for line in done.stderr.splitlines()]
    assert [sum(line["logger"] == name for line in lines) for name in ("django.request", "collector.asgi")] == [
        count
    ] * 2
    assert sum(line["logger"] == "procrastinate.worker" for line in lines) == count


@pytest.mark.parametrize("conf", ["asgi", "wsgi"])
def test_gunicorn_and_its_workers_write_objects(conf, django_db_setup, django_db_blocker, tmp_path):
    module = {"asgi": "heapadmin.gunicorn_conf", "wsgi": "heapadmin.gunicorn_wsgi_conf"}[conf]
    with served_database(django_db_blocker) as url:
        server = CollectingServer(url, tmp_path, f"heapadmin.{conf}:application", workers=1, conf=module)
        server.environment |= {
            "GUNICORN_CMD_ARGS": f"--bind=127.0.0.1:{server.port} --workers=1",
            "LOG_FORMAT": "json",
            "LOG_LEVEL": "INFO",
        }
        server.start()
        server.request("GET", "/nowhere/")
        server.stop()

    lines = [json.loads(line) for line in server.log.read_text().splitlines()]
    assert {"gunicorn.error", "django.request"} <= {line["logger"] for line in lines}
    assert any(line["message"].startswith("Listening at") for line in lines)
