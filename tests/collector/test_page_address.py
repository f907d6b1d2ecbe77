"""Whose address a page's request comes from, and the staff's page that explains it."""

import re

import pytest
from django.core.exceptions import ImproperlyConfigured
from django.test import Client, RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.request_address import client_address
from collector.models import SharedAddress
from collector.page_address import PageAddressMiddleware
from tests.factories import UserFactory
from tests.support.staff import staff_client


def judged(settings, trusted, **meta):
    """The address that the rest of the product takes a request to come from."""
    settings.TRUSTED_PROXIES = trusted
    seen = []
    middleware = PageAddressMiddleware(lambda request: seen.append(client_address(request)))
    middleware(RequestFactory().get("/", **meta))
    return seen[0]


@pytest.mark.parametrize(
    ("trusted", "meta", "address"),
    [
        ("", {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, "10.0.0.1"),
        ("10.0.0.0/8", {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, 203.0.113.9"}, "203.0.113.9"),
        ("10.0.0.0/8", {"REMOTE_ADDR": "10.0.0.1", "HTTP_FORWARDED": 'for="[2001:db8::1]:443"'}, "2001:db8::1"),
        ("10.0.0.0/8", {"REMOTE_ADDR": "192.0.2.1", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, "192.0.2.1"),
        ("10.0.0.0/8", {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "unknown"}, "10.0.0.1"),
        ("10.0.0.0/8", {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_REAL_IP": "203.0.113.9"}, "10.0.0.1"),
        ("1", {"REMOTE_ADDR": "10.0.0.1", "HTTP_X_FORWARDED_FOR": "1.1.1.1, \xff, 203.0.113.9"}, "203.0.113.9"),
        ("unix", {"REMOTE_ADDR": "", "HTTP_X_FORWARDED_FOR": "203.0.113.9"}, "203.0.113.9"),
        ("", {"REMOTE_ADDR": ""}, None),
        ("", {"REMOTE_ADDR": "::ffff:203.0.113.9"}, "203.0.113.9"),
    ],
)
def test_pages_judge_an_address_as_the_collector_does(settings, trusted, meta, address):
    assert judged(settings, trusted, **meta) == address


def test_a_setting_that_cannot_be_read_stops_the_start(settings):
    settings.TRUSTED_PROXIES = "*"

    with pytest.raises((ValueError, ImproperlyConfigured), match="would trust everybody"):
        PageAddressMiddleware(lambda request: None)


def words_of(response):
    return " ".join(re.sub(r"<[^>]+>", " ", response.content.decode()).split())


@pytest.mark.django_db
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


@pytest.mark.django_db
def test_a_header_of_a_proxy_that_nobody_named_is_warned_of(settings):
    settings.TRUSTED_PROXIES = ""

    response = staff_client().get(reverse("how_do_we_see_you"), headers={"x-forwarded-for": "203.0.113.9"})

    assert "not from a trusted proxy" in words_of(response)
    assert response.context["explanation"].address == "127.0.0.1"


@pytest.mark.django_db
def test_an_address_that_many_accounts_share_is_warned_of():
    SharedAddress.objects.create(address="10.0.0.7", accounts=12, seen_at=timezone.now())
    SharedAddress.objects.create(address="10.0.0.8", accounts=3, seen_at=timezone.now())

    words = words_of(staff_client().get(reverse("how_do_we_see_you")))

    assert "Visitors of 12 accounts seem to come from 10.0.0.7" in words
    assert "accounts seem to come from 10.0.0.8" not in words
    assert "10.0.0.8 3" in words


@pytest.mark.django_db
@pytest.mark.parametrize("user", [{}, {"is_staff": True}])
def test_nobody_but_staff_with_a_second_factor_gets_in(user):
    client = Client()
    client.force_login(UserFactory(**user))

    assert client.get(reverse("how_do_we_see_you")).status_code in (302, 403)
    assert Client().get(reverse("how_do_we_see_you")).status_code == 302
