"""Where the environment switcher leads: from a page of one environment to its counterpart in another, if any."""

from dataclasses import dataclass

from django.conf import settings
from django.http import QueryDict
from django.urls import Resolver404, ResolverMatch, resolve, reverse

from projects import registry
from projects.models import Environment


@dataclass(frozen=True)
class Destination:
    """Where a switch leads. If it is not the same page, `word` says so to the person."""

    url: str
    word: str = ""


def destination(*, came_from: str, environment: Environment) -> Destination:
    """The page of `environment` to open for a person who comes from the page `came_from` (a path with its query).

    It is the same page with the same query; or the list, if the thing shown has no counterpart there; or the landing
    page, if there is no such page. Of `came_from`, only names and values of our own URLs get into the result.
    """
    path, _, query = came_from.partition("?")
    match = _resolved(path)
    if match is None or "app_id" not in match.kwargs:
        return Destination(reverse(settings.ENVIRONMENT_LANDING, args=[environment.app_id]))
    if set(match.kwargs) == {"app_id"}:
        return Destination(_with_query(match.view_name, {"app_id": environment.app_id}, query))
    counterpart = registry.counterpart(match.view_name)
    if counterpart is None:
        return Destination(reverse(settings.ENVIRONMENT_LANDING, args=[environment.app_id]))
    if (arguments := counterpart.find(environment, match.kwargs)) is not None:
        return Destination(_with_query(match.view_name, arguments | {"app_id": environment.app_id}, query))
    word = f"This {counterpart.noun} does not exist in {environment.name}. Here are those that do."
    return Destination(reverse(counterpart.list_view, args=[environment.app_id]), word)


def _resolved(path: str) -> ResolverMatch | None:
    try:
        return resolve(path)
    except Resolver404:
        return None


def _with_query(view_name: str, kwargs: dict[str, object], query: str) -> str:
    kept = QueryDict(query).urlencode()
    return reverse(view_name, kwargs=kwargs) + (f"?{kept}" if kept else "")
