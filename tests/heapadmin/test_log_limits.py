import contextlib
import gc
import io
import logging
import threading
import weakref

import pytest

from heapadmin import log_limits
from heapadmin.log_limits import LimitedHandler
from tests.heapadmin.running import eventually

LONG = 3_600.0  # seconds: no interval ends within a test
SHORT = 0.2


class Log:
    """A logger with such a handler, and the lines that it wrote."""

    def __init__(self, seconds, name="events.writer"):
        self.stream = io.StringIO()
        self.handler = LimitedHandler(self.stream, seconds)
        self.handler.setFormatter(logging.Formatter("%(levelname)s %(message)s"))
        self.logger = logging.Logger(name)
        self.logger.addHandler(self.handler)

    @property
    def lines(self):
        return self.stream.getvalue().splitlines()


@pytest.fixture
def log():
    log = Log(LONG)
    yield log
    log.handler.close()


def here():
    raise ValueError("why, in words\nand more of them")


def there():
    raise ValueError("the same words at another place")


def fail(log, cause):
    try:
        cause()
    except ValueError:
        log.logger.exception("It failed")


def test_the_first_is_written_and_the_others_are_counted(log):
    for number in range(1_000):
        log.logger.warning("A batch of %d requests failed: %s", number, "No space left")
    log.handler.close()

    assert log.lines == [
        "WARNING A batch of 0 requests failed: No space left",
        "WARNING A batch of 999 requests failed: No space left (999 more like this in 1 s)",
    ]


def test_one_line_is_no_flood(log):
    log.logger.warning("Once")
    log.handler.close()

    assert log.lines == ["WARNING Once"]


def test_other_messages_levels_and_statuses_are_written(log):
    log.logger.warning("One")
    log.logger.warning("Other")
    log.logger.error("One")

    assert log.lines == ["WARNING One", "WARNING Other", "ERROR One"]


def test_numbers_in_a_message_make_no_other_kind(log):
    log.logger.warning("Worker (pid:123) at 0x7f00aa")
    log.logger.warning("Worker (pid:456) at 0x7f00ab")

    assert len(log.lines) == 1


def test_an_exception_is_told_with_its_traceback_once_for_each_place(log):
    for _ in range(5):
        fail(log, here)
        fail(log, there)
    log.handler.close()

    assert log.lines.count("Traceback (most recent call last):") == 2
    assert log.lines[-2:] == [
        "ERROR It failed: ValueError: why, in words (4 more like this in 1 s)",
        "ERROR It failed: ValueError: the same words at another place (4 more like this in 1 s)",
    ]


def test_counts_are_told_when_the_interval_is_over_though_nothing_more_comes():
    log = Log(SHORT)
    for _ in range(3):
        log.logger.warning("It failed")

    assert eventually(lambda: len(log.lines) == 2)
    assert log.lines[1] == "WARNING It failed (2 more like this in 1 s)"
    log.handler.close()
    assert len(log.lines) == 2


def test_a_flood_is_one_line_an_interval_and_counts_everything():
    log = Log(SHORT)
    ended = threading.Event()
    threading.Timer(SHORT * 5, ended.set).start()
    sent = 0
    while not ended.wait(0.001):
        log.logger.warning("It failed")
        sent += 1
    log.handler.close()

    counted = sum(int(line.split("(")[1].split()[0].replace(",", "")) for line in log.lines[1:])
    assert 1 + counted == sent
    assert 3 <= len(log.lines) <= 8


def test_what_has_been_quiet_for_an_interval_is_written_at_once_again():
    log = Log(SHORT)
    log.logger.warning("It failed")

    threading.Event().wait(SHORT * 1.5)
    log.logger.warning("It failed")

    assert log.lines == ["WARNING It failed", "WARNING It failed"]
    log.handler.close()


def test_memory_and_lines_are_bounded_when_every_message_is_another(log, monkeypatch):
    monkeypatch.setattr(log_limits, "MAX_KINDS", 10)

    for number in range(1_000):
        log.logger.warning("".join(chr(ord("a") + int(digit)) for digit in str(number)))
    log.handler.close()

    assert len(log.handler._seen) == 11
    assert len(log.lines) == 10 + 2
    assert log.lines[-1].endswith("(989 more like this in 1 s)")


def test_arguments_that_do_not_fit_break_nothing(log, capsys):
    for _ in range(2):
        log.logger.warning("%d", "one")
    log.handler.close()

    assert log.lines == ["WARNING %d (1 more like this in 1 s)"]
    assert "Logging error" in capsys.readouterr().err


def test_percent_signs_of_a_repeated_message_are_no_template(log):
    for _ in range(2):
        log.logger.warning("100 %% and %s", "50 %d")
    log.handler.close()

    assert log.lines[1].startswith("WARNING 100 % and 50 %d (1 more")


@pytest.mark.parametrize("name", ["django.security.DisallowedHost", "django.request"])
def test_what_a_client_caused_has_no_traceback(name):
    log = Log(LONG, name)
    try:
        raise PermissionError("no")
    except PermissionError:
        log.logger.error("Refused: %s", "/a", exc_info=True, extra={"status_code": 403})
        log.logger.error("Refused by other words: %s", "/b", exc_info=True, extra={"status_code": 403})
    log.handler.close()

    assert log.lines == ["ERROR Refused: /a", "ERROR Refused by other words: /b (1 more like this in 1 s)"]


def test_a_fault_of_ours_keeps_its_traceback():
    log = Log(LONG, "django.request")
    try:
        raise ValueError("no")
    except ValueError:
        log.logger.error("Internal Server Error: %s", "/a", exc_info=True, extra={"status_code": 500})
    log.handler.close()

    assert "Traceback (most recent call last):" in log.lines


class Large:
    """Something that a log must not keep alive."""


def test_nothing_that_a_line_told_of_stays_in_memory(log):
    alive = weakref.WeakSet()

    def fail():
        body = Large()
        alive.add(body)
        raise ValueError("no")

    for place in range(20):
        for _ in range(2):
            request = Large()
            alive.add(request)
            log.logger.warning("Refused " + "a" * place + ": %s", request, extra={"request": request})
            with contextlib.suppress(ValueError):
                try:
                    fail()
                except ValueError:
                    log.logger.exception("b" * place)
                    raise
            del request
    gc.collect()

    assert len(log.handler._seen) == 21 and not alive


def test_a_recursion_is_one_kind_however_deep_it_was(log):
    def deep(levels):
        if not levels:
            raise ValueError("no")
        deep(levels - 1)

    for levels in range(100):
        with contextlib.suppress(ValueError):
            try:
                deep(levels)
            except ValueError:
                log.logger.exception("It failed")
                raise

    assert "\n".join(log.lines).count("Traceback") <= 2


def test_with_too_many_kinds_a_line_costs_no_more(log, monkeypatch):
    monkeypatch.setattr(log_limits, "MAX_KINDS", 10)
    looks = []
    forget = log.handler._forget
    monkeypatch.setattr(log.handler, "_forget", lambda now: looks.append(now) or forget(now))

    for number in range(1_000):
        log.logger.warning("".join(chr(ord("a") + int(digit)) for digit in str(number)))

    assert len(looks) <= 2


def test_what_has_no_words_breaks_nothing(log, capsys):
    class Wordless(Exception):
        def __str__(self):
            raise KeyError("no words")

    for _ in range(3):
        try:
            raise Wordless
        except Wordless:
            log.logger.exception("It failed")
    log.logger.warning("Others are heard")

    assert "WARNING Others are heard" in log.lines
    capsys.readouterr()
