"""Answers the status page before anything reads a session, so that the page works while the database is down."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from support.status.paths import JSON, PAGE
from support.status.watch import PlainAndGzip, watch


class StatusMiddleware:
    """Comes before SessionMiddleware and after the middleware that sets headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response
        watch.make_room()

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path not in (PAGE, JSON):
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return answer(request)


def answer(request: HttpRequest) -> HttpResponse:
    """The page or the JSON, as this process last made it."""
    published = watch.current()
    if request.path == PAGE:
        return _response(request, published.html, "text/html; charset=utf-8")
    response = _response(request, published.json, "application/json")
    response["Access-Control-Allow-Origin"] = "*"
    return response


def _response(request: HttpRequest, body: PlainAndGzip, content_type: str) -> HttpResponse:
    zipped = "gzip" in request.headers.get("Accept-Encoding", "")
    content = body.gzipped if zipped else body.plain
    headers = {"Cache-Control": "public, max-age=4", "Vary": "Accept-Encoding", "Content-Length": str(len(content))}
    if zipped:
        headers["Content-Encoding"] = "gzip"
    return HttpResponse(content, content_type=content_type, headers=headers)
