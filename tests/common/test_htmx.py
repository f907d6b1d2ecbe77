"""How a request for a part of a page is told from one for a page."""

import pytest
from django.http import HttpResponse
from django.test import RequestFactory

from common.htmx import is_part, varying


@pytest.mark.parametrize(
    ("headers", "expected"), [({"HX-Request": "true"}, True), ({"HX-Request": "1"}, False), ({}, False)]
)
def test_htmx_says_that_it_asks_for_a_part(headers, expected):
    assert is_part(RequestFactory().get("/", headers=headers)) is expected


def test_a_page_and_its_part_are_kept_apart():
    response = HttpResponse(headers={"Vary": "Cookie"})

    assert varying(response)["Vary"] == "Cookie, HX-Request"
