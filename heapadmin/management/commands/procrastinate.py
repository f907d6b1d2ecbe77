"""`manage.py procrastinate`: the package's command, whose worker goes over to new code when `manage.py reload` asks.

It finishes its jobs first and then runs its command again in its place, so whatever watches its process id goes on.
"""

import os
import signal
import threading
from typing import Any

from django.conf import settings
from procrastinate.contrib.django.management.commands import procrastinate

from heapadmin import jobs
from heapadmin.reload import again, servers

AGAIN_SECONDS = 0.2


class Command(procrastinate.Command):
    def handle(self, *args: Any, **options: Any) -> None:
        is_told = threading.current_thread() is threading.main_thread()  # signals reach no other
        if options.get("command") != "worker" or not is_told:
            super().handle(*args, **options)
            return
        generation = again.generation(settings.GIVEN_ENVIRONMENT)
        if generation:
            jobs.take_over()
        note = servers.note(servers.JOBS, generation)
        self._is_asked = False
        signal.signal(signal.SIGUSR2, self._ask)
        signal.signal(signal.SIGALRM, self._ask)
        again.let_signals_come()
        note.serves()
        try:
            super().handle(*args, **options)
        finally:
            signal.signal(signal.SIGUSR2, signal.SIG_IGN)  # from here on it ends, or becomes new code
            signal.setitimer(signal.ITIMER_REAL, 0)
            if not self._is_asked:
                note.remove()
        if self._is_asked:
            again.run(settings.GIVEN_ENVIRONMENT)

    def _ask(self, *of_signal: Any) -> None:
        """Ask the package's worker to finish, as SIGTERM does once that listens; before that it would end the process.

        A worker that ends already is asked in vain.
        """
        if self._is_asked:
            return
        if signal.getsignal(signal.SIGTERM) is signal.SIG_DFL:
            signal.setitimer(signal.ITIMER_REAL, AGAIN_SECONDS)
            return
        self._is_asked = True
        os.kill(os.getpid(), signal.SIGTERM)
