"""A SAML provider is set up by its metadata, tested, and given the next certificate before the former ends."""

import html
from datetime import UTC, datetime

import pytest
from django.urls import reverse

from accounts.models import Activity
from accounts.sso import saml_flow
from accounts.sso.models import IdentityProvider
from accounts.sso.saml import metadata
from accounts.sso.saml.words import Ours, SamlRefused
from tests.accounts.saml.provider import SamlProvider, asked, key_pair
from tests.accounts.saml.test_flow import make_saml_provider, post, signed
from tests.accounts.sso import leads_to

pytestmark = pytest.mark.django_db
PROVIDER = SamlProvider()
TYPED = {"name": "Works", "joins_read_only": "True"}


@pytest.fixture
def client(ada, browser_of):
    return browser_of(ada.user)


def add(client, account, **typed):
    return client.post(reverse("accounts:sso_saml_add", args=[account.pk]), TYPED | typed, follow=True)


def test_a_provider_is_added_by_its_metadata_tested_and_switched_on(client, account):
    response = add(client, account, metadata_xml=PROVIDER.metadata)

    provider = IdentityProvider.objects.get()
    page = html.unescape(response.content.decode())
    assert (provider.issuer, provider.sign_in_url) == (PROVIDER.entity_id, PROVIDER.sign_in_url)
    assert provider.certificates == [PROVIDER.certificate]
    ours = saml_flow.ours(provider)
    for shown in (
        PROVIDER.entity_id,
        PROVIDER.sign_in_url,
        ours.entity_id,
        ours.answer_url,
        "CN=provider.test",
        "SHA-256",
    ):
        assert shown in page, shown
    switch = reverse("accounts:sso_provider_switch", args=[account.pk, provider.pk])
    client.post(switch, {"to": "on"})
    assert IdentityProvider.objects.get().switched_on_at is None  # not tested yet

    url = leads_to(client.post(reverse("accounts:sso_provider_test", args=[account.pk, provider.pk])))
    client.get(post(provider, signed(provider, asked(url).get("ID")), url.rpartition("RelayState=")[2]))
    client.post(switch, {"to": "on"})

    assert IdentityProvider.objects.get().switched_on_at is not None
    assert {"sso.provider_add", "sso.test", "sso.switch_on"} <= set(Activity.objects.values_list("verb", flat=True))


def test_the_metadatas_address_is_read_once_and_never_from_inside(client, account, settings):
    with PROVIDER.served(Ours("x", "x")) as provider:
        url = provider.sign_in_url.replace("sign-in", "metadata")
        for inside in (url, url.replace("localhost", "127.0.0.1"), "file:///etc/hostname", "https://[::127.0.0.1]/x"):
            refused = add(client, account, metadata_url=inside)
            assert refused.status_code == 422 and not IdentityProvider.objects.exists(), inside
        settings.SSO_INTERNAL_HOSTS = ["localhost"]

        assert add(client, account, metadata_url=url).status_code == 200

    assert IdentityProvider.objects.get().issuer == provider.entity_id
    assert add(client, account, metadata_url=url, metadata_xml="<x/>").status_code == 422
    assert add(client, account).status_code == 422


@pytest.mark.parametrize(
    ("change", "words"),
    [
        (("Location=", "Place="), "no address to sign in by HTTP-Redirect"),
        (("https://provider.test/sign-in", "http://provider.test/sign-in"), "does not begin with https://"),
        (("https://provider.test/sign-in", "javascript:alert(1)"), "does not begin with https://"),
        (("IDPSSODescriptor", "SPSSODescriptor"), "no identity provider"),
        (("X509Certificate", "X509Crl"), "has no certificate"),
        (('<?xml version="1.0"?>', '<!DOCTYPE x [<!ENTITY f SYSTEM "file:///etc/hostname">]>'), "a document type"),
        (("protocolSupportEnumeration", 'validUntil="2020-01-01T00:00:00Z" x'), "was valid until 1 January 2020"),
        (("<md:IDPSSO", "<md:Broken"), "not XML that can be read"),
    ],
    ids=["no address", "http", "script", "no provider", "no certificate", "DTD", "ended", "broken"],
)
def test_metadata_that_cannot_be_used_is_refused_in_words(client, account, change, words):
    response = add(client, account, metadata_xml=PROVIDER.metadata.replace(*change))

    assert response.status_code == 422
    assert words in html.unescape(response.content.decode())


def test_certificates_that_are_weak_or_over_are_not_taken():
    def read(*certificates):
        known = SamlProvider()
        one = known.metadata[known.metadata.index("<md:KeyDescriptor") : known.metadata.index("<md:SingleSignOn")]
        text = "".join(known.certificate.splitlines()[1:-1])
        each = "".join(one.replace(text, "".join(pem.splitlines()[1:-1])) for pem in certificates)
        whole = known.metadata.replace(one, each).encode()
        return metadata.read(whole, may_be_visited=lambda url: True, now=datetime.now(UTC))

    good, later, ended = key_pair()[1], key_pair(2048, 730)[1], key_pair(2048, -1)[1]

    found = read(ended, good, later)

    assert [each.pem for each in found.certificates] == [later, good]
    assert found.left_out == 1
    with pytest.raises(SamlRefused, match="have ended"):
        read(ended)
    with pytest.raises(SamlRefused, match="1024 bits"):
        read(key_pair(1024, 365)[1])


def test_a_provider_changes_its_certificate_and_nobody_is_locked_out(client, account):
    soon = key_pair(2048, 20)[1]
    provider = make_saml_provider(account)
    IdentityProvider.objects.update(certificates=[soon])
    page = reverse("accounts:sso_provider", args=[account.pk, provider.pk])
    change = reverse("accounts:sso_certificate", args=[account.pk, provider.pk])
    fingerprint = metadata.certificates.read(soon).fingerprint

    assert "Its certificate ends on" in client.get(reverse("accounts:sso", args=[account.pk])).content.decode()
    assert "ends soon" in client.get(page).content.decode()
    client.post(change, {"remove": fingerprint})  # the only one
    assert client.post(change, {"certificate": key_pair(2048, -1)[1]}).status_code == 422
    assert client.post(change, {"certificate": "-----BEGIN PRIVATE KEY-----"}).status_code == 422
    client.post(change, {"certificate": PROVIDER.certificate})
    client.post(change, {"certificate": key_pair(2048, 730)[1]})  # a third
    assert IdentityProvider.objects.get().certificates == [soon, PROVIDER.certificate]
    assert "Its certificate ends on" not in client.get(reverse("accounts:sso", args=[account.pk])).content.decode()

    client.post(change, {"remove": fingerprint})

    found = IdentityProvider.objects.get()
    assert found.certificates == [PROVIDER.certificate]
    assert found.switched_on_at is not None and found.tested_at is not None


def test_what_can_be_changed_is_and_the_entity_id_is_not(client, account):
    provider = make_saml_provider(account)
    page = reverse("accounts:sso_provider", args=[account.pk, provider.pk])
    typed = TYPED | {
        "issuer": "https://evil.test/",
        "sign_in_url": "https://provider.test/new",
        "name_id_format": "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress",
        "address_attribute": "mel",
    }

    assert client.post(page, typed | {"sign_in_url": "javascript:alert(1)"}).status_code == 422
    assert client.post(page, typed).status_code == 302

    found = IdentityProvider.objects.get()
    assert (found.sign_in_url, found.issuer) == ("https://provider.test/new", PROVIDER.entity_id)
    assert saml_flow.theirs(found).address_attribute == "mel"
    ours = client.get(reverse("accounts:sso_saml_metadata", args=[provider.slug]))
    assert ours["Content-Type"] == "application/samlmetadata+xml"
    assert "emailAddress" in ours.content.decode() and saml_flow.ours(found).answer_url in ours.content.decode()
