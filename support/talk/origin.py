"""The page from which a message was written, and the account and environment that it belongs to."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve

from accounts.models import Account, User
from projects.models import Environment
from support.talk.models import LONGEST_PAGE

HARMLESS = ("_id", "pk", "name", "slug", "lineage")  # what an id in a URL may be called: anything else may be a secret


@dataclass(frozen=True)
class Origin:
    """A page of this site ('' when unknown), and which of the writer's accounts and environments it belongs to."""

    page: str = ""
    account: Account | None = None
    environment: Environment | None = None


def origin_of(request: HttpRequest, address: str) -> Origin:
    """What `address`, a URL or path as the browser sends it, means for the person who asks.

    An id of an account that the writer does not belong to is as good as none. What may hold a secret (an
    invitation's link, say) is not kept: the page's route stands for it.
    """
    parts = urlsplit(address[:4_000])
    if (parts.netloc and parts.netloc != request.get_host()) or not parts.path.startswith("/"):
        return Origin()
    try:
        match = resolve(parts.path)
    except Resolver404:
        return Origin(page=parts.path[:LONGEST_PAGE])
    account, environment = _belongings(request, match)
    return Origin(_without_secrets(parts.path, parts.query, match), account, environment)


def _without_secrets(path: str, query: str, match: ResolverMatch) -> str:
    if not all(name.endswith(HARMLESS) for name in match.kwargs):
        return f"/{match.route}"[:LONGEST_PAGE]
    kept = f"{path}?{query}" if query and "app_id" in match.kwargs else path
    return kept[:LONGEST_PAGE]


def _belongings(request: HttpRequest, match: ResolverMatch) -> tuple[Account | None, Environment | None]:
    if not isinstance(request.user, User):
        return None, None
    own = Account.objects.filter(memberships__user=request.user)
    environment = None
    if "app_id" in match.kwargs:
        environment = (
            Environment.objects.filter(app_id=match.kwargs["app_id"], project__account__in=own)
            .select_related("project__account")
            .first()
        )
    if environment is not None:
        return environment.project.account, environment
    if "project_id" in match.kwargs:
        own = own.filter(projects=match.kwargs["project_id"])
    elif "account_id" in match.kwargs:
        own = own.filter(pk=match.kwargs["account_id"])
    found = list(own.order_by("pk")[:2])
    return (found[0] if len(found) == 1 else None), None
