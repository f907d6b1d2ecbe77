"""The certificates of a SAML provider: one, or two while it changes to another."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.db import transaction

from accounts.models import Account, User
from accounts.sso.actions.providers import NotReady, change_provider
from accounts.sso.models import IdentityProvider
from accounts.sso.saml import certificates
from accounts.sso.saml.certificates import Certificate
from accounts.sso.saml.metadata import MOST_CERTIFICATES


def add_certificate(*, provider: IdentityProvider, by: User, certificate: Certificate) -> None:
    """Believe what this certificate signs, too. Raises NotReady if there are two already."""
    with _as_they_are(provider) as held:
        if certificate.pem in held:
            return
        if len(held) >= MOST_CERTIFICATES:
            raise NotReady("There are two certificates already. Remove the one that is not used any more.")
        change_provider(provider=provider, by=by, certificates=[*held, certificate.pem])


def remove_certificate(*, provider: IdentityProvider, by: User, fingerprint: str) -> None:
    """Do not believe what this certificate signs any more. Raises NotReady if it is the only one."""
    with _as_they_are(provider) as held:
        kept = [pem for pem in held if certificates.read(pem).fingerprint != fingerprint]
        if not kept:
            raise NotReady("This is the only certificate. Add the next one first.")
        change_provider(provider=provider, by=by, certificates=kept)


@contextmanager
def _as_they_are(provider: IdentityProvider) -> Iterator[list[str]]:
    """The certificates, which nobody else changes within the block: two people may be at it."""
    with transaction.atomic():
        Account.objects.select_for_update(no_key=True).get(identity_providers=provider.pk)
        yield IdentityProvider.objects.get(pk=provider.pk).certificates
