import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from accounts.current_request import client_address
from heapadmin.client_address import ClientAddressMiddleware


def address_of(settings, trusted, **meta):
    settings.TRUSTED_PROXIES = trusted
    seen = []

    def page(request):
        seen.append(client_address(request))
        return HttpResponse()

    ClientAddressMiddleware(page)(RequestFactory().get("/", REMOTE_ADDR="10.0.0.2", **meta))
    return seen[0]


@pytest.mark.parametrize(
    ("trusted", "address"),
    [("", "10.0.0.2"), ("1", "198.51.100.7"), ("10.0.0.0/8", "198.51.100.7"), ("192.0.2.0/24", "10.0.0.2")],
)
def test_a_page_knows_the_address_that_the_collector_would(settings, trusted, address):
    assert address_of(settings, trusted, HTTP_X_FORWARDED_FOR="203.0.113.1, 198.51.100.7") == address


def test_forwarded_is_not_read_where_the_proxies_write_the_other(settings):
    headers = {"HTTP_X_FORWARDED_FOR": "198.51.100.7", "HTTP_FORWARDED": "for=203.0.113.1"}

    assert address_of(settings, "1,x-forwarded-for", **headers) == "198.51.100.7"


def test_what_a_front_has_judged_stays(settings):
    meta = {"heapadmin.client_address": "192.0.2.9", "HTTP_X_FORWARDED_FOR": "198.51.100.7"}

    assert address_of(settings, "1", **meta) == "192.0.2.9"
