"""For load balancers and supervisors: `/healthz` says that the process answers, `/readyz` that the database does too.

Both are public, tell nothing else, and are answered before anything looks at the Host header, so that a probe
may use a bare address.
"""

from collections.abc import Callable

from django.db import Error, connection
from django.http import HttpRequest, HttpResponse


class HealthMiddleware:
    """Stands first in MIDDLEWARE."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path == "/healthz":
            return _answer(200, "ok")
        if request.path == "/readyz":
            return ready()
        return self.get_response(request)


def ready() -> HttpResponse:
    """200 when the database answers, 503 when it does not."""
    try:
        with connection.cursor() as cursor:
            cursor.execute("SELECT 1")
    except Error:
        connection.close()
        return _answer(503, "the database does not answer")
    return _answer(200, "ok")


def _answer(status: int, words: str) -> HttpResponse:
    headers = {"Cache-Control": "no-store", "Content-Length": str(len(words) + 1)}
    return HttpResponse(f"{words}\n", status=status, content_type="text/plain", headers=headers)
