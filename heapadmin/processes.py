"""Child processes: start them so that they die with us, identify them reliably if they did not, and end them."""

import ctypes
import functools
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

import psutil

PR_SET_PDEATHSIG = 1
SAME_START_SECONDS = 0.5  # two reads of the same process's start time never differ by more


def start(command: Sequence[str], *, when_we_die: signal.Signals, **arguments: Any) -> subprocess.Popen[bytes]:
    """Start `command` in a session of its own, so that a Ctrl-C in our terminal does not reach it.

    On Linux the kernel sends it the signal `when_we_die` if we die. `arguments` go to subprocess.Popen.
    """
    return subprocess.Popen(  # noqa: S603
        command,
        stdin=subprocess.DEVNULL,
        start_new_session=True,
        preexec_fn=_die_with(when_we_die),
        **arguments,
    )


@functools.cache
def _libc() -> Any:
    return ctypes.CDLL(None, use_errno=True)


def _die_with(which: signal.Signals) -> Callable[[], None] | None:
    """What the child runs between fork and exec. It only makes system calls, because other threads may hold locks."""
    if not sys.platform.startswith("linux"):
        return None
    prctl, parent, number = _libc().prctl, os.getpid(), int(which)

    def ask_the_kernel() -> None:
        prctl(PR_SET_PDEATHSIG, number, 0, 0, 0)
        if os.getppid() != parent:  # the parent died before this call
            os._exit(1)

    return ask_the_kernel


@dataclass(frozen=True)
class Identity:
    """Identifies a process by id and start time (unix seconds), because another process may get the id later."""

    pid: int
    started_at: float

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """The process that now has the id `pid`. None if there is none, or if it is dead and waits to be reaped."""
        try:
            process = psutil.Process(pid)
            if process.status() == psutil.STATUS_ZOMBIE:
                return None
            return cls(pid, process.create_time())
        except psutil.Error:
            return None

    def is_alive(self) -> bool:
        now = Identity.of(self.pid)
        return now is not None and abs(now.started_at - self.started_at) < SAME_START_SECONDS


def session_of(leader: Identity) -> list[Identity]:
    """The processes of the session that `leader` started (see `start`), itself first; the rest even if it died."""
    found = [leader] if leader.is_alive() else []
    for pid in psutil.pids():
        try:
            if pid == leader.pid or os.getsid(pid) != leader.pid:
                continue
        except OSError:
            continue
        member = Identity.of(pid)
        if member is not None and member.started_at >= leader.started_at - SAME_START_SECONDS:
            found.append(member)
    return found


def end(processes: Iterable[Identity], steps: Sequence[tuple[signal.Signals, float]]) -> bool:
    """End `processes`: for each (signal, seconds) in `steps`, send the signal and wait. True if all have ended."""
    remaining = list(processes)
    for which, seconds in steps:
        for process in remaining:
            _send(process, which)
        remaining = wait_until_gone(remaining, seconds)
        if not remaining:
            return True
    return False


def stop_again(members: Iterable[Identity]) -> None:
    """Ask processes again to stop. This does not disturb those that are stopping already."""
    for process in members:
        _send(process, signal.SIGTERM)


def wait_until_gone(processes: Iterable[Identity], seconds: float) -> list[Identity]:
    """Wait at most `seconds` until `processes` have ended; return those that still run."""
    deadline = time.monotonic() + seconds
    remaining = [process for process in processes if process.is_alive()]
    while remaining and time.monotonic() < deadline:
        time.sleep(0.05)
        remaining = [process for process in remaining if process.is_alive()]
    return remaining


def _send(process: Identity, which: signal.Signals) -> None:
    if process.is_alive():
        try:
            os.kill(process.pid, which)
        except OSError:
            return
