"""Who may import next in a process that serves pages: one project at a time, and who waits longest comes first."""

import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

RETRY_SECONDS = 5  # a program that has to wait is told to ask again after so long
KEPT_SECONDS = 3 * RETRY_SECONDS  # how long its place is kept if it does not


class ImportTurns:
    """Programs ask again for their turn. Without a line, one that imports all day would leave no gap for the others."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._is_taken = False
        self._waiting: dict[int, float] = {}  # projects, who came first is first; when they asked last

    @contextmanager
    def turn(self, project_id: int) -> Iterator[bool]:
        """Whether the project may import now. If so, nobody else does until the end."""
        has_turn = self._take(project_id, time.monotonic())
        try:
            yield has_turn
        finally:
            if has_turn:
                self._is_taken = False

    def _take(self, project_id: int, now: float) -> bool:
        with self._lock:
            self._waiting = {each: at for each, at in self._waiting.items() if now - at < KEPT_SECONDS}
            if self._is_taken or next(iter(self._waiting), project_id) != project_id:
                self._waiting[project_id] = now
                return False
            self._waiting.pop(project_id, None)
            self._is_taken = True
            return True
