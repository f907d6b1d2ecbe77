"""Which providers vouch for a session, and whether it stands on them alone.

Whoever runs an account's provider can sign in as any of its people. So a session that began there opens the pages of
that account and nothing else: no other account, and no page by which the login itself is changed.
"""

from dataclasses import dataclass
from typing import cast

from allauth.account.internal.flows.login import get_authentication_records
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.contrib.auth import login
from django.http import HttpRequest

from accounts.models import Account, Membership, User
from accounts.sso.models import SsoIdentity, WayBack

KEY = "sso"  # in the session: the ids of identities that were shown to it
ALONE = "sso_alone"  # in the session: it began at an account's provider


@dataclass(frozen=True)
class Standing:
    """`accounts`: the ids of those whose provider vouches for the session. `alone`: it has nothing else."""

    accounts: frozenset[int]
    alone: bool


class _StandingRequest(HttpRequest):
    """A request on which the standing of its session is cached."""

    sso_standing: Standing


def begin(request: HttpRequest, identity: SsoIdentity) -> None:
    """Sign in the person of `identity`, whose account's provider has just vouched for them, in a session of its own."""
    request.session.flush()
    login(request, identity.user, backend=settings.AUTHENTICATION_BACKENDS[0])
    request.session[ALONE] = True
    add(request, identity)
    UserSession.objects.purge_and_list(identity.user)
    UserSession.objects.create_from_request(request)


def add(request: HttpRequest, identity: SsoIdentity) -> None:
    """Note that a provider has vouched for the person who is signed in."""
    request.session[KEY] = sorted({*request.session.get(KEY, []), identity.pk})
    request.__dict__.pop("sso_standing", None)


def standing(request: HttpRequest) -> Standing:
    """What single sign-on says of this session now. One query for sessions that used it, none for others."""
    read = cast(_StandingRequest, request)
    if not hasattr(read, "sso_standing"):
        read.sso_standing = _read(request)
    return read.sso_standing


def _read(request: HttpRequest) -> Standing:
    shown = request.session.get(KEY, [])
    if not shown:
        return Standing(frozenset(), alone=False)
    valid = SsoIdentity.objects.filter(pk__in=shown, user_id=request.user.pk, provider__switched_on_at__isnull=False)
    accounts = valid.exclude(provider__account=None).values_list("provider__account_id", flat=True)
    return Standing(frozenset(accounts), alone=bool(request.session.get(ALONE)))


def lets_in(request: HttpRequest, membership: Membership) -> bool:
    """Whether single sign-on lets this session into the account. A visit of support is not held up by it."""
    account: Account = membership.account
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
    if standing(request).alone or not isinstance(request.user, User):
        return False
    return any(each.get("method") == "mfa" for each in get_authentication_records(request, request.user))
