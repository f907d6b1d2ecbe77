"""Whether htmx asks for a part of a page that is open already. Nothing else looks at its header."""

from django.http import HttpRequest, HttpResponse
from django.utils.cache import patch_vary_headers

HEADER = "HX-Request"


def is_part(request: HttpRequest) -> bool:
    return request.headers.get(HEADER) == "true"


def varying(response: HttpResponse) -> HttpResponse:
    """Mark an answer whose URL gives a page or a part of it, so that the browser keeps the two apart."""
    patch_vary_headers(response, [HEADER])
    return response
