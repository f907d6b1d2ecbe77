"""SAML: to a provider and back. accounts/sso/saml/ judges answers; here they meet providers, sessions and tables.

A provider's form posts its answer from another site, and browsers send such a POST without our cookies. So it grants
nothing: an answer that is believed is kept, and the browser is led on to an address with a secret. There its session
shows whether it has asked for this answer (leaving.come_back).
"""

import hashlib
from datetime import datetime

from django.db import IntegrityError, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.sso.attempts import SsoAttempt
from accounts.sso.models import IdentityProvider, SamlAnswer
from accounts.sso.person import SignInRefused, SsoPerson
from accounts.sso.saml import answer, metadata, request
from accounts.sso.saml.words import Ours, SamlRefused, Theirs
from common import links

PURPOSE = "saml_answer"  # of the secret in an address (common/links.py)
MOST_WAITING = 1_000  # answers of one provider that are kept: whoever runs it can sign as many as they like
LONGEST_STATE = 100


def ours(provider: IdentityProvider) -> Ours:
    """What Heapadmin is for this provider. Each has its own, so that no provider's answer passes for another's."""
    return Ours(entity_id=_url("metadata", provider), answer_url=_url("answer", provider))


def our_metadata(provider: IdentityProvider) -> bytes:
    return metadata.write(ours(provider), provider.name_id_format)


def theirs(provider: IdentityProvider) -> Theirs:
    return Theirs(
        entity_id=provider.issuer,
        sign_in_url=provider.sign_in_url,
        certificates=tuple(provider.certificates),
        name_id_format=provider.name_id_format,
        address_attribute=provider.address_attribute,
        name_attribute=provider.name_attribute,
    )


def way_there(provider: IdentityProvider, attempt: SsoAttempt) -> str:
    """The URL to which the browser is sent."""
    return request.address(
        _request_id(attempt), attempt.state, ours=ours(provider), theirs=theirs(provider), now=timezone.now()
    )


def receive(provider: IdentityProvider, posted: str, state: str) -> str:
    """Judge what was posted and keep it; returns the secret with which the browser takes it. Raises SamlRefused."""
    now = timezone.now()
    person = answer.judge(posted, ours=ours(provider), theirs=theirs(provider), now=now)
    nonce = links.new_nonce()
    secret = links.secret(PURPOSE, nonce)
    _make_room(provider, now)
    try:
        with transaction.atomic():
            SamlAnswer.objects.create(
                provider=provider,
                assertion=hashlib.sha256(person.assertion_id.encode()).hexdigest(),
                digest=links.digest(PURPOSE, secret),
                state=state[:LONGEST_STATE].replace("\0", ""),
                request_id=person.answers[:LONGEST_STATE],
                subject=person.subject,
                email=person.address[:300],
                name=person.name,
                ends_at=person.ends_at,
            )
    except IntegrityError:
        raise SamlRefused("This answer was brought already. Each is taken once: sign in again.") from None
    return secret


def kept(provider: IdentityProvider, secret: str) -> SamlAnswer | None:
    """The answer that waits behind a secret."""
    return provider.saml_answers.filter(digest=links.digest(PURPOSE, secret), ends_at__gt=timezone.now()).first()


def person_of(answer: SamlAnswer, attempt: SsoAttempt) -> SsoPerson:
    """Take the answer, once, for the attempt of this browser. Raises SignInRefused."""
    if answer.request_id != _request_id(attempt):
        raise SignInRefused("This answer is for another sign-in than the one of this browser. Begin again.")
    taken = SamlAnswer.objects.filter(pk=answer.pk).exclude(subject="").update(subject="", email="", name="")
    if not taken:
        raise SignInRefused("This answer was taken already. Begin again.")
    return SsoPerson(
        issuer=answer.provider.issuer,
        subject=answer.subject,
        email=answer.email,
        email_verified=bool(answer.email),  # SAML has no word for it: a provider says what it vouches for
        name=answer.name,
    )


def _make_room(provider: IdentityProvider, now: datetime) -> None:
    provider.saml_answers.filter(ends_at__lte=now).delete()
    if provider.saml_answers.count() >= MOST_WAITING:
        raise SamlRefused("Too many people sign in at the same time. Try again in some minutes.")


def _request_id(attempt: SsoAttempt) -> str:
    """An XML name that nobody can guess: what the provider signs as the request that it answers."""
    return f"_{attempt.nonce}"


def _url(page: str, provider: IdentityProvider) -> str:
    return links.absolute(reverse(f"accounts:sso_saml_{page}", args=[provider.slug]))
