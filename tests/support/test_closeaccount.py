"""`manage.py closeaccount`, and that every worker of the collector notices it."""

import os
import subprocess
import sys
import time
from io import StringIO

import pytest
from django.conf import settings
from django.core.management import CommandError, call_command

from accounts.models import Account
from common import steps
from support.models import Closing, ClosingState
from tests.servers import CollectingServer, served_database
from tests.support.filling import make_account, rows_of

A_SECOND = 1.0
IN_A_ROW = 30  # so many equal answers in a row come from both workers


def run(*arguments):
    out = StringIO()
    call_command("closeaccount", *map(str, arguments), stdout=out)
    return out.getvalue()


@pytest.fixture
def account(db, monkeypatch):
    monkeypatch.setattr(steps, "SETTLE", steps.SETTLE * 0)
    return make_account("Shop", events=100)


def test_a_dry_run_says_what_would_go_and_changes_nothing(account):
    before = rows_of(account)

    told = run(account.pk, "--dry-run")

    assert "200  events" in told and account.memberships.first().user.email in told
    assert rows_of(account) == before and not Closing.objects.exists()


def test_with_the_wrong_name_nothing_happens(account):
    with pytest.raises(CommandError, match="not its name"):
        run(account.pk, "--name", "Shopp")

    assert not Closing.objects.exists()


def test_it_closes_with_a_grace_period_and_reopens(account):
    told = run(account.pk, "--name", "Shop", "--asked-by", "Ada")

    assert "It can be reopened until" in told and "when the grace period is over" in told
    assert "Reopened" in run(account.pk, "--reopen")
    assert Account.objects.open().filter(pk=account.pk).exists()


def test_without_a_grace_period_it_removes_everything_and_prints_the_receipt(account):
    told = run(account.pk, "--name", "Shop", "--grace-days", 0)

    assert "Removed." in told and "200  events" in told
    assert not any(rows_of(account).values())
    assert Closing.objects.get().state == ClosingState.DONE


@pytest.mark.django_db
def test_an_account_that_is_not_there_is_told():
    with pytest.raises(CommandError, match="no account 12"):
        run(12, "--dry-run")


@pytest.fixture(scope="module")
def server(tmp_path_factory, django_db_setup, django_db_blocker):
    with served_database(django_db_blocker) as url, django_db_blocker.unblock():
        server = CollectingServer(url, tmp_path_factory.mktemp("data")).start()
        yield server
        server.stop()


def closeaccount(server, *arguments):
    command = [sys.executable, "manage.py", "closeaccount", *map(str, arguments)]
    subprocess.run(command, cwd=settings.BASE_DIR, env=os.environ | {"DATABASE_URL": server.url}, check=True)


def seconds_until(server, app_id, status):
    started = since = time.monotonic()
    in_a_row = 0
    while in_a_row < IN_A_ROW:
        found = server.post("/api/track", {"app_id": app_id, "event": "Order", "identity": "ada"}).status
        if found == status:
            in_a_row += 1
        else:
            in_a_row, since = 0, time.monotonic()
        assert time.monotonic() - started < 20, f"still {found}"
    return since - started


def test_every_worker_refuses_a_closed_accounts_app_ids_within_a_second_and_takes_them_again(server):
    environment = server.make_environment()
    account = environment.project.account
    seconds_until(server, environment.app_id, 200)

    closeaccount(server, account.pk, "--name", account.name)
    refused_after = seconds_until(server, environment.app_id, 400)
    closeaccount(server, account.pk, "--reopen")
    taken_after = seconds_until(server, environment.app_id, 200)

    assert refused_after < A_SECOND and taken_after < A_SECOND
