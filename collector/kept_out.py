"""Counting what excluded IPs keep out: in memory for each request, in the database every few seconds."""

import logging
import threading

from django.db import connection

from collector.decide import Decision
from ipfilter.counters import Counters

log = logging.getLogger(__name__)

WRITE_SECONDS = 2.0


def count(counters: Counters, decision: Decision, now: float) -> None:
    """Count a request that was decided at `now` (unix seconds); nothing when no rule kept it out."""
    if decision.rule_id is not None and decision.place is not None:
        counters.add(
            rule_id=decision.rule_id, environment_id=decision.place.environment_id, at=now, events=decision.weight
        )


class KeptOutTimer:
    """For the threads of a process without an event loop: a timer writes a moment after something came."""

    def __init__(self) -> None:
        self._counters = Counters()
        self._lock = threading.Lock()
        self._timer: threading.Timer | None = None

    def count(self, decision: Decision, now: float) -> None:
        if decision.rule_id is None:
            return
        with self._lock:
            count(self._counters, decision, now)
            if self._counters and self._timer is None:
                self._timer = threading.Timer(WRITE_SECONDS, self.write)
                self._timer.daemon = True
                self._timer.start()

    def write(self) -> None:
        """Write what was counted. Never raises: what cannot be written waits for the next time."""
        with self._lock:
            counts = self._counters.take()
            self._timer = None
        try:
            if counts:
                with connection.cursor() as cursor:
                    cursor.execute(*self._counters.statement(counts))
        except Exception as error:  # whatever it is: nobody waits for this thread, and the counts stay
            log.warning("What excluded IPs kept out is counted later: %s", str(error).strip())
            with self._lock:
                self._counters.give_back(counts)
        finally:
            if isinstance(threading.current_thread(), threading.Timer):
                connection.close()
