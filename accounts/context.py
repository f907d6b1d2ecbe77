"""Template context about the signed-in person: their accounts, membership and rights."""

from typing import Any, cast

from django.conf import settings
from django.http import HttpRequest
from django.urls import reverse
from django.utils.functional import SimpleLazyObject

from accounts.door import entered, rights_here
from accounts.models import Access, Membership
from accounts.policy import Can
from accounts.sessions import SessionStore, renew
from accounts.sso import installation
from accounts.sso import session as sso_session
from accounts.teammates import grantors
from common import mails

WARNED_MINUTES = 5  # before a session ends
MOST_SECONDS = 86_400  # a browser's timer counts no more than 24 days


def signed_in(request: HttpRequest) -> dict[str, Any]:
    """`account`, `membership`, `accounts` for the top bar; `can` (a set of rights) inside an account; `signup_open`;
    `docs_url`; `mail_is_set_up`; `sso_name`, which is empty without single sign-on of the whole installation.

    Outside an account's pages, `account` and `membership` are the ones that the person used last, so that the bar
    looks the same everywhere; `can` is empty there. `reads_only`: whether the person only looks here. `accounts` is
    [{"account", "url", "is_current"}]. `grantors` names the people whom a read-only teammate can ask for more rights.
    `session_end` is about the person's session.
    """
    return {
        "membership": SimpleLazyObject(lambda: membership_of(request)),
        "account": SimpleLazyObject(lambda: _account(request)),
        "accounts": SimpleLazyObject(lambda: _accounts(request)),
        "reads_only": SimpleLazyObject(lambda: reads_only(request)),
        "grantors": SimpleLazyObject(lambda: _grantors(request)),
        "can": rights_here(request),
        "signup_open": settings.SIGNUP_OPEN,
        "docs_url": settings.DOCS_URL,
        "session_end": SimpleLazyObject(lambda: session_end(request)),
        "mail_is_set_up": mails.is_set_up(),
        "sso_name": installation.name(),
    }


def session_end(request: HttpRequest) -> dict[str, Any]:
    """`warns`: whether the session ends in less than `warned_before` minutes. `ask_in`: seconds until to look again.

    `longest_days` is set if it ends because it has lasted that long, and cannot be renewed.
    """
    renew(request)  # or a page would warn of what it prevents
    session = cast(SessionStore, request.session)
    left = session.seconds_left() - WARNED_MINUTES * 60
    return {
        "warns": left <= 0,
        "ask_in": min(max(left + 1, 1), MOST_SECONDS),
        "warned_before": WARNED_MINUTES,
        "longest_days": settings.SESSION_DAYS if session.seconds_to_longest() <= WARNED_MINUTES * 60 else None,
    }


def membership_of(request: HttpRequest) -> Membership | None:
    """The person's membership of the account whose page this is, or else of the open account that they used last."""
    return entered(request) or next(iter(_memberships(request)), None)


def reads_only(request: HttpRequest) -> bool:
    """Whether the person may change nothing on this page; outside an account, in the one used last."""
    if granted := rights_here(request):
        return Can.EDIT not in granted
    membership = membership_of(request)
    return membership is not None and membership.access is Access.READ_ONLY


def _account(request: HttpRequest) -> Any:
    membership = membership_of(request)
    return membership.account if membership else None


def _grantors(request: HttpRequest) -> list[str]:
    membership = membership_of(request)
    return grantors(membership.account) if membership and reads_only(request) else []


def _accounts(request: HttpRequest) -> list[dict[str, Any]]:
    current = membership_of(request)
    by_name = sorted(_memberships(request), key=lambda each: (each.account.name.lower(), each.account_id))
    return [
        {
            "account": each.account,
            "url": reverse("accounts:open", args=[each.account_id]),
            "is_current": current is not None and each.account_id == current.account_id,
        }
        for each in by_name
    ]


class _BarRequest(HttpRequest):
    """A request on which the person's memberships are cached."""

    memberships: list[Membership]


def _memberships(request: HttpRequest) -> list[Membership]:
    """The person's memberships of open accounts that this session knows of, the one used last first. One query."""
    if not request.user.is_authenticated:
        return []
    read = cast(_BarRequest, request)
    if not hasattr(read, "memberships"):
        read.memberships = sso_session.known_to(request, Membership.objects.latest_used(request.user))
    return read.memberships
