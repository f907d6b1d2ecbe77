"""Starts the private PostgreSQL again when it has ended, for as long as it takes.

It may fail for hours, such as on a full disk. Meanwhile the web workers answer 503, so that senders keep their events.
"""

import time
from collections.abc import Callable
from enum import Enum, auto

from heapadmin.postgres import PostgresError, PrivatePostgres
from heapadmin.standalone.pauses import HEALTHY_AFTER_SECONDS, pause_seconds

CUT_SECONDS = 30.0  # between two looks at the size of its log: on a full disk it writes a few lines for each batch
REPEAT_SECONDS = 300.0  # before the same reason is told again


class Phase(Enum):
    UP = auto()
    PAUSE = auto()
    STARTING = auto()


class PostgresKeeper:
    """Watches `postgres`, which has been started once. `look` waits two seconds at most and never raises."""

    def __init__(self, postgres: PrivatePostgres, say: Callable[[str], None]) -> None:
        self.postgres = postgres
        self.say = say
        self._phase = Phase.UP
        self._up_since = time.monotonic()
        self._failures = 0  # since it last ran for HEALTHY_AFTER_SECONDS
        self._next_try = 0.0  # time.monotonic()
        self._told = ("", float("-inf"))  # the last reason, and when it was told
        self._next_cut = 0.0  # time.monotonic()

    def look(self) -> None:
        """Start it if it has ended and the pause is over; note whether it has come up. Cut its log if it is long."""
        if time.monotonic() >= self._next_cut:
            self._next_cut = time.monotonic() + CUT_SECONDS
            self.postgres.cut_log()
        if self._phase is Phase.UP and not self.postgres.is_alive():
            self._note_its_end()
        if self._phase is Phase.PAUSE and time.monotonic() >= self._next_try:
            self._try()
        elif self._phase is Phase.STARTING:
            self._look_at_the_start()

    def _note_its_end(self) -> None:
        if time.monotonic() - self._up_since > HEALTHY_AFTER_SECONDS:
            self._failures = 0
        pause = pause_seconds(self._failures - 1) if self._failures else 0.0
        self._wait(pause)
        self.say(f"PostgreSQL ended unexpectedly; starting it again{f' in {pause:g} s' if pause else ''}.")

    def _try(self) -> None:
        self._phase = Phase.STARTING
        try:
            self.postgres.relaunch()
        except (OSError, PostgresError) as error:
            self._note_a_failure(str(error))

    def _look_at_the_start(self) -> None:
        if not self.postgres.is_alive():
            self._note_a_failure(self.postgres.reason())
        elif self.postgres.answers():
            self._phase = Phase.UP
            self._up_since = time.monotonic()
            self._told = ("", float("-inf"))
            self.say("PostgreSQL answers again.")

    def _note_a_failure(self, reason: str) -> None:
        self._wait(pause_seconds(self._failures))
        told, at = self._told
        if reason != told or time.monotonic() - at > REPEAT_SECONDS:
            self._told = reason, time.monotonic()
            self.say(f"PostgreSQL does not start: {reason}\nIt is tried again until it does; events are answered 503.")

    def _wait(self, seconds: float) -> None:
        self._failures += 1
        self._phase = Phase.PAUSE
        self._next_try = time.monotonic() + seconds
