"""Which providers vouch for a session, and whether it stands on them alone.

A session that began at the installation's provider (installation.py) opens what a password opens. Whoever runs an
account's provider can sign in as any of its people. So a session that began there opens the pages of that account and
nothing else: no other account, and no page by which the login itself is changed.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, cast

from allauth.account.internal.flows.login import get_authentication_records, record_authentication
from allauth.account.utils import perform_login
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import login, logout
from django.http import HttpRequest, HttpResponse
from django.shortcuts import render

from accounts.models import Account, Membership, MembershipQuerySet, User
from accounts.sso.models import IdentityProvider, SsoIdentity, WayBack

KEY = "sso"  # in the session: the ids of identities that were shown to it
ALONE = "sso_alone"  # in the session: it began at an account's provider
BY_INSTALLATION = "sso_installation"  # in the session: the id of whom the installation's provider vouched for
LIBRARY_PAGES = ("account_", "mfa_", "usersessions_")  # how names of allauth's pages begin
OWN_LOGIN = ("accounts:email_change", "accounts:email_change_cancel", "accounts:login_delete", "accounts:session_end")


@dataclass(frozen=True)
class SsoStanding:
    """`accounts`: the ids of those whose provider vouches for the session. `alone`: it has nothing else.

    `by_installation`: whether the installation's provider does.
    """

    accounts: frozenset[int]
    alone: bool
    by_installation: bool = False


class _StandingRequest(HttpRequest):
    """A request on which the standing of its session is cached."""

    sso_standing: SsoStanding


def begin(request: HttpRequest, identity: SsoIdentity) -> None:
    """Sign in the person of `identity`, whose account's provider has just vouched for them, in a session of its own."""
    request.session.flush()
    login(request, identity.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[ALONE] = True
    add(request, identity)
    UserSession.objects.create_from_request(request)


def begin_by_installation(request: HttpRequest, identity: SsoIdentity, where_to: str) -> HttpResponse:
    """The same for the installation's provider, as the password would: asks for the second factor, if they have one."""
    request.session.flush()
    request.session[BY_INSTALLATION] = identity.user_id
    add(request, identity)
    record_authentication(request, identity.user, method=BY_INSTALLATION)
    answer: HttpResponse = perform_login(request, identity.user, redirect_url=where_to)
    return answer


def add(request: HttpRequest, identity: SsoIdentity) -> None:
    """Note that a provider has vouched for the person who is signed in."""
    request.session[KEY] = sorted({*request.session.get(KEY, []), identity.pk})
    request.__dict__.pop("sso_standing", None)


def standing(request: HttpRequest) -> SsoStanding:
    """What single sign-on says of this session now. One query for sessions that used it, none for others."""
    read = cast(_StandingRequest, request)
    if not hasattr(read, "sso_standing"):
        read.sso_standing = _read(request)
    return read.sso_standing


def _read(request: HttpRequest) -> SsoStanding:
    shown = request.session.get(KEY, [])
    if not shown:
        return SsoStanding(frozenset(), alone=False)
    valid = SsoIdentity.objects.filter(pk__in=shown, user=request.user.pk, provider__switched_on_at__isnull=False)
    found = list(valid.values_list("provider__account_id", "provider__issuer"))
    return SsoStanding(
        frozenset(account for account, _ in found if account is not None),
        alone=bool(request.session.get(ALONE)),
        by_installation=any(account is None and issuer == settings.SSO_ISSUER for account, issuer in found),
    )


def began_at_installation(request: HttpRequest) -> bool:
    """Whether the installation's provider vouched for the person at the beginning of this session."""
    return request.user.pk is not None and request.session.get(BY_INSTALLATION) == request.user.pk


def has_ended(request: HttpRequest) -> bool:
    """Whether this session stood on single sign-on, which vouches for it no more. The middleware below ends it then."""
    if began_at_installation(request):
        return not standing(request).by_installation
    return bool(request.session.get(ALONE)) and not standing(request).accounts


def provider_of(request: HttpRequest) -> IdentityProvider | None:
    """The provider at which this session began; None for other sessions."""
    of_all = began_at_installation(request)
    if not of_all and not request.session.get(ALONE):
        return None
    shown = IdentityProvider.objects.filter(identities__in=request.session.get(KEY, []), account__isnull=of_all)
    return shown.order_by("pk").first()


def known_to(request: HttpRequest, memberships: MembershipQuerySet) -> list[Membership]:
    """Those of the person's `memberships` that the session may know of, with their accounts."""
    found = list(memberships.select_related("account"))
    here = standing(request)
    return [each for each in found if each.account_id in here.accounts] if here.alone else found


def lets_in(request: HttpRequest, membership: Membership) -> bool:
    """Whether single sign-on lets this session into the account. A visit of support is not held up by it."""
    account: Account = membership.account
    if has_ended(request):  # it is asked of sessions too that no middleware has seen (accounts/sessions.as_request)
        return False
    if membership.visit is not None:
        return not standing(request).alone
    if account.pk in standing(request).accounts:
        return True
    if standing(request).alone:
        return False
    return not account.require_sso or _is_way_back(request, membership)


def _is_way_back(request: HttpRequest, membership: Membership) -> bool:
    used = used_second_factor(request)
    return used and not membership.read_only and WayBack.objects.filter(membership=membership).exists()


def used_second_factor(request: HttpRequest) -> bool:
    """Whether the person signed in here with a second factor of their own, and did not begin at a provider."""
    if standing(request).alone or began_at_installation(request) or not isinstance(request.user, User):
        return False
    return any(each.get("method") == "mfa" for each in get_authentication_records(request, request.user))


def changes_the_login(view_name: str) -> bool:
    """Whether this page is about passwords, second factors, addresses or sessions of the login itself."""
    return (view_name.startswith(LIBRARY_PAGES) and view_name != "account_logout") or view_name in OWN_LOGIN


class SsoSessionMiddleware:
    """End sessions that stood on single sign-on alone and have lost it. Keep the others from changing the login."""

    def __init__(self, get_response: Callable[[HttpRequest], HttpResponse]) -> None:
        self.get_response = get_response

    def __call__(self, request: HttpRequest) -> HttpResponse:
        return self.get_response(request)

    def process_view(
        self, request: HttpRequest, view: Callable[..., Any], args: Any, kwargs: Any
    ) -> HttpResponse | None:
        if not getattr(view, "login_required", True):
            return None
        if has_ended(request):
            logout(request)
        elif (
            request.session.get(ALONE)
            and request.resolver_match
            and changes_the_login(request.resolver_match.view_name)
        ):
            return render(request, "accounts/sso/own_login.html", status=403)
        return None
