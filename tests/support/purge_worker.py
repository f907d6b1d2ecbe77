"""The jobs' worker, with a purge in many small steps, slow enough to be killed in the middle twenty times.

It does nothing else, so that what is counted for another account in the background does not look like damage.
"""

import os
from datetime import timedelta
from functools import partial

import django

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "heapadmin.settings")
django.setup()

from django.core.management import call_command  # noqa: E402

from support.closing import purge  # noqa: E402

ROWS = 50
PAUSE = 10.0  # after a step, in steps
purge.SETTLE = timedelta(0)
purge.FEWEST = purge.MOST = ROWS
purge.Pace = partial(purge.Pace, rows=ROWS, pause=PAUSE)

if __name__ == "__main__":
    call_command("procrastinate", "worker", "--queues", "long", "--fetch-job-polling-interval", "0.2")
