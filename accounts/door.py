"""The only way into an account's pages: turns an id in the URL into an account that the signed-in user may use."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

from accounts import activity, current_request, last_seen
from accounts.models import Access, Account, Membership, User
from accounts.policy import Can, rights
from accounts.second_factor import has_second_factor
from accounts.sso import session as sso_session
from accounts.touched import name_of

SAFE = ("GET", "HEAD", "OPTIONS")  # methods that change nothing
P = ParamSpec("P")  # the view's other arguments from the URL
Response = TypeVar("Response", bound=HttpResponseBase)
Answered = TypeVar("Answered", bound=HttpResponseBase, covariant=True)


class TenantRequest(HttpRequest):
    """A request that has passed a door. It is Django's own request object, to which the door added these attributes."""

    membership: Membership
    can: frozenset[Can]


class GuardedView(Protocol[Answered]):
    """A view behind a door, as the URLconf calls it. `needs` is the right to look; tests/test_access.py checks it."""

    needs: Can

    def __call__(self, request: HttpRequest, /, *args: Any, **kwargs: Any) -> Answered: ...


@dataclass(frozen=True)
class InProject:
    """The project of a page, and what access the person has there (projects/door.py)."""

    project_number: int
    access: Access


class AccountClosed(Exception):
    """The user belongs to the account, but the account is closed."""


class SignInElsewhere(Exception):
    """The account is not opened by the way in which this session began (accounts/sso/session.py)."""


class SecondFactorMissing(Exception):
    """The account requires a second factor, and the user has none yet."""


def enter(
    request: HttpRequest, membership: Membership | None, needs: Can, within: InProject | None = None
) -> TenantRequest:
    """Check that one membership has one right, in the account or `within` a project.

    Returns the request, with the membership and all its rights there set on it.

    Raises Http404 without a membership, so that strangers do not learn that the account exists. Raises
    PermissionDenied for a teammate without the right, and records that in the account's activity. AccountClosed,
    SignInElsewhere and SecondFactorMissing have pages of their own (accounts/refusal_pages.py).
    """
    if membership is None:
        raise Http404
    user = signed_in_user(request)
    membership.user = user
    account = membership.account
    current_request.note_person(user.pk)
    inside = cast(TenantRequest, request)
    inside.membership = membership
    if why := kept_out(request, membership):
        raise why
    granted = rights(membership, within.access if within else None)
    inside.can = granted
    last_seen.note_in_account(membership)
    if needs not in granted:
        project_number = within.project_number if within else None
        record_refusal(request, account, {"path": request.path, "needs": needs.value}, project_number)
        raise PermissionDenied
    return inside


def kept_out(request: HttpRequest, membership: Membership) -> type[Exception] | None:
    """Why the account's pages are closed to this session, whatever its rights; None if they are open.

    A second factor is asked of those who signed in here. Whoever came through the account's provider has met its rules.
    """
    account = membership.account
    if account.closed_at is not None:
        return AccountClosed
    if not sso_session.lets_in(request, membership):
        return SignInElsewhere
    is_vouched_for = account.pk in sso_session.standing(request).accounts
    if account.require_second_factor and not is_vouched_for and not has_second_factor(membership.user_id):
        return SecondFactorMissing
    return None


def entered(request: HttpRequest) -> Membership | None:
    """The membership that a door found for this request, for use by context processors; None outside an account."""
    return getattr(request, "membership", None)


def rights_here(request: HttpRequest) -> frozenset[Can]:
    """The rights that a door granted to this request; empty outside an account."""
    return getattr(request, "can", frozenset())


def record_refusal(
    request: HttpRequest, account: Account, details: dict[str, str], project_number: int | None = None
) -> None:
    """Record in the account's activity that this request was refused, and what it was about."""
    match = request.resolver_match
    page = match.view_name if match else request.path
    if match and (name := name_of(account, match.kwargs)):
        details = details | {"on": name}
    activity.record_refusal(
        account=account,
        by=signed_in_user(request),
        target=f"{request.method} {page}",
        details=details,
        project_number=project_number,
    )


def signed_in_user(request: HttpRequest) -> User:
    """The signed-in user. SignInMiddleware makes sure that there is one."""
    assert isinstance(request.user, User)
    return request.user


Lender = Callable[[HttpRequest, int], Membership | None]
_lenders: list[Lender] = []


def register_lender(lender: Lender) -> None:
    """Register `lender(request, account_id)`, which may lend a read-only, unsaved Membership (for support's visits)."""
    _lenders.append(lender)


def membership_in(request: HttpRequest, account_id: int) -> Membership | None:
    """The signed-in user's membership, with the account loaded; otherwise a lent one; otherwise None."""
    membership = (
        Membership.objects.select_related("account").filter(account_id=account_id, user=signed_in_user(request)).first()
    )
    return membership or next((lent for lend in _lenders if (lent := lend(request, account_id))), None)


def account_view(
    needs: Can, to_save: Can | None = None
) -> Callable[[Callable[Concatenate[TenantRequest, Account, P], Response]], GuardedView[Response]]:
    """Turn `account_id` from the URL into an `Account` in which the signed-in user has the right `needs`.

    If more people may look at a page than may save it, `to_save` is the right that a POST needs.
    """

    def decorate(view: Callable[Concatenate[TenantRequest, Account, P], Response]) -> GuardedView[Response]:
        @wraps(view)
        def checked(request: HttpRequest, account_id: int, *args: P.args, **kwargs: P.kwargs) -> Response:
            inside = enter(request, membership_in(request, account_id), needed(request, needs, to_save))
            return view(inside, inside.membership.account, *args, **kwargs)

        return guarded(checked, needs)

    return decorate


def needed(request: HttpRequest, needs: Can, to_save: Can | None) -> Can:
    """The right that this request needs: `needs` for looking, `to_save` (if given) for every other method."""
    return needs if to_save is None or request.method in SAFE else to_save


def guarded(view: Callable[..., Response], needs: Can) -> GuardedView[Response]:
    """Mark a view as guarded by a door, with the right that it needs."""
    marked = cast(GuardedView[Response], view)
    marked.needs = needs
    return marked
