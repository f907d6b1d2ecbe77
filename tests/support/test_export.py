"""Exports of an account."""

import gzip
import json
from datetime import timedelta

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.core import mail
from django.db import connection
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import Account, Activity, Membership
from accounts.sso.models import IdentityProvider
from accounts.sso.session import ALONE, KEY
from support import jobs
from support.closing import actions as closing_actions
from support.exports import actions, writer
from support.models import AccountExport, ExportState
from tests.accounts.factories import IdentityProviderFactory, SsoIdentityFactory
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.support.filling import make_account, rows_of

pytestmark = pytest.mark.django_db


@pytest.fixture
def account():
    account = make_account(events=300)
    AccountExport.objects.all().delete()
    return account


@pytest.fixture
def member(account):
    return account.memberships.get(read_only=False).user


@pytest.fixture
def client(member):
    client = Client()
    client.force_login(member)
    return client


def export(account, member):
    export = actions.ask(account=account, by=member, mail_to=member)
    while not writer.run(export.pk, seconds=60):
        pass
    export.refresh_from_db()
    return export


def lines_of(export):
    content = b"".join(bytes(part.content) for part in export.parts.order_by("number"))
    assert len(content) == export.size_bytes
    return [json.loads(line) for line in gzip.decompress(content).splitlines()]


def mail_links(export):
    for job in ProcrastinateJob.objects.filter(task_name="support.mail_export", args__export_id=export.pk):
        jobs.mail_export(**job.args)


def download(export):
    return reverse("support:export_download", args=[actions.secret_of(export)])


def test_every_row_of_every_table_is_in_it_once(account, member):
    expected = rows_of(account)

    heading, *lines = lines_of(export(account, member))

    counted = {}
    for line in lines:
        counted[line["table"]] = counted.get(line["table"], 0) + 1
    left_out = {
        "accounts_samlanswer",
        "analytics_labelticket",
        "collector_collectedhour",
        "idempotency_keys",
        "ipfilter_keptout",
        "support_accountexport",
        "support_exportpart",
    }
    expected["accounts_activity"] += 1  # the request for the export
    assert heading["account"] == account.name
    kept = {table: rows for table, rows in expected.items() if table not in left_out and "rollup" not in table}
    assert counted == kept | {"accounts_user": 2}


def test_nothing_of_another_account_is_in_it(account, member):
    other = make_account("Other", events=50)
    theirs = {str(each) for each in other.projects.values_list("environments__pk", flat=True)}

    lines = lines_of(export(account, member))

    assert not {str(line["row"].get("environment_id")) for line in lines[1:]} & theirs
    assert not [line for line in lines[1:] if line["table"] == "accounts_account" and line["row"]["id"] != account.pk]


def test_no_secret_is_in_it(account, member):
    lines = lines_of(export(account, member))

    keys = {key for line in lines[1:] for key in line["row"]}
    assert not [key for key in keys if any(word in key for word in ("digest", "nonce", "password", "token", "secret"))]
    assert {key for line in lines[1:] if line["table"] == "accounts_user" for key in line["row"]} == {
        "id",
        "email",
        "name",
    }


def test_interrupted_anywhere_it_goes_on_and_is_the_same(account, member, monkeypatch):
    whole = lines_of(export(account, member))[1:]
    AccountExport.objects.all().delete()
    monkeypatch.setattr(writer, "PAGE_ROWS", 7)
    monkeypatch.setattr(writer, "PART_BYTES", 500)
    second = actions.ask(account=account, by=member, mail_to=member)
    slices = 0
    while not writer.run(second.pk, seconds=0):
        slices += 1
    second.refresh_from_db()

    def without_activity(lines):
        return sorted(json.dumps(line) for line in lines if line["table"] != "accounts_activity")

    assert slices > 50
    assert without_activity(lines_of(second)[1:]) == without_activity(whole)


def test_the_link_comes_by_mail_to_whoever_asked_and_works(account, member, client):
    made = export(account, member)

    mail_links(made)

    assert [message.to for message in mail.outbox] == [[member.email]]
    assert download(made) in mail.outbox[0].body
    response = client.get(download(made))
    content = b"".join(response.streaming_content)
    assert response["Content-Type"] == "application/gzip" and response["Content-Length"] == str(len(content))
    assert gzip.decompress(content).startswith(b'{"heapadmin_export":1')
    assert Activity.objects.filter(account=account, verb="account.export_fetch").exists()


def test_asked_for_by_staff_the_link_goes_to_those_with_full_access(account, member):
    made = actions.ask(account=account, by=MembershipFactory().user, mail_to=None)
    writer.run(made.pk, seconds=60)

    mail_links(made)

    assert [message.to for message in mail.outbox] == [[member.email]]


def test_the_database_and_the_queue_hold_nothing_that_opens_it(account, member):
    made = export(account, member)
    secret = actions.secret_of(made)

    with connection.cursor() as cursor:
        cursor.execute("select args::text from procrastinate_jobs")
        queued = str(cursor.fetchall())
    assert secret not in queued and secret not in str(AccountExport.objects.filter(pk=made.pk).values().get())


def test_the_link_opens_nothing_for_others(account, member):
    made = export(account, member)
    stranger, read_only = Client(), Client()
    stranger.force_login(MembershipFactory().user)
    read_only.force_login(account.memberships.get(read_only=True).user)

    assert [each.get(download(made)).status_code for each in (stranger, read_only, Client())] == [404, 404, 302]


def test_who_was_removed_or_made_read_only_meanwhile_gets_nothing(account, member, client):
    MembershipFactory(account=account)
    made = export(account, member)
    Membership.objects.filter(user=member).update(read_only=True)

    assert client.get(download(made)).status_code == 404
    assert ProcrastinateJob.objects.filter(task_name="support.mail_export").exists()
    mail_links(made)
    assert not mail.outbox


def test_an_account_that_requires_a_second_factor_requires_it_here_too(account, member, client):
    made = export(account, member)
    Account.objects.filter(pk=account.pk).update(require_second_factor=True)
    assert client.get(download(made)).status_code == 404

    TOTP.activate(member, generate_totp_secret())

    assert client.get(download(made)).status_code == 200


def test_the_link_opens_nothing_for_who_came_by_the_provider_of_another_account(account, member):
    link = download(export(account, member))
    elsewhere = MembershipFactory(user=member).account
    provider = IdentityProviderFactory(account=elsewhere, tested_at=timezone.now(), switched_on_at=timezone.now())
    client = Client()
    client.force_login(member)
    session = client.session
    session[KEY], session[ALONE] = [SsoIdentityFactory(provider=provider, user=member).pk], True
    session.save()

    assert client.get(link).status_code == 404
    IdentityProvider.objects.filter(pk=provider.pk).update(account=account)
    assert client.get(link).status_code == 200


def test_the_link_expires_and_the_content_goes(account, member, client):
    made = export(account, member)
    AccountExport.objects.filter(pk=made.pk).update(expires_at=timezone.now() - timedelta(seconds=1))

    assert client.get(download(made)).status_code == 404
    jobs.exports(timestamp=0)

    made.refresh_from_db()
    assert made.state == ExportState.EXPIRED and not made.parts.exists()


def test_the_link_works_while_the_account_is_closed_and_can_be_reopened(account, member, client):
    made = export(account, member)
    closing_actions.close(account=account, grace_days=30, asked_by="Ada", by=None)

    assert client.get(download(made)).status_code == 200


def test_one_export_is_made_at_a_time(account, member):
    actions.ask(account=account, by=member, mail_to=member)

    with pytest.raises(actions.OneIsUnderWay):
        actions.ask(account=account, by=member, mail_to=member)


def test_an_export_stops_when_the_account_is_closed(account, member):
    asked = actions.ask(account=account, by=member, mail_to=member)
    closing_actions.close(account=account, grace_days=30, asked_by="Ada", by=None)

    assert writer.run(asked.pk, seconds=60)

    asked.refresh_from_db()
    assert (asked.state, asked.problem) == (ExportState.FAILED, "The account was closed.")


def test_an_account_without_anything_can_be_exported():
    environment = EnvironmentFactory()
    member = MembershipFactory(account=environment.project.account).user

    tables = {line.get("table") for line in lines_of(export(environment.project.account, member))}

    assert {"accounts_account", "projects_project", "projects_environment", "accounts_user"} <= tables
