"""Jobs of the installation as a whole: starting the backups that are due."""

import subprocess
import sys
from datetime import UTC, datetime

from django.conf import settings
from procrastinate.contrib.django import app

from common.jobs import BACKUP
from heapadmin.backups import schedule
from support.models import BackupKind
from support.status.backups import wanted

COMMANDS = {BackupKind.DUMP: ["backup"], BackupKind.BASE: ["backup", "--base"]}
_running: list[subprocess.Popen[bytes]] = []  # started by this worker


@app.task(name="heapadmin.backups", queue=BACKUP, queueing_lock="heapadmin.backups", pass_context=False)
def backups(timestamp: int) -> None:
    """Start the next backup that is due, in a process of its own.

    It may take long, and a worker does one job at a time.
    """
    _running[:] = [each for each in _running if each.poll() is None]
    now = datetime.fromtimestamp(timestamp, UTC)
    schedule.note_lost(now)
    if not _running and (kinds := schedule.due(now)):
        command = [sys.executable, str(settings.BASE_DIR / "manage.py"), *COMMANDS[kinds[0]]]
        _running.append(subprocess.Popen(command, stdin=subprocess.DEVNULL))  # noqa: S603


if wanted():  # where no backups are wanted, nobody has to look
    app.periodic(cron="* * * * *")(backups)
