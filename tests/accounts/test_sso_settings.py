"""The page "Single sign-on": a provider is added, tested and switched on; domains are proven by DNS or mail."""

import re

import dns.resolver
import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from dnslib import RR
from dnslib.server import BaseResolver, DNSServer

from accounts.models import Activity
from accounts.sso.actions import domains, providers
from accounts.sso.models import IdentityProvider, SsoDomain
from tests.accounts.factories import SsoIdentityFactory, WayBackFactory
from tests.accounts.sso import leads_to, make_provider, prove, signed_in, there_and_back
from tests.factories import MembershipFactory
from tests.mailbox import path_in

pytestmark = pytest.mark.django_db


@pytest.fixture
def name_server(monkeypatch):
    """A real name server on this machine; returns {name: text of its TXT record}."""
    texts = {}

    class Texts(BaseResolver):
        def resolve(self, request, handler):
            reply, name = request.reply(), str(request.q.qname).rstrip(".")
            if name in texts:
                reply.add_answer(*RR.fromZone(f'{name}. 1 TXT "{texts[name]}"'))
            return reply

    server = DNSServer(Texts(), address="127.0.0.1", port=0)
    server.start_thread()
    resolver = dns.resolver.Resolver(configure=False)
    resolver.nameservers, resolver.port = ["127.0.0.1"], server.server.server_address[1]
    monkeypatch.setattr(dns.resolver, "default_resolver", resolver)
    yield texts
    server.stop()
    server.server.server_close()


def messages_of(answer):
    return re.sub(r"<[^>]+>|\s+", " ", answer.content.decode())


def test_a_provider_is_added_tested_and_switched_on(own, account, ada, browser_of):
    client = browser_of(ada.user)
    values = {"name": "Example", "client_id": "heapadmin", "client_secret": "s3cret!", "joins_read_only": "True"}
    add = reverse("accounts:sso_provider_add", args=[account.pk])
    for issuer in ("https://localhost", "http://169.254.169.254", f"{own.issuer}/other", "nonsense", "https://[::1"):
        answer = client.post(add, values | {"issuer": issuer})
        assert answer.status_code == 422, issuer
    answer = client.post(add, values | {"issuer": f"{own.issuer}/.well-known/openid-configuration"}, follow=True)

    provider = IdentityProvider.objects.get()
    assert provider.issuer == own.issuer and "s3cret" not in provider.client_secret
    assert f"/account/sso/{provider.slug}/answer/" in answer.content.decode()
    assert "s3cret" not in answer.content.decode()
    switch = reverse("accounts:sso_provider_switch", args=[account.pk, provider.pk])
    assert "Test it first" in messages_of(client.post(switch, {"to": "on"}, follow=True))
    test = reverse("accounts:sso_provider_test", args=[account.pk, provider.pk])
    assert there_and_back(own, provider, client, test).status_code == 302
    assert "known" not in messages_of(client.post(switch, {"to": "on"}, follow=True))
    provider.refresh_from_db()
    assert provider.switched_on_at and provider.identities.get().user == ada.user
    assert client.get(reverse("accounts:sso", args=[account.pk])).status_code == 200
    providers.switch_off(provider=provider, by=ada.user)
    client.post(
        reverse("accounts:sso_provider", args=[account.pk, provider.pk]),
        values | {"client_id": "x", "issuer": "https://y"},
    )
    provider.refresh_from_db()
    assert provider.tested_at is None and provider.issuer == own.issuer
    assert providers.open_secret(provider) == "s3cret!"
    verbs = set(Activity.objects.values_list("verb", flat=True))
    assert {"sso.provider_add", "sso.test", "sso.switch_on", "sso.switch_off", "sso.provider_change"} <= verbs


def test_a_test_counts_only_while_its_person_has_full_access(own, account, ada, grace, browser_of):
    provider = make_provider(account, own.issuer, tested_at=None, switched_on_at=None)
    client = browser_of(grace.user)
    brought = own.asked_to_sign_in(
        leads_to(client.post(reverse("accounts:sso_provider_test", args=[account.pk, provider.pk])))
    )
    grace.read_only = True
    grace.save()

    answer = client.get(reverse("accounts:sso_answer", args=[provider.slug]), brought)

    assert answer.status_code == 403
    provider.refresh_from_db()
    assert provider.tested_at is None


def test_a_domain_is_proven_by_a_record_and_then_nobody_elses(own, account, ada, browser_of, name_server):
    client = browser_of(ada.user)
    add = reverse("accounts:sso_domain_add", args=[account.pk])
    for typed in ("com", "a b.example", "x" * 254, "exa\0mple.com", "192.0.2.1", "-a.example", "a\u202eb.example"):
        assert client.post(add, {"domain": typed}).status_code == 422, typed
    client.post(add, {"domain": "@Bücher.Example."})
    domain = SsoDomain.objects.get()
    assert domain.domain == "xn--bcher-kva.example"
    check = reverse("accounts:sso_domain", args=[account.pk, domain.pk])
    name_server["_heapadmin.xn--bcher-kva.example"] = "heapadmin-domain=anything"
    assert "no TXT record" in messages_of(client.post(check, {"do": "check"}, follow=True))

    name_server["_heapadmin.xn--bcher-kva.example"] = domains.record_value(domain)
    assert "is proven" in messages_of(client.post(check, {"do": "check"}, follow=True))

    eve = MembershipFactory(user__email="eve@other.example")
    theirs = domains.add(account=eve.account, domain=domain.domain, by=eve.user)
    name_server["_heapadmin.xn--bcher-kva.example"] = domains.record_value(theirs)
    with pytest.raises(providers.NotReady, match="another account"):
        domains.check_record(domain=theirs, by=eve.user)


@pytest.mark.django_db(transaction=True)
def test_a_domain_is_proven_by_the_mail_to_its_postmaster(account, ada, browser_of, mailbox):
    domain = domains.add(account=account, domain="works.example", by=ada.user)
    client = browser_of(ada.user)
    do = reverse("accounts:sso_domain", args=[account.pk, domain.pk])
    client.post(do, {"do": "mail"})
    assert "within the last hour" in messages_of(client.post(do, {"do": "mail"}, follow=True))
    mailbox.work()
    path = path_in(mailbox.to("postmaster@works.example")[0])

    assert Client().get(path).status_code == 200
    assert SsoDomain.objects.get().proven_at is None  # who only reads mail, such as a scanner, proves nothing
    assert Client().post(path).status_code == 200
    assert SsoDomain.objects.get().proven_at and Client().post(path).status_code == 404


def test_an_address_leads_to_its_domains_provider(own, account):
    provider = make_provider(account, own.issuer, name="<Works> & co")
    prove(account, "works.example")
    find = reverse("accounts:sso_find")

    found = Client().get(find, {"email": "anybody@Works.example", "next": "/account/me/"}).content.decode()
    assert "Continue with &lt;Works&gt; &amp; co" in found and 'value="/account/me/"' in found
    for typed in ("anybody@other.example", "works.example@", "\0", "@", "x" * 1_000):
        assert "Continue with" not in Client().get(find, {"email": typed}).content.decode()
    IdentityProvider.objects.filter(pk=provider.pk).update(switched_on_at=None)
    assert "Continue with" not in Client().get(find, {"email": "a@works.example"}).content.decode()


def test_no_page_of_it_reads_more_for_more(own, account, ada, browser_of, django_assert_max_num_queries):
    client, page = browser_of(ada.user), reverse("accounts:sso", args=[account.pk])
    with django_assert_max_num_queries(30) as few:
        client.get(page)
    for number in range(5):
        make_provider(account, own.issuer, client_id=f"client {number}", tested_at=timezone.now())
        prove(account, f"{number}.example")
        MembershipFactory(account=account)
    with django_assert_max_num_queries(len(few)):
        client.get(page)


def test_a_session_by_single_sign_on_costs_a_page_one_query_more(own, account, ada, django_assert_max_num_queries):
    provider = make_provider(account, own.issuer)
    provider.identities.create(issuer=own.issuer, subject="ada-1", user=ada.user)
    theirs, plain = signed_in(own, provider), Client()
    plain.force_login(ada.user)
    page = reverse("accounts:activity_list", args=[account.pk])
    for client in (theirs, plain):
        client.get(page)
    with django_assert_max_num_queries(100) as without:
        plain.get(page)
    with django_assert_max_num_queries(len(without) + 1):
        theirs.get(page)


def test_the_page_of_a_teammate_says_how_they_sign_in(account, ada, grace, browser_of):
    page = reverse("accounts:teammate", args=[account.pk, grace.pk])
    assert "single sign-on yet" not in browser_of(ada.user).get(page).content.decode()  # there is none
    provider = make_provider(account, "https://id.example", name="Works")
    assert "Not connected with single sign-on yet." in browser_of(ada.user).get(page).content.decode()

    SsoIdentityFactory(provider=provider, user=grace.user)
    WayBackFactory(membership=grace)

    assert "Connected with Works. They are a way back" in browser_of(ada.user).get(page).content.decode()
    reader = MembershipFactory(account=account, read_only=True).user
    assert "Connected with" not in browser_of(reader).get(page).content.decode()


def test_a_secret_is_not_lost_without_a_word(account, ada, browser_of, own):
    typed = {
        "name": "W",
        "issuer": "https://127.0.0.1:9",
        "client_id": "h",
        "client_secret": "x",
        "joins_read_only": "True",
    }

    page = browser_of(ada.user).post(reverse("accounts:sso_provider_add", args=[account.pk]), typed).content.decode()

    assert "Type it again" in page
