"""Jobs of the installation as a whole: starting the backups that are due."""

import os
import sys
from datetime import UTC, datetime

import psutil
from django.conf import settings
from procrastinate.contrib.django import app

from common.jobs import BACKUP
from heapadmin.backups import schedule
from support.models import BackupKind
from support.status.backups import wanted

COMMANDS = {BackupKind.DUMP: ["backup"], BackupKind.BASE: ["backup", "--base"]}
_running: set[int] = set()  # their processes, which are children of this worker


@app.task(name="heapadmin.backups", queue=BACKUP, queueing_lock="heapadmin.backups", pass_context=False)
def backups(timestamp: int) -> None:
    """Start the next backup that is due, in a process of its own.

    It may take long, and a worker does one job at a time.
    """
    _running.difference_update([pid for pid in _running if _has_ended(pid)])
    now = datetime.fromtimestamp(timestamp, UTC)
    schedule.note_lost(now)
    if not _running and (kinds := schedule.due(now)):
        _running.add(_start(COMMANDS[kinds[0]]))


def take_over() -> None:
    """Where this process was a worker before it became new code: backups that run are its children still."""
    _running.update(child.pid for child in psutil.Process().children())


def _start(command: list[str]) -> int:
    """Not by `subprocess`, which knows no child that an earlier program of this process started."""
    whole = [sys.executable, str(settings.BASE_DIR / "manage.py"), *command]
    without_input = [(os.POSIX_SPAWN_OPEN, 0, os.devnull, os.O_RDONLY, 0)]
    return os.posix_spawn(sys.executable, whole, settings.GIVEN_ENVIRONMENT, file_actions=without_input)


def _has_ended(pid: int) -> bool:
    try:
        return os.waitpid(pid, os.WNOHANG)[0] == pid
    except ChildProcessError:
        return True


if wanted():  # where no backups are wanted, nobody has to look
    app.periodic(cron="* * * * *")(backups)
