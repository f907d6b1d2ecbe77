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

from support import tasks
from support.closing import actions
from support.models import Closing, ClosingState
from tests.factories import UserFactory
from tests.servers import sibling_url
from tests.support.filling import checksums_of, make_account, rows_of

pytestmark = pytest.mark.django_db(transaction=True)

KILLS = 20
EVENTS = 20_000  # in each of two environments
LONGEST_LIFE_SECONDS = 0.3  # after its first step
PATIENCE_SECONDS = 120


def start_worker():
    environment = os.environ | {"DATABASE_URL": sibling_url(connection.settings_dict["NAME"])}
    command = [sys.executable, "-m", "tests.support.purge_worker"]
    return subprocess.Popen(command, cwd=settings.BASE_DIR, env=environment, start_new_session=True)


def wait_until(what, worker):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not what():
        assert worker.poll() is None, "the worker ended by itself"
        assert time.monotonic() < deadline
        time.sleep(0.01)


def removed(closing):
    closing.refresh_from_db()
    return closing.rows_removed


def test_killed_twenty_times_it_ends_with_no_row_left_and_one_correct_receipt():
    other = make_account("Other", events=500)
    account = make_account("Shop", events=EVENTS)
    expected = rows_of(account)
    before = checksums_of(other)
    closing = actions.close(account=account, grace_days=0, asked_by="Ada", by=UserFactory(is_staff=True))
    lottery, killed_midway = random.Random(20), 0

    for _ in range(KILLS):
        done = removed(closing)
        tasks.closings(timestamp=0)  # what the service's clock does every minute
        worker = start_worker()
        wait_until(lambda done=done: removed(closing) > done or closing.state == ClosingState.DONE, worker)
        time.sleep(lottery.uniform(0, LONGEST_LIFE_SECONDS))
        os.kill(worker.pid, signal.SIGKILL)
        worker.wait()
        closing.refresh_from_db()
        killed_midway += closing.state == ClosingState.PURGING
    tasks.closings(timestamp=0)
    worker = start_worker()
    wait_until(lambda: removed(closing) and closing.state == ClosingState.DONE, worker)
    worker.terminate()
    worker.wait()

    assert killed_midway == KILLS, f"only {killed_midway} kills hit a purge that was under way"
    assert not any(rows_of(account).values())
    assert checksums_of(other) == before
    assert Closing.objects.filter(account_number=account.pk).count() == 1
    expected["accounts_activity"] += 1  # that it was closed
    expected["support_message"] += 1  # what was written while signed out, by a login that goes
    assert {table: closing.rows.get(table, 0) for table in expected} == expected
