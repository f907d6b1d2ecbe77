"""Answer the status page before anything asks for a session: it must be there when the database is not."""

from collections.abc import Callable

from django.http import HttpRequest, HttpResponse, HttpResponseNotAllowed

from support.status.watch import watch

PAGE, JSON = "/status/", "/status.json"


class StatusMiddleware:
    """Stands before SessionMiddleware, behind what sets headers."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        if request.path not in (PAGE, JSON):
            return self.get_response(request)
        if request.method not in ("GET", "HEAD"):
            return HttpResponseNotAllowed(["GET", "HEAD"])
        return answer(request)


def answer(request: HttpRequest) -> HttpResponse:
    """The page, or the JSON, that this process last made."""
    published = watch.current()
    headers = {"Cache-Control": "public, max-age=4"}
    if request.path == PAGE:
        return HttpResponse(published.html, headers=headers)
    headers["Access-Control-Allow-Origin"] = "*"
    return HttpResponse(published.json, content_type="application/json", headers=headers)
