"""The staff's page of components."""

import pytest
from django.urls import reverse

from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


def test_staff_see_the_components(client):
    client.force_login(UserFactory(is_staff=True))

    assert client.get(reverse("components_page")).status_code == 200


def test_nobody_else_learns_that_the_page_exists(client):
    client.force_login(MembershipFactory().user)

    assert client.get(reverse("components_page")).status_code == 404
