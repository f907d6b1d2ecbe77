"""The only way into an account's pages: an id in the URL becomes an object that the signed-in user may use."""

from collections.abc import Callable
from functools import wraps
from typing import Any, Concatenate, ParamSpec, Protocol, TypeVar, cast

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponseBase

from accounts import activity, last_seen
from accounts.models import Account, Membership, User
from accounts.policy import Can, rights
from accounts.second_factor import has_second_factor

SAFE = ("GET", "HEAD", "OPTIONS")  # what only looks
P = ParamSpec("P")  # what else the URL tells the view
Response = TypeVar("Response", bound=HttpResponseBase)
Answered = TypeVar("Answered", bound=HttpResponseBase, covariant=True)


class TenantRequest(HttpRequest):
    """A request that has passed a door. It is Django's own request object, with what the door noted on it."""

    membership: Membership
    can: frozenset[Can]


class GuardedView(Protocol[Answered]):
    """A view behind a door, as the URLs see it. `needs` is the right to look: tests/test_access.py asks for it."""

    needs: Can

    def __call__(self, request: HttpRequest, /, *args: Any, **kwargs: Any) -> Answered: ...


class AccountClosed(Exception):
    """The account exists and the user belongs to it, but it has been closed."""


class SecondFactorMissing(Exception):
    """The account lets only people in who use a second factor, and the user has none yet."""


def enter(request: HttpRequest, membership: Membership | None, needs: Can) -> TenantRequest:
    """Check one membership against one right and note both on the request, which is returned.

    Raises Http404 without a membership, so a stranger does not learn that the account exists, and
    PermissionDenied, which goes into the account's activity, for a teammate without the right. AccountClosed and
    SecondFactorMissing are answered with pages of their own (accounts/closed_account.py).
    """
    if membership is None:
        raise Http404
    user = signed_in_user(request)
    membership.user = user
    account = membership.account
    inside = cast(TenantRequest, request)
    inside.membership = membership
    if account.closed_at is not None:
        raise AccountClosed
    if account.require_second_factor and not has_second_factor(user.pk):
        raise SecondFactorMissing
    granted = rights(membership)
    inside.can = granted
    last_seen.note_in_account(membership)
    if needs not in granted:
        record_refusal(request, account, {"path": request.path, "needs": needs.value})
        raise PermissionDenied
    return inside


def entered(request: HttpRequest) -> Membership | None:
    """The membership that a door found for this request, for what draws every page; None outside of an account."""
    return getattr(request, "membership", None)


def rights_here(request: HttpRequest) -> frozenset[Can]:
    """The rights that a door granted to this request; none outside of an account."""
    return getattr(request, "can", frozenset())


def record_refusal(request: HttpRequest, account: Account, details: dict[str, str]) -> None:
    """Write into the account's activity that what this request wanted was refused."""
    page = request.resolver_match.view_name if request.resolver_match else request.path
    activity.record_refusal(
        account=account, by=signed_in_user(request), target=f"{request.method} {page}", details=details
    )


def signed_in_user(request: HttpRequest) -> User:
    """The user; LoginRequiredMiddleware has seen to it that there is one."""
    assert isinstance(request.user, User)
    return request.user


Lender = Callable[[HttpRequest, int], Membership | None]
_lenders: list[Lender] = []


def register_lender(lender: Lender) -> None:
    """`lender(request, account_id)` may lend a read-only Membership that is not in the database (support's visits)."""
    _lenders.append(lender)


def membership_in(request: HttpRequest, account_id: int) -> Membership | None:
    """The signed-in user's membership of the account, with the account loaded; else one that is lent; else None."""
    membership = (
        Membership.objects.select_related("account").filter(account_id=account_id, user=signed_in_user(request)).first()
    )
    return membership or next((lent for lend in _lenders if (lent := lend(request, account_id))), None)


def account_view(
    needs: Can, to_save: Can | None = None
) -> Callable[[Callable[Concatenate[TenantRequest, Account, P], Response]], GuardedView[Response]]:
    """Turn `account_id` from the URL into an `Account` in which the signed-in user has the right `needs`.

    A page that more people may look at than save says with `to_save` what a POST needs.
    """

    def decorate(view: Callable[Concatenate[TenantRequest, Account, P], Response]) -> GuardedView[Response]:
        @wraps(view)
        def checked(request: HttpRequest, account_id: int, *args: P.args, **kwargs: P.kwargs) -> Response:
            inside = enter(request, membership_in(request, account_id), needed(request, needs, to_save))
            return view(inside, inside.membership.account, *args, **kwargs)

        return guarded(checked, needs)

    return decorate


def needed(request: HttpRequest, needs: Can, to_save: Can | None) -> Can:
    """The right that this request needs: whatever does not only look is for those who may save."""
    return needs if to_save is None or request.method in SAFE else to_save


def guarded(view: Callable[..., Response], needs: Can) -> GuardedView[Response]:
    """Mark a view that asks a door."""
    marked = cast(GuardedView[Response], view)
    marked.needs = needs
    return marked
