"""Gives each request of the pages its id: to all code that works for it (common/request_ids.py), and to its client.

The two servers differ, so there are two shells, for ASGI and for WSGI. Collecting has none of this, as it has no time
for it: collector/asgi.py gives an id to what is refused.
"""

import time
from collections.abc import Callable, Iterable, Iterator
from http import HTTPStatus
from typing import Any

from django.conf import settings
from django.http import HttpRequest, HttpResponse

from collector.counts import metrics
from collector.request.client_address import TrustedProxies
from collector.request.request_ids import HEADER_BYTES, id_of_scope, request_id
from common import request_ids
from common.asgi_types import App, AsgiMessage, AsgiScope, Receive, Send
from common.request_ids import HEADER, RequestNote, working_for
from heapadmin import page_metrics, tracing
from heapadmin.access_log import PROBES, Exchange
from heapadmin.client_address import META_NAME
from heapadmin.wsgi_bridge import Application, Environ


class NumberedPages:
    """An ASGI app around `pages`."""

    def __init__(self, pages: App) -> None:
        self.pages = pages
        self.trusted = TrustedProxies.parse(settings.TRUSTED_PROXIES)

    async def __call__(self, scope: AsgiScope, receive: Receive, send: Send) -> None:
        note = request_ids.current() or RequestNote(id_of_scope(scope, self.trusted))
        began, status = time.monotonic(), 0

        async def send_with_id(message: AsgiMessage) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                message["headers"] = [*message["headers"], (HEADER_BYTES, note.id.encode())]
            await send(message)

        with working_for(note):
            try:
                await self.pages(scope, receive, send_with_id)
            finally:
                page_metrics.observe(note, status, time.monotonic() - began)


class NumberedWsgi:
    """A WSGI application around `application`."""

    def __init__(self, application: Application) -> None:
        self.application = application
        self.trusted = TrustedProxies.parse(settings.TRUSTED_PROXIES)

    def __call__(self, environ: Environ, start_response: Callable[..., Any]) -> Iterable[bytes]:
        if environ["PATH_INFO"] == metrics.PATH:  # before anything looks at the Host: it may be a bare address
            return _scraped(environ, start_response)
        given = [environ["HTTP_X_REQUEST_ID"]] if "HTTP_X_REQUEST_ID" in environ else []
        note = RequestNote(request_id(environ.get("REMOTE_ADDR"), given, self.trusted))

        exchange = Exchange(note, environ["REQUEST_METHOD"], _path(environ), environ.get("REMOTE_ADDR", ""))

        def start_with_id(status: str, headers: list[tuple[str, str]], *rest: Any) -> Any:
            exchange.status = int(status[:3])
            return start_response(status, [*headers, (HEADER, note.id)], *rest)

        pieces = AnswerPieces(exchange)
        try:
            pieces.take(self.application(environ, start_with_id))
        except BaseException:
            pieces.close()
            raise
        exchange.client = environ.get(META_NAME) or exchange.client  # ClientAddressMiddleware has found it
        return pieces


def _scraped(environ: Environ, start_response: Callable[..., Any]) -> list[bytes]:
    """The metrics; under ASGI the collector answers them."""
    authorization = environ.get("HTTP_AUTHORIZATION", "").encode("latin-1", "replace")
    answer = metrics.scrape(environ["REQUEST_METHOD"], {b"authorization": authorization})
    headers = [(name.decode(), value.decode()) for name, value in answer.headers]
    start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
    return [answer.body]


def _path(environ: Environ) -> str:
    return str(environ.get("PATH_INFO", "")).encode("latin-1", "replace").decode(errors="replace")


class AnswerPieces:
    """What a WSGI application answers. The request ends when it is closed, in the thread in which it began."""

    def __init__(self, exchange: Exchange) -> None:
        self.exchange = exchange
        self._working = working_for(exchange.note)
        self._working.__enter__()
        self._pieces: Iterable[bytes] = ()

    def take(self, pieces: Iterable[bytes]) -> None:
        self._pieces = pieces

    def __iter__(self) -> Iterator[bytes]:
        for piece in self._pieces:
            self.exchange.size += len(piece)
            yield piece

    def close(self) -> None:
        try:
            if hasattr(self._pieces, "close"):
                self._pieces.close()
            if self.exchange.path not in PROBES:
                self._note()
        finally:
            self._working.__exit__(None, None, None)

    def _note(self) -> None:
        exchange = self.exchange
        page_metrics.observe(exchange.note, exchange.status, time.monotonic() - exchange.began)
        if settings.ACCESS_LOG:
            exchange.tell()


class RequestNoteMiddleware:
    """Notes the view and who is signed in, as far as the request found out itself."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        note = request_ids.current()
        if note is not None:
            tracing.note_page(note, request.path)
        response = self.get_response(request)
        user = getattr(request, "_cached_user", None)  # a page that never asked who is signed in needs no query for us
        if note is not None and user is not None:
            note.person_id = user.pk
        return response

    def process_view(self, request: HttpRequest, view: Any, args: Any, kwargs: Any) -> None:
        note = request_ids.current()
        if note is not None and request.resolver_match is not None:
            note.view = request.resolver_match.view_name
