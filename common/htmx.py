"""Recognises requests from htmx for a part of an open page. No other code reads htmx's headers."""

from django.http import HttpRequest, HttpResponse, HttpResponseRedirect
from django.utils.cache import patch_vary_headers

HEADER = "HX-Request"
BY_ITSELF = "X-By-Itself"  # added by static/js/session.js


def is_part(request: HttpRequest) -> bool:
    return request.headers.get(HEADER) == "true"


def current_url(request: HttpRequest) -> str:
    """The address of the page that asks for the part, as the browser shows it; "" if this is no part."""
    return request.headers.get("HX-Current-URL", "") if is_part(request) else ""


def comes_by_itself(request: HttpRequest) -> bool:
    """Whether the page asks by itself, every few seconds or once it is open, while its person may be elsewhere."""
    return is_part(request) and BY_ITSELF in request.headers


def leave(request: HttpRequest, url: str, status: int) -> HttpResponse:
    """A redirect. If htmx asks for a part, the whole page goes there: `status` with HX-Redirect."""
    return HttpResponse(status=status, headers={"HX-Redirect": url}) if is_part(request) else HttpResponseRedirect(url)


def varying(response: HttpResponse) -> HttpResponse:
    """Mark a response whose URL returns either a page or a part of it, so that browsers cache the two separately."""
    patch_vary_headers(response, [HEADER])
    return response
