"""The notes by which a reload finds the servers that run."""

import fcntl
import os
import signal

import pytest

from heapadmin.reload import servers
from heapadmin.reload.successor import Succession


def test_who_looks_just_as_a_server_notes_itself_leaves_the_note(settings, tmp_path, monkeypatch):
    """Between the opening of the file and its lock, it looks like that of a dead one."""
    settings.DATA_DIR, flock = tmp_path, fcntl.flock

    def late(descriptor, how):
        if how == fcntl.LOCK_SH:
            monkeypatch.setattr(fcntl, "flock", flock)
            assert list(servers.running(tmp_path)) == []
        flock(descriptor, how)

    monkeypatch.setattr(fcntl, "flock", late)
    note = servers.note(servers.JOBS, 1)
    found = list(servers.running(tmp_path))
    note.remove()

    assert [server.pid for server in found] == [os.getpid()]


@pytest.mark.parametrize(("later_serves", "told"), [(False, []), (True, [signal.SIGUSR2])])
def test_a_worker_that_begins_late_ends_if_a_later_generation_serves(settings, tmp_path, later_serves, told):
    """A signal to end is lost on one that gunicorn has just forked: it still has the handlers of gunicorn's first
    process."""
    settings.DATA_DIR, came = tmp_path, []
    late = Succession([], servers.note(servers.WEB_OF_ALL, 1))
    later = servers.note(servers.WEB_OF_ALL, 2)
    if later_serves:
        later.serves()
    former = signal.signal(signal.SIGUSR2, lambda number, frame: came.append(number))

    late.worker_serves(signal.SIGUSR2)

    signal.signal(signal.SIGUSR2, former)
    [noted] = servers.running(tmp_path)
    later.remove()
    assert (came, noted.generation, noted.serves) == (told, 2, later_serves)
