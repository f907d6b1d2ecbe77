"""`manage.py procrastinate`: the package's command, whose worker goes over to new code when `manage.py reload` asks.

It finishes its jobs first and then runs its command again in its place, so whatever watches its process id goes on.
"""

import os
import signal
import sys
import threading
from typing import Any

from django.conf import settings
from procrastinate.contrib.django.management.commands import procrastinate

from heapadmin.reload import servers
from heapadmin.reload.successor import GENERATION


class Command(procrastinate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        is_told = threading.current_thread() is threading.main_thread()  # signals reach no other
        if options.get("command") != "worker" or not is_told:
            super().handle(*args, **options)
            return
        generation = int(settings.GIVEN_ENVIRONMENT.get(GENERATION, 0))
        note = servers.note(servers.JOBS, generation)
        self._is_asked = False
        signal.signal(signal.SIGUSR2, self._ask)
        note.serves()
        try:
            super().handle(*args, **options)
        finally:
            if not self._is_asked:
                note.remove()
        if self._is_asked:
            environment = settings.GIVEN_ENVIRONMENT | {GENERATION: str(generation + 1)}
            os.execve(sys.executable, sys.orig_argv, environment)  # noqa: S606

    def _ask(self, *of_signal: Any) -> None:
        self._is_asked = True
        os.kill(os.getpid(), signal.SIGTERM)
