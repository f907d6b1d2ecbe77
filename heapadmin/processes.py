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
from pathlib import Path
from typing import Any

import psutil

PR_SET_PDEATHSIG = 1
BOOT = Path("/proc/sys/kernel/random/boot_id")


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
    """Identifies a process by id and start, because another process may get the id later.

    On Linux the start is in ticks of the kernel since `boot`: the time of day may be set while the process runs.
    Elsewhere it is in unix seconds, which the kernel notes once.
    """

    pid: int
    start: float
    boot: str

    @classmethod
    def of(cls, pid: int) -> "Identity | None":
        """The process that now has the id `pid`. None if there is none, or if it is dead and waits to be reaped."""
        try:
            if sys.platform.startswith("linux"):
                state, *fields = Path(f"/proc/{pid}/stat").read_text(errors="replace").rpartition(")")[2].split()
                return None if state in "ZX" else cls(pid, int(fields[18]), _boot())
            process = psutil.Process(pid)
            return None if process.status() == psutil.STATUS_ZOMBIE else cls(pid, process.create_time(), "")
        except (OSError, psutil.Error):
            return None

    @classmethod
    def of_this_process(cls) -> "Identity":
        found = cls.of(os.getpid())
        assert found is not None
        return found

    def is_alive(self) -> bool:
        return Identity.of(self.pid) == self


@functools.cache
def _boot() -> str:
    return BOOT.read_text().strip()


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
        if member is not None and member.boot == leader.boot and member.start >= leader.start:
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
