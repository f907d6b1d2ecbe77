"""Gives back to the system what large requests have used.

A body that was cut off hangs in a circle with its error until Python collects circles, which may be never on a worker
that has little to do; and glibc keeps what was freed. A thread looks every few seconds whether it is time for both.
Where another C library runs, only the first is done.
"""

import ctypes
import gc
import sys
import threading
import time

import psutil

LOOK_SECONDS = 5.0
WORTH_IT_BYTES = 32 * 2**20  # since the last time: giving back takes milliseconds in which nobody gets memory


class Trimmer:
    """`look` gives back what is free if this process has grown, and has ceased to grow."""

    def __init__(self) -> None:
        self._process = psutil.Process()
        self._least = self._before = self._resident()

    def look(self) -> None:
        now = self._resident()
        if now - self._least > WORTH_IT_BYTES and now <= self._before:
            gc.collect()
            _give_back()
            self._least = now = self._resident()
        self._least = min(self._least, now)
        self._before = now

    def _resident(self) -> int:
        return int(self._process.memory_info().rss)


def _give_back() -> None:
    trim = getattr(ctypes.CDLL(None), "malloc_trim", None) if sys.platform.startswith("linux") else None
    if trim is not None:
        trim(0)


def start_giving_back() -> None:
    """In a process that serves, once it has loaded everything: what is there by now is never looked at again."""
    gc.collect()
    gc.freeze()
    threading.Thread(target=_go_on, args=(Trimmer(),), name="memory", daemon=True).start()


def _go_on(trimmer: Trimmer) -> None:
    while True:
        time.sleep(LOOK_SECONDS)
        trimmer.look()
