"""The staff's pages in Chromium."""

import pytest
from django.urls import reverse
from playwright.sync_api import expect

from accounts import activity
from accounts.models import Account
from support.models import Incident, IncidentUpdate
from support.staff_site import staff_site
from tests.browser.conftest import use_session
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.support.factories import ClosingFactory, ReplyFactory, VisitFactory
from tests.support.staff import staff_client


@pytest.fixture
def staff_page(page, live_server):
    return use_session(page, staff_client("Grace Hopper"), live_server.url)


@pytest.fixture
def account():
    """An account, and a row of everything that staff have a list of."""
    account = EnvironmentFactory(project__name="Shop").project.account
    by = MembershipFactory(account=account).user
    activity.record(account=account, by=by, verb="project.create", target="Shop")
    incident = Incident.objects.create(title="Slow queries", queries=True)
    IncidentUpdate.objects.create(incident=incident, text="We are looking into it.", by=by)
    ReplyFactory(message__account=account, message__text="Where is the funnel? " * 9)
    ClosingFactory()
    VisitFactory(account=account)
    return account


def addresses(account) -> list[str]:
    found = [reverse("admin:index"), reverse("admin:support_incident_add"), reverse("admin:app_list", args=["support"])]
    found += [reverse(f"admin:accounts_account_{what}", args=[account.pk]) for what in ("close", "visit")]
    for model in staff_site._registry:
        row = account if model is Account else model.objects.latest("pk")
        name = f"admin:{model._meta.app_label}_{model._meta.model_name}"
        found += [reverse(f"{name}_changelist"), reverse(f"{name}_change", args=[row.pk])]
    return [
        *found,
        reverse("admin:support_incident_history", args=[Incident.objects.get().pk]),
        reverse("how_do_we_see_you"),
    ]


def test_axe_finds_nothing_wrong(staff_page, account, axe_clean):
    faults = []
    for address in addresses(account):
        assert staff_page.goto(address).status == 200, address
        try:
            axe_clean(staff_page)
        except AssertionError as found:
            faults.append(str(found))
    assert not faults, "\n".join(faults)


def test_a_form_with_mistakes_is_readable_too(staff_page, account, axe_clean):
    staff_page.goto(reverse("admin:support_incident_add"))
    staff_page.get_by_role("button", name="Save", exact=True).click()

    expect(staff_page.get_by_text("Please correct the error")).to_be_visible()
    axe_clean(staff_page)


def test_the_first_page_tells_of_backups(staff_page):
    staff_page.goto(reverse("admin:index"))

    expect(staff_page.get_by_text("No backups are made")).to_be_visible()


def test_an_incident_is_written_with_the_moment_that_is_typed(staff_page, account):
    staff_page.goto(reverse("admin:support_incident_add"))
    staff_page.get_by_label("Title").fill("Disk full")
    staff_page.get_by_label("Started at").fill("2026-01-01T10:05")
    staff_page.get_by_role("button", name="Save", exact=True).click()

    expect(staff_page.get_by_text("was added successfully")).to_be_visible()
    incident = Incident.objects.get(title="Disk full")
    assert (incident.started_at.isoformat(), incident.updates.count()) == ("2026-01-01T10:05:00+00:00", 0)
