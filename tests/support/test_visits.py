"""Visits of support: with a reason, read-only, half an hour, in one session, and recorded."""

from datetime import timedelta

import pytest
from django.urls import reverse
from django.utils import timezone

from accounts.models import Activity
from support.closing.actions import close
from support.models import SupportAccess, Visit
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.support.staff import make_staff, sign_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def environment():
    return EnvironmentFactory(project__account__name="Shop")


@pytest.fixture
def account(environment):
    return environment.project.account


@pytest.fixture
def staff():
    return make_staff()


@pytest.fixture
def client(staff):
    return sign_in(staff)


@pytest.fixture
def full(account):
    return sign_in(MembershipFactory(account=account).user, second_factor=False)


def start(client, account, reason="Ada asked about her funnel"):
    return client.post(reverse("admin:accounts_account_visit", args=[account.pk]), {"reason": reason})


def projects(account):
    return reverse("projects:project_list", args=[account.pk])


def test_without_a_visit_staff_sees_nothing(client, account):
    assert client.get(projects(account)).status_code == 404


def test_a_visit_shows_the_accounts_pages_with_a_banner(client, account, environment):
    assert start(client, account).url == projects(account)

    page = client.get(projects(account)).content.decode()

    assert "You look at <strong>Shop</strong> as support, read-only" in page
    assert "Ada asked about her funnel" in page
    assert client.get(reverse("projects:install", args=[environment.app_id])).status_code == 200


def test_a_visit_needs_a_reason(client, account):
    assert start(client, account, reason=" ").status_code == 422
    assert client.get(projects(account)).status_code == 404


def test_a_visit_changes_nothing(client, account):
    start(client, account)

    assert client.get(reverse("projects:project_create", args=[account.pk])).status_code == 403
    assert client.post(reverse("projects:project_create", args=[account.pk]), {"name": "Ours"}).status_code == 404
    assert client.post(reverse("accounts:leave", args=[account.pk])).status_code == 404
    assert not account.projects.filter(name="Ours").exists()


def test_a_visit_is_to_one_account(client, account):
    other = EnvironmentFactory().project.account
    start(client, account)

    assert client.get(projects(other)).status_code == 404


def test_a_visit_is_bound_to_its_session(client, account, staff):
    start(client, account)
    elsewhere = sign_in(staff)
    session = elsewhere.session
    session["support_visit"] = client.session["support_visit"]
    session.save()

    assert elsewhere.get(projects(account)).status_code == 404


def test_a_visit_ends_after_half_an_hour(client, account):
    start(client, account)
    then = timezone.now() - timedelta(minutes=31)
    Visit.objects.update(started_at=then, ends_at=then + timedelta(minutes=30))

    assert client.get(projects(account)).status_code == 404


def test_a_visit_ends_by_the_banners_button(client, account):
    start(client, account)

    client.post(reverse("support:visit_end"))

    assert client.get(projects(account)).status_code == 404
    assert Visit.objects.get().ended_at is not None


def test_a_visit_ends_when_its_person_is_no_longer_staff(client, account, staff):
    start(client, account)
    staff.is_staff = False
    staff.save(update_fields=["is_staff"])

    assert client.get(projects(account)).status_code == 404


def test_a_visit_is_recorded_where_the_customer_sees_it(client, account, full):
    start(client, account)
    client.post(reverse("support:visit_end"))

    verbs = Activity.objects.filter(account=account, as_staff=True).order_by("pk").values_list("verb", flat=True)
    assert list(verbs) == ["support.visit", "support.visit_end"]
    assert (
        "Ada asked about her funnel" in full.get(reverse("accounts:activity_list", args=[account.pk])).content.decode()
    )
    page = full.get(reverse("support:account_support", args=[account.pk])).content.decode()
    assert "Grace" in page and "Ada asked about her funnel" in page


def test_an_account_can_forbid_visits(client, account, full):
    full.post(reverse("support:visits_allow", args=[account.pk]), {"allowed": "no"})

    start(client, account)

    assert client.get(projects(account)).status_code == 404
    assert (
        "does not let support look into it"
        in client.get(reverse("admin:accounts_account_visit", args=[account.pk])).content.decode()
    )


def test_forbidding_ends_a_visit_that_is_under_way(client, account, full):
    start(client, account)

    full.post(reverse("support:visits_allow", args=[account.pk]), {"allowed": "no"})

    assert client.get(projects(account)).status_code == 404


def test_a_visit_that_nobody_ended_lends_nothing_where_visits_are_forbidden(client, account):
    start(client, account)
    SupportAccess.objects.create(account=account, visits_allowed=False)

    assert client.get(projects(account)).status_code == 404


def test_allowed_again_a_new_visit_can_start_and_the_old_one_stays_over(client, account, full):
    start(client, account)
    allow = reverse("support:visits_allow", args=[account.pk])
    full.post(allow, {"allowed": "no"})
    full.post(allow, {"allowed": "yes"})

    assert client.get(projects(account)).status_code == 404
    start(client, account)
    assert client.get(projects(account)).status_code == 200


def test_closing_ends_a_visit(client, account):
    start(client, account)
    close(account=account, grace_days=1, asked_by="Ada", by=None)

    assert client.get(projects(account)).status_code in (403, 404)
    assert Visit.objects.get().ended_at is not None
