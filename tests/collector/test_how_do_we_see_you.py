"""The staff's page "How do we see you"."""

import re

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from collector.models import SharedAddress
from tests.factories import UserFactory
from tests.support.staff import staff_client

pytestmark = pytest.mark.django_db


def words_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


def test_the_staffs_page_shows_each_stop(settings):
    settings.TRUSTED_PROXIES = "127.0.0.1, 10.0.0.0/8"
    headers = {"x-forwarded-for": "203.0.113.9, 10.0.0.7", "cf-connecting-ip": "8.8.8.8"}

    response = staff_client().get(reverse("how_do_we_see_you"), headers=headers)

    words = words_of(response)
    assert response.context["explanation"].address == "203.0.113.9"
    assert "X-Forwarded-For: the right-most address that is no trusted proxy counts." in words
    assert "X-Forwarded-For 10.0.0.7 10.0.0.7 yes X-Forwarded-For 203.0.113.9 203.0.113.9 no" in words
    assert "cf-connecting-ip : any visitor can send them" in words
    assert "no-store" in response["cache-control"]


def test_a_header_of_a_proxy_that_nobody_named_is_warned_of(settings):
    settings.TRUSTED_PROXIES = ""

    response = staff_client().get(reverse("how_do_we_see_you"), headers={"x-forwarded-for": "203.0.113.9"})

    assert "not from a trusted proxy" in words_of(response)
    assert response.context["explanation"].address == "127.0.0.1"


def test_an_address_that_many_accounts_share_is_warned_of():
    SharedAddress.objects.create(address="10.0.0.7", accounts=12, seen_at=timezone.now())
    SharedAddress.objects.create(address="10.0.0.8", accounts=3, seen_at=timezone.now())

    words = words_of(staff_client().get(reverse("how_do_we_see_you")))

    assert "Visitors of 12 accounts seem to come from 10.0.0.7" in words
    assert "accounts seem to come from 10.0.0.8" not in words
    assert "10.0.0.8 3" in words


@pytest.mark.parametrize("user", [{}, {"is_staff": True}])
def test_nobody_but_staff_with_a_second_factor_gets_in(user):
    client = Client()
    client.force_login(UserFactory(**user))

    assert client.get(reverse("how_do_we_see_you")).status_code in (302, 403)
    assert Client().get(reverse("how_do_we_see_you")).status_code == 302
