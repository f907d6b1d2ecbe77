"""What ends when a teammate is removed by hand, and what whoever removes them is told of. SCIM: test_scim.py."""

import pytest
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import memberships
from tests.accounts.conftest import PASSWORD
from tests.accounts.factories import ScimTokenFactory
from tests.factories import ApiKeyFactory, MembershipFactory

pytestmark = pytest.mark.django_db


def test_whoever_is_removed_has_no_session_any_more_unless_they_belong_elsewhere_too(account, ada, grace):
    elsewhere = MembershipFactory(account=account, user__email="both@shop.example")
    MembershipFactory(user=elsewhere.user)
    browsers = {}
    for person in (grace, elsewhere):
        person.user.set_password(PASSWORD)
        person.user.save()
        browsers[person] = Client()
        browsers[person].post(reverse("account_login"), {"login": person.user.email, "password": PASSWORD})

    for person in (grace, elsewhere):
        memberships.remove(membership=person, by=ada.user)

    profile = reverse("accounts:profile")
    assert browsers[grace].get(profile).status_code == 302 and not UserSession.objects.filter(user=grace.user).exists()
    assert browsers[elsewhere].get(profile).status_code == 200
    assert browsers[elsewhere].get(reverse("accounts:teammate_list", args=[account.pk])).status_code == 404


def test_whoever_removes_a_teammate_is_told_of_the_keys_that_these_know_and_that_go_on(account, ada, grace, browser_of):
    project = account.projects.get()
    key = ApiKeyFactory(project=project, name="Deploys", created_by=grace.user)
    ApiKeyFactory(project=project, name="Revoked", created_by=grace.user, revoked_at=timezone.now())
    ApiKeyFactory(project=project, name="Hers", created_by=ada.user)
    ApiKeyFactory(name="Another account's", created_by=grace.user)
    ScimTokenFactory(account=account, name="Okta", created_by=grace.user)
    page = reverse("accounts:teammate_remove", args=[account.pk, grace.pk])

    shown = browser_of(ada.user).get(page).content.decode()
    browser_of(ada.user).post(page)

    assert "API key" in shown and "Deploys" in shown and "SCIM token" in shown and "Okta" in shown
    assert not [name for name in ("Revoked", "Hers", "Another account") if name in shown]
    key.refresh_from_db()
    assert key.revoked_at is None
    someone = MembershipFactory(account=account)
    knows_nothing = browser_of(ada.user).get(reverse("accounts:teammate_remove", args=[account.pk, someone.pk]))
    assert "What they know" not in knows_nothing.content.decode()
