"""The only way into an account's pages: an id in the URL becomes an object that the signed-in user may use."""

from collections.abc import Callable
from functools import wraps
from typing import Any

from django.core.exceptions import PermissionDenied
from django.http import Http404, HttpRequest, HttpResponse

from accounts.models import Account, Membership, User
from accounts.policy import Can, rights

type_view = Callable[..., HttpResponse]


class AccountClosed(Exception):
    """The account exists and the user belongs to it, but it has been closed."""


def enter(request: HttpRequest, membership: Membership | None, needs: Can) -> Account:
    """Check one membership against one right and note both on the request (`request.membership`, `request.can`).

    Raises Http404 without a membership, so a stranger does not learn that the account exists, and
    PermissionDenied for a teammate without the right. A closed account is PermissionDenied too.
    """
    if membership is None:
        raise Http404
    if membership.account.closed_at is not None:
        raise AccountClosed
    granted = rights(membership)
    request.membership = membership  # type: ignore[attr-defined]
    request.can = granted  # type: ignore[attr-defined]
    if needs not in granted:
        raise PermissionDenied
    return membership.account


def signed_in_user(request: HttpRequest) -> User:
    """The user; LoginRequiredMiddleware has seen to it that there is one."""
    assert isinstance(request.user, User)
    return request.user


def account_view(needs: Can) -> Callable[[type_view], type_view]:
    """Turn `account_id` from the URL into an `Account` in which the signed-in user has the right `needs`."""

    def decorate(view: type_view) -> type_view:
        @wraps(view)
        def checked(request: HttpRequest, account_id: int, **kwargs: Any) -> HttpResponse:
            membership = (
                Membership.objects.select_related("account")
                .filter(account_id=account_id, user=signed_in_user(request))
                .first()
            )
            return view(request, enter(request, membership, needs), **kwargs)

        checked.needs = needs  # type: ignore[attr-defined]  # tests/test_access.py refuses a URL without it
        return checked

    return decorate
