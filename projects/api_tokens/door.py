"""The door for programs with an API token, as projects/door.py is for people.

It turns the token of a request, and an app_id in its path, into a project or an environment that the token may use
now. All that is refused is a Problem: 401 without a token in force, 403 without the scope or the right, 404 for what
is not in the token's project, 429 for too much.
"""

import logging
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Concatenate, Generic, ParamSpec

from django.contrib.auth.decorators import login_not_required
from django.db import OperationalError
from django.http import Http404, HttpRequest, HttpResponse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt

from accounts import current_request, rate_limits
from accounts.models import User
from accounts.policy import Can, rights
from common.credentials import credentials
from common.database import in_one_line
from common.problems import Problem
from projects.access import access_without_request
from projects.api_tokens import tokens
from projects.models import ApiToken, Environment, Project, TokenScope

log = logging.getLogger(__name__)

REQUESTS = "read_api"  # in ACCOUNT_RATE_LIMITS, where it is a limit per minute
WAIT_SECONDS = 60
RETRY_SECONDS = 5
P = ParamSpec("P")  # the view's other arguments from the URL


@dataclass(frozen=True)
class Caller:
    """Who asks: a token in force, and what its maker may do in its project at this moment."""

    token: ApiToken
    can: frozenset[Can]

    @property
    def project(self) -> Project:
        return self.token.project

    @property
    def user(self) -> User:
        assert self.token.membership
        return self.token.membership.user

    def has(self, scope: TokenScope) -> bool:
        return scope in self.token.scopes


class ApiView(Generic[P]):
    """A view behind this door, with what it needs; tests/test_access_by_token.py reads that."""

    def __init__(
        self, view: Callable[Concatenate[HttpRequest, Caller, P], HttpResponse], scope: TokenScope | None, right: Can
    ) -> None:
        self.view, self.scope, self.right = view, scope, right

    def __call__(self, request: HttpRequest, *args: P.args, **kwargs: P.kwargs) -> HttpResponse:
        caller = _caller(request)
        if self.scope is not None and not caller.has(self.scope):
            raise Problem(403, "scope", f"This token is not for this. It needs the scope {self.scope}.")
        if self.right not in caller.can:
            raise Problem(403, "right", "Whoever made this token may not do this themselves at the moment.")
        return self.view(request, caller, *args, **kwargs)


def project_api(
    scope: TokenScope | None, right: Can = Can.VIEW
) -> Callable[[Callable[Concatenate[HttpRequest, Caller, P], HttpResponse]], ApiView[P]]:
    """A view of the token's project, which needs a scope of the token and a right of its maker."""

    def decorate(view: Callable[Concatenate[HttpRequest, Caller, P], HttpResponse]) -> ApiView[P]:
        return ApiView(view, scope, right)

    return decorate


def environment_api(
    scope: TokenScope, right: Can = Can.VIEW
) -> Callable[[Callable[Concatenate[HttpRequest, Caller, Environment, P], HttpResponse]], ApiView[Any]]:
    """The same of an environment of that project, which `app_id` in the path names."""

    def decorate(view: Callable[Concatenate[HttpRequest, Caller, Environment, P], HttpResponse]) -> ApiView[Any]:
        def inside(
            request: HttpRequest, caller: Caller, /, app_id: str, *args: P.args, **kwargs: P.kwargs
        ) -> HttpResponse:
            environment = Environment.objects.live().filter(project=caller.project, app_id=app_id).first()
            if environment is None:
                raise Problem(404, "not_found", "The token's project has no environment with this app_id.")
            environment.project = caller.project
            return view(request, caller, environment, *args, **kwargs)

        return ApiView(inside, scope, right)

    return decorate


def endpoint(**views: Callable[..., HttpResponse]) -> Callable[..., HttpResponse]:
    """The view of one path for programs: a view for each method (`GET=…`). Answers every Problem as JSON."""

    @csrf_exempt
    @login_not_required
    @never_cache
    def answered(request: HttpRequest, **kwargs: Any) -> HttpResponse:
        try:
            view = views.get(request.method or "")
            if view is None:
                methods = ", ".join(views)
                raise Problem(405, "method", f"Use {methods}.", headers={"Allow": methods})
            return view(request, **kwargs)
        except Problem as problem:
            return problem.response()
        except Http404:
            return Problem(404, "not_found", "There is no such thing in this environment.").response()
        except OperationalError as error:
            log.warning("The read API was answered 503: %s", in_one_line(error))
            again = {"Retry-After": str(RETRY_SECONDS)}
            return Problem(503, "unavailable", "The database does not answer.", headers=again).response()

    answered.by_method = views  # type: ignore[attr-defined]
    return answered


@csrf_exempt
@login_not_required
def nothing_here(request: HttpRequest, **kwargs: Any) -> HttpResponse:
    """The view of all paths that no endpoint has."""
    return Problem(404, "not_found", "There is no such path. docs/openapi.yaml lists all.").response()


def _caller(request: HttpRequest) -> Caller:
    """Raises Problem. Failures are not counted: nobody guesses 256 bits, and others share the sender's address."""
    if any(value.startswith(tokens.PREFIX) for _, values in request.GET.lists() for value in values):
        line = "A token in an address ends up in logs. Revoke it, and send a new one in the header Authorization."
        raise Problem(400, "token_in_address", line)
    token = tokens.find(credentials(request, "bearer"))
    if token is None:
        line = "The API token is missing, or not in force: mistyped, revoked, or its maker has left."
        raise Problem(401, "token", line, headers={"WWW-Authenticate": 'Bearer realm="Heapadmin"'})
    caller = Caller(token, _rights(token))
    current_request.note_person(caller.user.pk)  # who has the places for questions (analytics/store/places.py)
    if not rate_limits.may_go_on(request, REQUESTS, key=str(token.pk)):
        line = "Too many requests with this token in a minute."
        raise Problem(429, "too_many_requests", line, headers={"Retry-After": str(WAIT_SECONDS)})
    return caller


def _rights(token: ApiToken) -> frozenset[Can]:
    """What the token's maker may do in its project now: what a door would let them do, if they came themselves."""
    membership = token.membership
    assert membership is not None
    here = access_without_request(membership, token.project)
    return rights(membership, here) if here is not None else frozenset()
