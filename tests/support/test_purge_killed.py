"""A purge whose worker is killed again and again."""

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from django.conf import settings
from django.db import connection

from support import jobs
from support.closing import actions
from support.models import Closing, ClosingState
from tests.factories import UserFactory
from tests.servers import sibling_url
from tests.support.filling import checksums_of, make_account, rows_of

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = 20
MOST_STATEMENTS = 40  # per worker: a dozen steps of 20 rows
EVENTS = 3_000  # in each of two environments: more than twenty workers can remove
PATIENCE_SECONDS = 300  # without progress: no machine is so slow


def start_worker(*arguments):
    environment = os.environ | {"DATABASE_URL": sibling_url(connection.settings_dict["NAME"])}
    command = [sys.executable, "-m", "tests.support.purge_worker", *map(str, arguments)]
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, start_new_session=True)


def wait_until_done(closing, worker):
    removed, since = closing.rows_removed, time.monotonic()
    while closing.state != ClosingState.DONE:
        if closing.rows_removed > removed:
            removed, since = closing.rows_removed, time.monotonic()
        assert worker.poll() is None, "the worker ended by itself"
        assert time.monotonic() - since < PATIENCE_SECONDS
        time.sleep(0.05)
        closing.refresh_from_db()


def test_killed_twenty_times_it_ends_with_no_row_left_and_one_correct_receipt():
    other = make_account("Other", events=500)
    account = make_account("Shop", events=EVENTS)
    expected = rows_of(account)
    before = checksums_of(other)
    closing = actions.close(account=account, grace_days=0, asked_by="Ada", by=UserFactory(is_staff=True))
    lottery = random.Random(20)

    for _ in range(KILLS):
        removed = closing.rows_removed
        jobs.closings(timestamp=0)  # the periodic job that runs every minute
        worker = start_worker(lottery.randint(1, MOST_STATEMENTS))
        assert worker.wait(PATIENCE_SECONDS) == -signal.SIGKILL
        closing.refresh_from_db()
        assert closing.state == ClosingState.PURGING, "the kill came after the end"
        assert closing.rows_removed > removed
    jobs.closings(timestamp=0)
    worker = start_worker()
    wait_until_done(closing, worker)
    worker.terminate()
    worker.wait()

    assert not any(rows_of(account).values())
    assert checksums_of(other) == before
    assert Closing.objects.filter(account_number=account.pk).count() == 1
    expected["accounts_activity"] += 1  # the closing
    expected["support_message"] += 1  # the message written while signed out goes with its writer's login
    assert {table: closing.rows.get(table, 0) for table in expected} == expected
