"""An account's providers: setting one up, testing it, switching it on and off, and making it compulsory."""

import secrets
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from accounts import activity
from accounts.full_access import lock_for
from accounts.models import Account, Membership, User
from accounts.sso.models import IdentityProvider, SsoIdentity, WayBack
from common import encryption
from common.changes import change

SECRET = "sso_client_secret"  # the purpose for which clients' secrets are encrypted  # noqa: S105
MOST = 5  # of one account: more are never needed, and each is a request to somebody's server
TRIED_WITHIN = timedelta(days=1)
TESTED = ("client_id", "client_secret", "sign_in_url", "certificates")  # what a test was about


class TooManySsoEntries(Exception):
    """The account has as many providers as it may have."""


class NotReady(Exception):
    """What is asked for would lock people out. Its text says what is missing, in a sentence."""


def open_secret(provider: IdentityProvider) -> str:
    """The client's secret, to be sent to the provider and nowhere else; "" if it has none."""
    if provider.account_id is None:
        return str(settings.SSO_CLIENT_SECRET)
    return encryption.decrypt(SECRET, provider.client_secret) if provider.client_secret else ""


@contextmanager
def _locked(account: Account, by: User) -> Iterator[Account]:
    """A transaction in which the account is locked. Raises PermissionDenied if `by` has lost the right meanwhile."""
    with transaction.atomic():
        yield lock_for(by, account)


def add(*, account: Account, by: User, client_secret: str = "", **values: Any) -> IdentityProvider:
    """Make a provider (protocol, name, issuer, …), which is not yet switched on. Raises TooManySsoEntries."""
    with _locked(account, by) as current:
        if current.identity_providers.count() >= MOST:
            raise TooManySsoEntries
        provider = IdentityProvider.objects.create(
            account=current,
            slug=secrets.token_hex(8),
            client_secret=encryption.encrypt(SECRET, client_secret) if client_secret else "",
            **values,
        )
        _record(provider, by, "provider_add", {"issuer": provider.issuer})
        return provider


def change_provider(*, provider: IdentityProvider, by: User, client_secret: str = "", **values: Any) -> list[str]:
    """Set fields of a provider, but never its issuer; returns those that changed. An empty secret keeps the one it has.

    It is not tested any more if what was tested has changed; it stays switched on, because people depend on it.
    """
    assert "issuer" not in values, "another issuer is another provider"
    assert isinstance(provider.account, Account)
    with _locked(provider.account, by):
        current = IdentityProvider.objects.select_for_update().get(pk=provider.pk)
        changed = change(current, values)
        if client_secret:
            current.client_secret = encryption.encrypt(SECRET, client_secret)
            current.save(update_fields=["client_secret"])
            changed["client_secret"] = ["kept secret", "kept secret"]
        if changed.keys() & set(TESTED) and current.switched_on_at is None:
            current.tested_at = None
            current.save(update_fields=["tested_at"])
        if changed:
            _record(current, by, "provider_change", {"changed": sorted(changed)})
        return list(changed)


def note_test(*, provider: IdentityProvider, by: User) -> None:
    """`by`, who has full access, has come back from the provider: it may be switched on now."""
    assert isinstance(provider.account, Account)
    with _locked(provider.account, by):
        IdentityProvider.objects.filter(pk=provider.pk).update(tested_at=timezone.now())
        _record(provider, by, "test")


def switch_on(*, provider: IdentityProvider, by: User) -> None:
    """Let people sign in through it. Raises NotReady before it was tested."""
    assert isinstance(provider.account, Account)
    with _locked(provider.account, by):
        current = IdentityProvider.objects.select_for_update().get(pk=provider.pk)
        if current.tested_at is None:
            raise NotReady("Test it first: sign in through it yourself.")
        if current.switched_on_at is None:
            current.switched_on_at = timezone.now()
            current.save(update_fields=["switched_on_at"])
            _record(current, by, "switch_on")


def switch_off(*, provider: IdentityProvider, by: User) -> None:
    """Let nobody sign in through it any more; sessions that stand on it end. Raises NotReady if it is the last one of
    an account that requires single sign-on.
    """
    assert isinstance(provider.account, Account)
    with _locked(provider.account, by) as account:
        current = IdentityProvider.objects.select_for_update().get(pk=provider.pk)
        if current.switched_on_at is None:
            return
        _keep_one(account, current)
        current.switched_on_at = None
        current.save(update_fields=["switched_on_at"])
        _record(current, by, "switch_off")


def delete(*, provider: IdentityProvider, by: User) -> int:
    """Delete a provider with the identities that it knows; returns how many. Raises NotReady, as `switch_off`."""
    assert isinstance(provider.account, Account)
    with _locked(provider.account, by) as account:
        current = IdentityProvider.objects.select_for_update().get(pk=provider.pk)
        _keep_one(account, current)
        identities = SsoIdentity.objects.filter(provider=current).count()
        _record(current, by, "provider_delete", {"issuer": current.issuer, "people": identities})
        current.delete()
        return identities


def require(*, account: Account, by: User) -> None:
    """Let nobody in without single sign-on, but for the ways back. Raises NotReady until that locks nobody out."""
    with _locked(account, by) as current:
        if current.require_sso:
            return
        if not IdentityProvider.objects.usable().filter(account=current).exists():
            raise NotReady("Switch a provider on first.")
        if not tried_ways_back(current).exists():
            raise NotReady(
                "Name a way back first, and let that person sign in with password and second factor: "
                "it has to have worked within the last day."
            )
        current.require_sso = True
        current.save(update_fields=["require_sso"])
        activity.record(account=current, by=by, verb="sso.require", target=current.name)


def stop_requiring(*, account: Account, by: User) -> None:
    """Let people sign in with their passwords again."""
    with _locked(account, by) as current:
        if current.require_sso:
            current.require_sso = False
            current.save(update_fields=["require_sso"])
            activity.record(account=current, by=by, verb="sso.stop_requiring", target=current.name)


def tried_ways_back(account: Account) -> Any:
    """Those that worked within the last day: WayBack rows of people who still have full access."""
    return WayBack.objects.filter(
        membership__in=Membership.objects.full_access().filter(account=account),
        tried_at__gt=timezone.now() - TRIED_WITHIN,
    )


def _keep_one(account: Account, provider: IdentityProvider) -> None:
    """Raise NotReady if the account requires single sign-on and has no other provider for it."""
    others = IdentityProvider.objects.usable().filter(account=account).exclude(pk=provider.pk)
    if account.require_sso and provider.switched_on_at and not others.exists():
        raise NotReady("Single sign-on is compulsory, and this is its only provider. Make it optional first.")


def _record(provider: IdentityProvider, by: User, what: str, details: dict[str, Any] | None = None) -> None:
    assert isinstance(provider.account, Account)
    activity.record(account=provider.account, by=by, verb=f"sso.{what}", target=provider.name, details=details)
