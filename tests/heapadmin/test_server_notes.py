"""The notes by which a reload finds the servers that run."""

import fcntl
import os

from heapadmin.reload import servers


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
