"""The staff's page of components."""

import pytest
from django.test import Client
from django.urls import reverse

from tests.factories import MembershipFactory, UserFactory
from tests.support.staff import make_staff, sign_in, staff_client

pytestmark = pytest.mark.django_db


@pytest.fixture
def url():
    return reverse("components_page")


def test_staff_who_used_their_second_factor_see_the_components(url):
    response = staff_client().get(url)

    assert response.status_code == 200
    assert "no-store" in response["cache-control"]


def test_nobody_else_sees_them(url):
    teammate = sign_in(MembershipFactory().user)
    without_second_factor = sign_in(UserFactory(is_staff=True, is_superuser=True), second_factor=False)

    assert [client.get(url, follow=True).status_code for client in (teammate, without_second_factor)] == [403, 403]
    assert Client().get(url, follow=True).redirect_chain[-1][0].startswith(reverse("account_login"))


def test_a_session_that_knows_the_password_alone_is_asked_for_the_second_factor(url):
    response = sign_in(make_staff(), second_factor=False).get(url, follow=True)

    assert response.redirect_chain[-1][0].startswith(reverse("mfa_reauthenticate"))
    assert response.redirect_chain[-1][0].endswith(f"next={url}".replace("/", "%2F"))
