"""What tests of single sign-on share: an account with a provider, and the way there and back."""

import re
from html import unescape

from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.sso.actions import providers
from accounts.sso.models import IdentityProvider, SsoDomain
from common import encryption, links


def make_provider(account, issuer, **fields):
    now = timezone.now()
    values = {"tested_at": now, "switched_on_at": now, "name": "Example", "client_id": "heapadmin"} | fields
    return IdentityProvider.objects.create(
        account=account,
        slug=links.new_nonce()[:16],
        protocol="oidc",
        issuer=issuer,
        client_secret=encryption.encrypt(providers.SECRET, "a secret/with+marks"),
        **values,
    )


def prove(account, domain):
    nonce = links.new_nonce()
    return SsoDomain.objects.create(account=account, domain=domain, nonce=nonce, digest=nonce, proven_at=timezone.now())


def leads_to(answer):
    """The URL to which the page on the way leads."""
    found = re.search(r'http-equiv="refresh" content="0; url=([^"]+)"', answer.content.decode())
    assert found, answer.content.decode()
    return unescape(found[1])


def there_and_back(own, provider, client, begin=None, **brought):
    """Begin (by default a sign-in), go to the provider `own`, and bring its answer back; returns our answer."""
    begin = begin or reverse("accounts:sso_start", args=[provider.slug])
    url = leads_to(client.post(begin))
    return client.get(reverse("accounts:sso_answer", args=[provider.slug]), own.asked_to_sign_in(url) | brought)


def signed_in(own, provider, **person):
    """A browser in which somebody has signed in through the provider."""
    client = Client()
    own.person |= person
    answer = there_and_back(own, provider, client)
    assert answer.status_code == 302, answer.content.decode()
    return client
