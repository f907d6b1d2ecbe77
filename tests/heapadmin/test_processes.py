import os
import signal
import subprocess
import sys
from dataclasses import replace

import psutil
import pytest

from heapadmin import processes
from heapadmin.processes import Identity
from tests.heapadmin.running import eventually

SLEEP = [sys.executable, "-c", "import time; time.sleep(60)"]
DEAF = [
    sys.executable,
    "-c",
    "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); print('ready', flush=True); time.sleep(60)",
]


def deaf():
    """A process that ignores SIGTERM."""
    child = processes.start(DEAF, when_we_die=signal.SIGKILL, stdout=subprocess.PIPE)
    with child.stdout:
        child.stdout.readline()
    return child


@pytest.fixture
def child():
    child = processes.start(SLEEP, when_we_die=signal.SIGTERM)
    yield child
    child.kill()
    child.wait()


def test_a_process_is_recognised_by_number_and_start_time(child):
    identity = Identity.of(child.pid)

    assert identity.is_alive()
    assert not replace(identity, start=identity.start - 1).is_alive()
    assert not replace(identity, boot="another").is_alive()


def test_a_process_is_recognised_after_the_clock_was_set(child, monkeypatch):
    """What the kernel tells of the start does not change; what it tells of the time of its own start does."""
    identity = Identity.of(child.pid)
    before, boot_time = psutil.Process(child.pid).create_time(), psutil._pslinux.boot_time()
    monkeypatch.setattr("psutil._pslinux.boot_time", lambda: boot_time + 3600)

    assert psutil.Process(child.pid).create_time() == pytest.approx(before + 3600)
    assert identity.is_alive()


def test_a_dead_process_that_nobody_collected_is_not_alive(child):
    identity = Identity.of(child.pid)

    child.kill()

    assert eventually(lambda: not identity.is_alive())


def test_a_child_is_out_of_reach_of_our_terminal(child):
    assert os.getsid(child.pid) == child.pid != os.getsid(0)


def test_a_child_dies_with_us():
    code = (
        "import signal, sys, os; from heapadmin import processes;"
        f"child = processes.start({SLEEP!r}, when_we_die=signal.SIGTERM, stdout=-3, stderr=-3);"
        "print(child.pid, flush=True);"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )

    parent = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)

    grandchild = int(parent.stdout)
    assert eventually(lambda: Identity.of(grandchild) is None)


def test_who_ignores_the_first_signal_gets_the_next():
    child = deaf()
    identity = Identity.of(child.pid)

    gone = processes.end([identity], [(signal.SIGTERM, 0.3), (signal.SIGKILL, 5)])

    assert gone
    assert child.wait() == -signal.SIGKILL


def test_what_could_not_be_ended_is_told():
    child = deaf()

    gone = processes.end([Identity.of(child.pid)], [(signal.SIGTERM, 0.3)])

    assert not gone
    child.kill()
    child.wait()


def test_a_session_holds_those_whose_leader_died():
    shell = processes.start(["/bin/sh", "-c", "sleep 60 & wait"], when_we_die=signal.SIGTERM)
    leader = Identity.of(shell.pid)
    assert eventually(lambda: len(processes.session_of(leader)) == 2)

    shell.kill()
    shell.wait()
    rest = processes.session_of(leader)

    assert len(rest) == 1
    assert processes.end(rest, [(signal.SIGKILL, 5)])


def test_a_session_of_an_earlier_process_of_that_number_is_not_ours(child):
    later = replace(Identity.of(child.pid), start=Identity.of(child.pid).start + 1)

    assert processes.session_of(later) == []
