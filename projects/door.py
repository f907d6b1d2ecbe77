"""The way into an environment's pages, by the `app_id` in the URL (see accounts/door.py)."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.http import HttpRequest, HttpResponseBase

from accounts.door import enter, place_in, type_view
from accounts.models import Membership
from accounts.policy import Can
from projects.models import Environment, Project

LAST_ENVIRONMENT = "last_environment"  # session key: the app_id that was looked at last


def environment_view(needs: Can) -> Callable[[type_view], type_view]:
    """Turn `app_id` from the URL into an `Environment` in whose account the user has the right `needs`.

    The view gets it with `project` and `project.account` loaded; `request.environment` is the same object.
    """

    def decorate(view: type_view) -> type_view:
        @wraps(view)
        def checked(request: HttpRequest, app_id: str, **kwargs: Any) -> HttpResponseBase:
            environment = Environment.objects.live().select_related("project__account").filter(app_id=app_id).first()
            enter(request, _membership(request, environment.project if environment else None), needs)
            assert environment is not None
            request.environment = environment  # type: ignore[attr-defined]
            is_part = "HX-Request" in request.headers  # of a page that is open already, asked for by itself perhaps
            if request.session.get(LAST_ENVIRONMENT) != app_id and not is_part:
                request.session[LAST_ENVIRONMENT] = app_id
            return view(request, environment, **kwargs)

        checked.needs = needs  # type: ignore[attr-defined]
        return checked

    return decorate


def project_view(needs: Can) -> Callable[[type_view], type_view]:
    """Turn `project_id` from the URL into a `Project` in whose account the user has the right `needs`."""

    def decorate(view: type_view) -> type_view:
        @wraps(view)
        def checked(request: HttpRequest, project_id: int, **kwargs: Any) -> HttpResponseBase:
            project = Project.objects.live().select_related("account").filter(pk=project_id).first()
            enter(request, _membership(request, project), needs)
            return view(request, project, **kwargs)

        checked.needs = needs  # type: ignore[attr-defined]
        return checked

    return decorate


def _membership(request: HttpRequest, project: Project | None) -> Membership | None:
    if project is None:
        return None
    return place_in(request, project.account_id)
