"""Closing an account: locked at once, reopened as it was, or removed to the last row."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.core import mail
from django.test import Client
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import Account, Activity, Membership, User
from analytics.store.protocol import EventSpan
from common import steps
from events.models import Event
from projects.tables import AccountScope
from support import jobs
from support.closing import actions, purge, row_counts
from support.models import Closing, ClosingState, Message
from tests.analytics.factories import ReportFactory
from tests.factories import EnvironmentFactory, MembershipFactory, UserFactory
from tests.support.filling import checksums_of, collect, make_account, rows_of

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def without_pauses(monkeypatch):
    monkeypatch.setattr(steps, "SETTLE", timedelta(0))
    monkeypatch.setattr(purge, "PAUSE", 0.0)


@pytest.fixture
def staff():
    return UserFactory(is_staff=True, name="Grace")


@pytest.fixture
def account():
    return make_account(events=200)


def close(account, staff, days=0):
    return actions.close(account=account, grace_days=days, asked_by="Ada, by mail", by=staff)


def run_mail_jobs(name: str) -> int:
    """Run the jobs of this name as a worker would. Returns how many there were."""
    waiting = list(ProcrastinateJob.objects.filter(task_name=name))
    for job in waiting:
        getattr(jobs, name.removeprefix("support."))(**job.args)
    return len(waiting)


def purge_all(closing):
    while not purge.run(closing.pk, seconds=60, pace=purge.Pace(pause=0)):
        pass
    closing.refresh_from_db()
    return closing


def test_nobody_gets_in_from_that_moment_and_a_page_says_why(account, staff):
    client = Client()
    client.force_login(account.memberships.first().user)
    close(account, staff, days=30)

    response = client.get(f"/account/{account.pk}/projects/")

    assert response.status_code == 403
    assert "This account is closed" in response.content.decode()


def test_who_signs_in_and_has_no_other_account_is_told_that_it_is_closed(account, staff):
    client = Client()
    client.force_login(account.memberships.first().user)
    close(account, staff, days=30)

    response = client.get("/")

    assert response.status_code == 403
    assert "This account is closed" in response.content.decode()


def test_the_closing_is_in_the_accounts_activity_with_who_asked(account, staff):
    close(account, staff, days=30)

    told = Activity.objects.get(account=account, verb="account.close")
    assert (told.by, told.as_staff, told.details) == (staff, True, {"asked_by": "Ada, by mail", "grace_days": 30})


def test_the_full_access_teammates_are_told_by_mail_until_when_it_can_be_reopened(account, staff):
    closing = close(account, staff, days=30)

    run_mail_jobs("support.mail_closed")

    full = account.memberships.get(read_only=False).user
    assert [message.to for message in mail.outbox] == [[full.email]]
    assert f"Until {closing.grace_until:%-d %B %Y}" in mail.outbox[0].body


def test_they_are_told_also_when_removing_begins_at_once(account, staff, monkeypatch):
    monkeypatch.setattr(steps, "SETTLE", timedelta(hours=1))
    closing = close(account, staff, days=0)
    full = account.memberships.get(read_only=False).user

    with pytest.raises(purge.Unfinished, match="told by mail"):
        purge.run(closing.pk, seconds=60)
    run_mail_jobs("support.mail_closed")

    assert [message.to for message in mail.outbox] == [[full.email]]
    assert "is being removed for good" in mail.outbox[0].body


def test_a_mail_that_is_tried_again_goes_to_nobody_twice(account, staff):
    MembershipFactory(account=account)
    close(account, staff, days=30)

    done = run_mail_jobs("support.mail_closed")

    assert (done, len(mail.outbox)) == (2, 2)


def test_who_reads_the_mail_of_a_closing_that_was_taken_back_would_be_told_wrong(account, staff):
    actions.reopen(closing=close(account, staff, days=30), by=staff)

    run_mail_jobs("support.mail_closed")

    assert not mail.outbox


def test_an_account_is_closed_once(account, staff):
    close(account, staff, days=30)

    with pytest.raises(actions.AlreadyClosed):
        close(account, staff, days=0)


def test_reopened_everything_is_as_before(account, staff):
    before = checksums_of(account)
    closing = close(account, staff, days=30)

    actions.reopen(closing=closing, by=staff)

    after = checksums_of(Account.objects.get(pk=account.pk))
    assert {table for table in before if before[table] != after[table]} == {"accounts_activity", "support_visit"}
    assert Account.objects.open().filter(pk=account.pk).exists()


def test_it_can_be_closed_again_after_it_was_reopened(account, staff):
    actions.reopen(closing=close(account, staff, days=30), by=staff)

    close(account, staff, days=1)

    assert sorted(Closing.objects.values_list("state", flat=True)) == ["grace", "reopened"]


def test_nothing_is_removed_before_the_grace_is_over(account, staff):
    closing = close(account, staff, days=1)
    before = rows_of(account)

    purge.run(closing.pk, seconds=60)

    assert rows_of(account) == before


def test_the_purge_starts_by_itself_when_the_grace_is_over(account, staff):
    closing = close(account, staff, days=1)
    then = timezone.now() - timedelta(days=2)
    Closing.objects.filter(pk=closing.pk).update(closed_at=then, grace_until=then + timedelta(days=1))

    jobs.closings(timestamp=0)

    assert ProcrastinateJob.objects.filter(task_name="support.purge", args={"closing_id": closing.pk}).exists()


def test_once_rows_go_there_is_no_way_back(account, staff):
    closing = close(account, staff)
    actions.start_purge(closing.pk, timezone.now())

    with pytest.raises(actions.NotReopenable):
        actions.reopen(closing=closing, by=staff)


def test_no_row_is_left_and_the_receipt_counts_every_one(account, staff):
    expected = rows_of(account)

    closing = purge_all(close(account, staff))

    assert not any(rows_of(account).values())
    assert closing.state == ClosingState.DONE
    removed = {table: closing.rows.get(table, 0) for table in expected}
    # closing adds a line of activity, and removing a login removes the messages its owner wrote while signed out
    expected["accounts_activity"] += 1
    expected["support_message"] += 1
    assert removed == expected


def test_another_account_is_untouched(account, staff):
    other = make_account("Other", events=200)
    before = checksums_of(other)

    purge_all(close(account, staff))

    assert checksums_of(other) == before


def test_the_receipt_names_nobody(account, staff):
    words = [account.name, *account.memberships.values_list("user__email", flat=True), "Ada"]

    closing = purge_all(close(account, staff))

    kept = str(Closing.objects.filter(pk=closing.pk).values().get())
    assert not [word for word in words if word in kept]
    assert closing.closed_by == staff and closing.done_at is not None and closing.account_number == account.pk


def test_logins_of_this_account_alone_go_with_everything_of_them(account, staff):
    users = list(account.memberships.values_list("user_id", flat=True))

    purge_all(close(account, staff))

    assert not User.objects.filter(pk__in=users).exists()
    assert not Message.objects.filter(text="Written while signed out").exists()


def test_logins_that_belong_elsewhere_or_to_staff_live_on(account, staff):
    elsewhere = MembershipFactory(user=account.memberships.first().user)
    MembershipFactory(account=account, user=staff)

    purge_all(close(account, staff))

    assert list(Membership.objects.filter(user=elsewhere.user)) == [elsewhere]
    assert User.objects.filter(pk=staff.pk).exists()


def test_sessions_of_removed_logins_go_and_others_stay(account, staff):
    gone, stays = Client(), Client()
    gone.force_login(account.memberships.first().user)
    stays.force_login(staff)

    closing = purge_all(close(account, staff))

    assert [session.get_decoded()["_auth_user_id"] for session in Session.objects.all()] == [str(staff.pk)]
    assert closing.rows["django_session"] == 1


def test_jobs_that_name_it_go(account, staff):
    environment = account.projects.first().environments.first()
    ProcrastinateJob.objects.all()
    jobs.app.configure_task("x", allow_unknown=True).defer(environment_id=environment.pk)
    jobs.app.configure_task("x", allow_unknown=True).defer(environment_id=environment.pk + 10_000)

    purge_all(close(account, staff))

    left = ProcrastinateJob.objects.filter(task_name="x").values_list("args", flat=True)
    assert list(left) == [{"environment_id": environment.pk + 10_000}]


def test_what_arrives_late_is_removed_as_well(account, staff):
    environment = account.projects.first().environments.first()
    closing = close(account, staff)
    purge.run(closing.pk, seconds=0.05, pace=purge.Pace(rows=10, pause=0))

    collect(environment.pk, events=5, span=timedelta(days=1), people=False)

    purge_all(closing)
    assert not any(rows_of(account).values())


def test_a_project_that_was_being_made_at_that_moment_goes_as_well(account, staff):
    closing = close(account, staff)
    actions.start_purge(closing.pk, timezone.now())
    late = EnvironmentFactory(project__account=account)
    ReportFactory(environment=late)
    collect(late.pk, events=5, span=timedelta(days=1), people=False)

    assert purge_all(closing).state == ClosingState.DONE

    assert not Event.objects.filter(environment_id=late.pk).exists()


def test_it_does_not_end_while_something_may_still_arrive(account, staff, monkeypatch):
    monkeypatch.setattr(steps, "SETTLE", timedelta(hours=1))
    closing = close(account, staff)

    with pytest.raises(purge.Unfinished):
        purge.run(closing.pk, seconds=60)

    closing.refresh_from_db()
    assert closing.state == ClosingState.PURGING


def test_the_receipt_is_not_written_while_a_row_is_left(account, staff, monkeypatch):
    environment = account.projects.first().environments.first()
    closing = close(account, staff)
    monkeypatch.setattr(steps, "SETTLE", timedelta(hours=1))
    with pytest.raises(purge.Unfinished):
        purge.run(closing.pk, seconds=60)
    monkeypatch.setattr(steps, "SETTLE", timedelta(0))
    collect(environment.pk, events=1, span=timedelta(days=1), people=False)
    closing.refresh_from_db()

    with pytest.raises(purge.Unfinished, match=r"rows in .*events"):
        purge.finish(closing, AccountScope.from_json(closing.scope))

    assert Account.objects.filter(pk=account.pk).exists()
    assert purge_all(closing).rows["events"] == 401


def test_a_slice_ends_in_time_and_the_next_one_goes_on(account, staff):
    closing = close(account, staff)

    assert purge.run(closing.pk, seconds=0, pace=purge.Pace(rows=10, pause=0)) is False

    closing.refresh_from_db()
    assert closing.state == ClosingState.PURGING
    assert purge_all(closing).state == ClosingState.DONE


def test_what_will_go_is_counted_before(account):
    counts = row_counts.count_rows(account.pk)
    span = row_counts.event_span(account.pk)

    assert counts["events"] == 400 and counts["accounts_user"] == 2
    assert span.newest_at - span.oldest_at > timedelta(days=190)


def test_an_account_without_events_has_no_span(staff):
    account = MembershipFactory().account

    assert row_counts.event_span(account.pk) == EventSpan(None, None)
    assert purge_all(close(account, staff)).state == ClosingState.DONE
