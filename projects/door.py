"""The only way into the pages of environments (by `app_id` in the URL) and projects; see accounts/door.py."""

import re
from collections.abc import Callable
from datetime import timedelta
from functools import wraps
from typing import Concatenate, cast

from django.conf import settings
from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest

from accounts.door import GuardedView, InProject, P, Response, TenantRequest, enter, guarded, membership_in, needed
from accounts.policy import Can
from common.htmx import is_part
from projects.access import access
from projects.converters import AppIdConverter
from projects.models import Environment, Project

LAST_ENVIRONMENT = "last_environment"  # session key and cookie: the app_id of the environment viewed last
LAST_ENVIRONMENT_AGE = timedelta(days=365)


class EnvironmentRequest(TenantRequest):
    """A request that has passed the door of an environment; `environment` was added to it."""

    environment: Environment


def environment_view(
    needs: Can, to_save: Can | None = None
) -> Callable[[Callable[Concatenate[EnvironmentRequest, Environment, P], Response]], GuardedView[Response]]:
    """Turn `app_id` from the URL into an `Environment` in whose project the user has the right `needs`.

    The view gets it with `project` and `project.account` loaded; `request.environment` is the same object. `to_save` is
    the right that a POST needs, as in `account_view`.
    """

    def decorate(view: Callable[Concatenate[EnvironmentRequest, Environment, P], Response]) -> GuardedView[Response]:
        @wraps(view)
        def checked(request: HttpRequest, app_id: str, *args: P.args, **kwargs: P.kwargs) -> Response:
            environment = Environment.objects.live().select_related("project__account").filter(app_id=app_id).first()
            project = environment.project if environment else None
            try:
                inside = cast(EnvironmentRequest, _enter(request, project, needed(request, needs, to_save)))
            except PermissionDenied:  # to a teammate, whose error page is one inside the environment
                cast(EnvironmentRequest, request).environment = cast(Environment, environment)
                raise
            assert environment is not None
            inside.environment = environment
            # parts of an open page refresh by themselves, even long after the person switched in another tab
            is_whole = not is_part(request)
            if is_whole and request.session.get(LAST_ENVIRONMENT) != app_id:
                request.session[LAST_ENVIRONMENT] = app_id
            answer = view(inside, environment, *args, **kwargs)
            if is_whole and request.COOKIES.get(LAST_ENVIRONMENT) != app_id:
                answer.set_cookie(
                    LAST_ENVIRONMENT,
                    app_id,
                    max_age=LAST_ENVIRONMENT_AGE,
                    secure=settings.SESSION_COOKIE_SECURE,
                    httponly=True,
                    samesite="Lax",
                )
            return answer

        return guarded(checked, needs)

    return decorate


def last_environment(request: HttpRequest) -> str:
    """The app_id of the environment viewed last; in a new session, the last of this browser. It may be of anybody.

    A cookie can hold anything: a site beside ours may have set it.
    """
    found = str(request.session.get(LAST_ENVIRONMENT) or request.COOKIES.get(LAST_ENVIRONMENT, ""))
    return found if re.fullmatch(AppIdConverter.regex, found) else ""


def entered_environment(request: HttpRequest) -> Environment | None:
    """The environment whose page this is, for use by context processors; None elsewhere."""
    return getattr(request, "environment", None)


def entered_project(request: HttpRequest) -> Project | None:
    """The project of this page; None outside projects."""
    return getattr(request, "entered_project", None)


def project_view(
    needs: Can, to_save: Can | None = None
) -> Callable[[Callable[Concatenate[TenantRequest, Project, P], Response]], GuardedView[Response]]:
    """Turn `project_id` from the URL into a `Project` in which the user has the right `needs`.

    `to_save` is the right that a POST needs, as in `account_view`.
    """

    def decorate(view: Callable[Concatenate[TenantRequest, Project, P], Response]) -> GuardedView[Response]:
        @wraps(view)
        def checked(request: HttpRequest, project_id: int, *args: P.args, **kwargs: P.kwargs) -> Response:
            project = Project.objects.live().select_related("account").filter(pk=project_id).first()
            inside = _enter(request, project, needed(request, needs, to_save))
            assert project is not None
            return view(inside, project, *args, **kwargs)

        return guarded(checked, needs)

    return decorate


def _enter(request: HttpRequest, project: Project | None, needs: Can) -> TenantRequest:
    """Raises Http404 if there is no such project, or none for this person (projects/access.py)."""
    request.entered_project = project  # type: ignore[attr-defined]
    membership = membership_in(request, project.account_id) if project else None
    here = access(membership, project) if membership and project else None
    if project is None or here is None:
        raise Http404
    return enter(request, membership, needs, InProject(project.pk, here))
