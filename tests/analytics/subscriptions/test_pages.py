"""The pages of subscriptions: who sees and makes which, what is refused, and what odd input gets."""

from datetime import timedelta
from html import unescape

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.models import Activity
from analytics.subscriptions import due
from analytics.subscriptions.models import Subscription
from tests.analytics.factories import DashboardFactory, ReportFactory
from tests.analytics.subscriptions.factories import SendingFactory, SubscriptionFactory
from tests.counting import queries_of
from tests.factories import EnvironmentFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def report():
    return ReportFactory(name="Signups")


@pytest.fixture
def environment(report):
    return report.environment


def member(environment, *, read_only=False):
    """A teammate's browser, and their place in the account."""
    if not environment.project.account.memberships.exists():
        MembershipFactory(account=environment.project.account)
    membership = MembershipFactory(account=environment.project.account, read_only=read_only)
    client = Client()
    client.force_login(membership.user)
    return client, membership


def add(client, report, **fields):
    url = reverse("analytics:subscription_add", args=[report.environment.app_id])
    return client.post(url, {"report": report.lineage, "often": "daily.1", "hour": "8"} | fields, follow=True)


def listing(client, environment):
    return unescape(client.get(reverse("analytics:subscription_list", args=[environment.app_id])).content.decode())


def test_a_read_only_person_subscribes_themselves_and_nobody_else(report, environment):
    client, membership = member(environment, read_only=True)

    assert "Other addresses" not in add(client, report, often="").content.decode()
    refused = add(client, report, emails="boss@other.example")
    assert (refused.status_code, Subscription.objects.count()) == (403, 0)
    assert Activity.objects.get(verb="refused").project_number == environment.project_id
    assert add(client, report, shows_people="on").status_code == 200

    row = Subscription.objects.get()
    assert (row.membership_id, row.email, row.shows_people) == (membership.pk, "", False)
    assert "You get it already: change that one." in unescape(add(client, report).content.decode())


def test_full_access_sees_all_and_read_only_people_their_own(report, environment):
    client, _ = member(environment)
    reader, read_only = member(environment, read_only=True)
    add(client, report, emails="Boss@Other.example, second@other.example", shows_people="on")
    add(reader, report, often="monthly.31", hour="0")

    everything, own = listing(client, environment), listing(reader, environment)

    assert [row.shows_people for row in Subscription.objects.order_by("pk")] == [True, True, False]
    assert "boss@other.example" in everything and "has not confirmed yet" in everything
    assert read_only.user.email in everything
    assert "Every month on its last day at 0:00" in own and "boss@other.example" not in own


def test_the_list_runs_as_many_queries_for_two_as_for_many(environment):
    client, _ = member(environment)
    listing(client, environment)  # the first page of a session writes to it
    for noun in ("report", "dashboard"):
        SendingFactory(subscription=SubscriptionFactory(environment=environment, noun=noun))
    url = reverse("analytics:subscription_list", args=[environment.app_id])
    few = queries_of(client, url)

    for noun in ("report", "dashboard", "report"):
        SendingFactory(subscription=SubscriptionFactory(environment=environment, noun=noun, email=f"a@{noun}.example"))

    assert queries_of(client, url) == few


def test_of_a_mail_whose_worker_was_killed_the_list_says_that_it_may_be_missing(environment):
    client, _ = member(environment)
    row = SendingFactory(subscription__environment=environment, handed_at=timezone.now())
    assert "on its way" in listing(client, environment)

    type(row).objects.update(handed_at=timezone.now() - due.ABANDONED - timedelta(seconds=1))

    assert "may be missing" in listing(client, environment)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("emails", "a\0b@other.example"),
        ("emails", "\u202egro.elpmaxe@ssob"),
        ("emails", "x@other.example\n" * 200),
        ("emails", "\n".join(f"x{n}@other.example" for n in range(11))),
        ("emails", "boss@other.example\r\nBcc: all@other.example"),
        ("often", "monthly.32"),
        ("often", "weekly"),
        ("often", "daily.1\0"),
        ("hour", "24"),
        ("hour", "-1"),
        ("hour", "9" * 5_000),
    ],
    ids=["nul", "turned", "long", "many", "header", "day", "no-day", "nul-day", "hour", "minus", "digits"],
)
def test_odd_input_is_refused_in_words(report, environment, field, value):
    client, _ = member(environment)

    assert add(client, report, **{field: value}).status_code == 422
    assert not Subscription.objects.exists()


@pytest.mark.parametrize("lineage", ["", "x", "\0", "00000000-0000-4000-8000-00000000dead"])
def test_what_is_not_there_is_404(environment, lineage):
    client, _ = member(environment)
    for name in ("report", "dashboard"):
        url = reverse("analytics:subscription_add", args=[environment.app_id])
        assert client.get(url, {name: lineage}).status_code == 404


def test_a_report_of_another_environment_of_the_project_is_404(environment):
    client, _ = member(environment)
    other = ReportFactory(
        environment=EnvironmentFactory(project=environment.project, name="Staging", is_production=False)
    )
    url = reverse("analytics:subscription_add", args=[environment.app_id])

    assert client.post(url, {"report": other.lineage, "often": "daily.1", "hour": "8"}).status_code == 404


def test_without_a_mail_server_nothing_is_made_and_the_page_says_so(report, environment, settings):
    settings.EMAIL_BACKEND = settings.MAIL_FILES_BACKEND
    client, _ = member(environment)

    assert "Mail is not set up" in add(client, report).content.decode()
    assert "Mail is not set up" in listing(client, environment)
    assert not Subscription.objects.exists()


def test_only_the_maker_and_full_access_change_one_and_only_full_access_ticks_people(report, environment):
    client, membership = member(environment)
    other, _ = member(environment, read_only=True)
    row = SubscriptionFactory(
        environment=environment, membership=membership, lineage=report.lineage, email="boss@other.example"
    )
    url = reverse("analytics:subscription_edit", args=[environment.app_id, row.pk])
    fields = {"often": "weekly.3", "hour": "6", "shows_people": "on"}
    assert other.post(url, fields).status_code == 403
    type(membership).objects.filter(pk=membership.pk).update(read_only=True)
    assert client.post(url, fields).status_code == 302
    row.refresh_from_db()
    assert (row.frequency, row.day, row.hour, row.shows_people) == ("weekly", 3, 6, False)

    type(membership).objects.filter(pk=membership.pk).update(read_only=False)
    client.post(url, fields)
    row.refresh_from_db()
    assert row.shows_people
    changed = Activity.objects.filter(verb="subscription.change").latest("id")
    assert (changed.target, changed.details["people"]) == ("Signups", "their names too, and notes")


def test_deleting_what_is_sent_says_how_many_subscriptions_end(report, environment):
    client, membership = member(environment)
    dashboard = DashboardFactory(environment=environment)
    for noun, thing in (("report", report), ("dashboard", dashboard)):
        SubscriptionFactory(environment=environment, membership=membership, noun=noun, lineage=thing.lineage)
    SubscriptionFactory(environment=environment, lineage=report.lineage, ended_at=timezone.now())
    SubscriptionFactory(lineage=report.lineage)  # another account's

    def said(name, *ids, **fields):
        url = reverse(f"analytics:{name}", args=[environment.app_id, *ids])
        return (client.post(url, fields) if fields else client.get(url)).content.decode()

    for page in (
        said("report_delete", report.lineage),
        said("dashboard_delete", dashboard.lineage),
        said("report_bulk", do="delete", item=str(report.lineage)),
    ):
        assert "1 subscription to it ends then" in page
