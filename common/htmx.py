"""Recognises requests from htmx for a part of an open page. No other code reads htmx's header."""

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

HEADER = "HX-Request"


def is_part(request: HttpRequest) -> bool:
    return request.headers.get(HEADER) == "true"


def varying(response: HttpResponse) -> HttpResponse:
    """Mark a response whose URL returns either a page or a part of it, so that browsers cache the two separately."""
    patch_vary_headers(response, [HEADER])
    return response
