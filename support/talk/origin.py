"""The page on which a message was written, and the account and environment of that page."""

from dataclasses import dataclass
from urllib.parse import urlsplit

from django.http import HttpRequest
from django.urls import Resolver404, ResolverMatch, resolve

from accounts.models import Account, Membership, User
from projects.access import access
from projects.models import Environment
from support.talk.models import LONGEST_PAGE

NOT_SECRET = (
    "_id",
    "pk",
    "name",
    "slug",
    "lineage",
)  # endings of URL parameters that are no secret


@dataclass(frozen=True)
class Origin:
    """A page of this site ('' if unknown), with its account and environment if the writer belongs to them."""

    page: str = ""
    account: Account | None = None
    environment: Environment | None = None


def origin_of(request: HttpRequest, address: str) -> Origin:
    """The origin for `address`, a URL or path as the browser sends it.

    Accounts that the writer does not belong to are ignored. A path that may hold a secret (such as an invitation's
    link) is not stored: the route of the page is stored in its place.
    """
    parts = urlsplit(address[:4_000])
    if (parts.netloc and parts.netloc != request.get_host()) or not parts.path.startswith("/"):
        return Origin()
    try:
        match = resolve(parts.path)
    except Resolver404:
        return Origin(page=parts.path[:LONGEST_PAGE])
    account, environment = _account_and_environment(request, match)
    return Origin(_without_secrets(parts.path, parts.query, match), account, environment)


def _without_secrets(path: str, query: str, match: ResolverMatch) -> str:
    if not all(name.endswith(NOT_SECRET) for name in match.kwargs):
        return f"/{match.route}"[:LONGEST_PAGE]
    kept = f"{path}?{query}" if query and "app_id" in match.kwargs else path
    return kept[:LONGEST_PAGE]


def _account_and_environment(request: HttpRequest, match: ResolverMatch) -> tuple[Account | None, Environment | None]:
    if not isinstance(request.user, User):
        return None, None
    own = Account.objects.filter(memberships__user=request.user)
    environment = _environment(request.user, match.kwargs["app_id"]) if "app_id" in match.kwargs else None
    if environment is not None:
        return environment.project.account, environment
    if "project_id" in match.kwargs:
        own = own.filter(projects=match.kwargs["project_id"])
    elif "account_id" in match.kwargs:
        own = own.filter(pk=match.kwargs["account_id"])
    found = list(own.order_by("pk")[:2])
    return (found[0] if len(found) == 1 else None), None


def _environment(user: User, app_id: str) -> Environment | None:
    """The environment, if the writer reaches it."""
    environment = Environment.objects.select_related("project__account").filter(app_id=app_id).first()
    account_id = environment.project.account_id if environment else None
    membership = Membership.objects.select_related("account").filter(account=account_id, user=user).first()
    is_theirs = environment and membership and access(membership, environment.project)
    return environment if is_theirs else None
