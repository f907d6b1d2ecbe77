"""What views for programs with an API key share: a method, the token, the environment, and the collector's refusal."""

import logging
from collections.abc import Callable
from functools import wraps
from http import HTTPStatus
from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from collector.protocol import answers
from collector.protocol.errors import Refused
from collector.request import access_tokens
from collector.request.bodies import json_object
from common.credentials import credentials
from common.database import in_one_line
from events.faults import Why
from projects import api_keys
from projects.models import ApiKey, Environment

log = logging.getLogger(__name__)

View = Callable[..., HttpResponse]


def endpoint(method: str) -> Callable[[View], View]:
    """Decorate a view for programs that accepts one method."""

    def decorate(view: View) -> View:
        @csrf_exempt
        @login_not_required
        @never_cache
        @wraps(view)
        def checked(request: HttpRequest, **kwargs: str) -> HttpResponse:
            if request.method != method:
                return refusal(405, f"use {method}", {"Allow": method})
            try:
                return view(request, **kwargs)
            except OperationalError as error:
                log.warning("The public API was answered 503: %s", in_one_line(error))
                return refusal(503, Why.NO_ANSWER, {"Retry-After": str(answers.RETRY_AFTER_SECONDS)})

        return checked

    return decorate


def with_token(view: View) -> View:
    """Pass the view the API key that the request's token was issued for, if the key is still in force."""

    @wraps(view)
    def checked(request: HttpRequest, **kwargs: str) -> HttpResponse:
        key_id = access_tokens.key_id(credentials(request, "bearer"))
        key = None if key_id is None else api_keys.by_id(key_id)
        if key is None:
            line = "the access token is missing or over, or its API key is no longer in force"
            return refusal(401, line, {"WWW-Authenticate": 'Bearer realm="Heapadmin API"'})
        return view(request, key, **kwargs)

    return checked


def in_environment(view: View) -> View:
    """Pass the view, after the API key, the environment of the key's project that `?app_id=…` names."""

    @wraps(view)
    def checked(request: HttpRequest, key: ApiKey, **kwargs: str) -> HttpResponse:
        app_id = request.GET.get("app_id", "")
        known = Environment.objects.live().filter(project=key.project_id).select_related("project__account")
        environment = known.filter(app_id=app_id).first() if app_id.isdecimal() else None  # PostgreSQL takes no NUL
        if environment is None:
            return refusal(404, "app_id in the address names no environment of this project")
        return view(request, key, environment, **kwargs)

    return checked


def json_body(request: HttpRequest, most_bytes: int) -> dict[str, Any]:
    """The JSON object of the body, as bodies.json_object reads it. Raises Refused."""
    headers = {name.lower().encode(): value.encode("latin-1", "replace") for name, value in request.headers.items()}
    return json_object(headers, request.read(most_bytes + 1), most_bytes)


def refused_by_collector(refused: Refused) -> HttpResponse:
    return HttpResponse(refused.answer.body, status=refused.answer.status, content_type="text/plain")


def refusal(status: int, line: str, headers: dict[str, str] | None = None) -> HttpResponse:
    """A refusal in the form that the collector uses: the status in words, and a line."""
    text = f"{HTTPStatus(status).phrase}\n{line}\n"
    return HttpResponse(text, status=status, content_type="text/plain", headers=headers)
