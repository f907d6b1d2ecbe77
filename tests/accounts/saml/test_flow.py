"""Signing in by SAML: the answer is posted without cookies, and counts only for the browser that asked for it."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.expired import forget_expired
from accounts.models import Activity, User
from accounts.sso import saml_flow
from accounts.sso.attempts import Purpose, SsoAttempt
from accounts.sso.models import IdentityProvider, SamlAnswer, SsoIdentity
from accounts.sso.person import SignInRefused
from tests.accounts.saml.provider import SamlProvider, asked
from tests.accounts.sso import leads_to, prove
from tests.factories import AccountFactory, MembershipFactory

pytestmark = pytest.mark.django_db
PROVIDER = SamlProvider()
PROVIDER.attributes = {"email": ["eve@works.example"], "displayName": ["Eve"]}
NOT_ASKED = "This browser has not asked for that, or it took too long. Begin again."


def make_saml_provider(account, known=PROVIDER, **fields):
    now = timezone.now()
    values = {"tested_at": now, "switched_on_at": now, "slug": f"saml{account.pk}", "name": "Works"} | fields
    return IdentityProvider.objects.create(
        account=account,
        protocol="saml",
        issuer=known.entity_id,
        sign_in_url=known.sign_in_url,
        certificates=[known.certificate],
        **values,
    )


@pytest.fixture
def provider(account):
    prove(account, "works.example")
    return make_saml_provider(account)


def begin(client, provider, page="accounts:sso_start"):
    """Go to the provider; returns (id of the request, RelayState)."""
    url = leads_to(client.post(reverse(page, args=[provider.slug])))
    return asked(url).get("ID"), url.rpartition("RelayState=")[2]


def post(provider, answer, state=""):
    """The provider's page posts its answer: a browser sends none of our cookies with it."""
    where = reverse("accounts:sso_saml_answer", args=[provider.slug])
    response = Client(enforce_csrf_checks=True).post(
        where, {"SAMLResponse": answer, "RelayState": state}, headers={"Origin": "https://provider.test"}
    )
    assert response.status_code == 303, response.content.decode()
    assert not response.cookies  # a browser keeps what it has
    return response["Location"]


def signed(provider, request_id, **lies):
    return PROVIDER.answer(request_id, ours=saml_flow.ours(provider), **lies)


def come_in(client, provider, **lies):
    request_id, state = begin(client, provider)
    return client.get(post(provider, signed(provider, request_id, **lies), state))


def says(response, words):
    assert response.status_code == 403
    assert words in response.content.decode(), response.content.decode()


def is_out(client):
    return "_auth_user_id" not in client.session


def test_who_is_in_a_proven_domain_joins_by_signing_in_and_is_known_from_then_on(provider, account):
    client, again = Client(), Client()

    response = come_in(client, provider)

    assert response.status_code == 302
    eve = User.objects.get(email="eve@works.example")
    assert eve.memberships.get().account == account and eve.memberships.get().read_only
    assert client.get(reverse("accounts:teammate_list", args=[account.pk])).status_code == 200
    assert come_in(again, provider, attributes="").status_code == 302  # no address is needed any more
    assert again.session["_auth_user_id"] == str(eve.pk)
    assert set(SamlAnswer.objects.values_list("subject", "email", "name")) == {("", "", "")}
    assert {"sso.join", "login.sign_in"} <= set(Activity.objects.filter(account=account).values_list("verb", flat=True))


def test_an_answer_opens_nothing_in_another_browser_nor_twice(provider):
    client, other = Client(), Client()
    request_id, state = begin(client, provider)
    begin(other, provider)
    answer = signed(provider, request_id)

    address = post(provider, answer, state)

    says(other.get(address), NOT_ASKED)
    says(Client().get(address), NOT_ASKED)
    says(client.get(post(provider, answer, state)), "This answer was brought already.")
    assert client.get(address).status_code == 302
    says(other.get(address), NOT_ASKED)
    says(client.get(address), NOT_ASKED)
    assert is_out(other)


def test_an_answer_to_the_request_of_another_browser_is_refused_though_it_brings_our_state(provider):
    """An attacker signs in at the provider, and lets somebody else's browser post the answer with its own state."""
    attacker, victim = Client(), Client()
    of_attacker, _ = begin(attacker, provider)
    _, of_victim = begin(victim, provider)

    response = victim.get(post(provider, signed(provider, of_attacker), of_victim))

    says(response, "This answer is for another sign-in than the one of this browser.")
    assert is_out(victim)


def test_an_answer_that_nobody_asked_for_is_refused(provider):
    client = Client()
    begin(client, provider)

    says(client.get(post(provider, signed(provider, ""))), "Start on our sign-in page, not at the provider.")
    says(client.get(post(provider, signed(provider, "_made-up"), "made-up")), NOT_ASKED)
    assert is_out(client)


def test_a_provider_of_another_account_with_the_same_entity_id_and_key_opens_nothing_here(provider):
    stranger = make_saml_provider(AccountFactory())
    ada = MembershipFactory(account=provider.account).user
    SsoIdentity.objects.create(provider=provider, issuer=provider.issuer, subject=PROVIDER.subject, user=ada)
    client = Client()
    request_id, state = begin(client, provider)

    posted_here = client.get(post(provider, signed(stranger, request_id), state))
    posted_there = client.get(post(stranger, signed(stranger, request_id), state))

    says(posted_here, "for another audience")
    says(posted_there, NOT_ASKED)
    says(come_in(Client(), stranger), "Nobody has invited eve@works.example to this account")
    assert is_out(client)


def test_an_answer_waits_until_it_would_not_be_believed_any_more_and_is_taken_once(provider):
    client = Client()
    request_id, state = begin(client, provider)
    address = post(provider, signed(provider, request_id), state)
    answer = SamlAnswer.objects.select_related("provider").get()
    attempt = SsoAttempt(provider.pk, Purpose.SIGN_IN, None, "", state, request_id[1:], "", 0.0)

    assert saml_flow.person_of(answer, attempt).email == "eve@works.example"
    with pytest.raises(SignInRefused, match="taken already"):  # two requests at once have both read the row
        saml_flow.person_of(answer, attempt)
    SamlAnswer.objects.update(ends_at=timezone.now(), subject=answer.subject)
    says(client.get(address), "it took too long")


def test_an_answer_that_is_not_believed_is_in_the_activity_once_an_hour_for_each_reason(provider, settings):
    for _ in range(3):
        post(provider, "AAAA")
        post(provider, signed(provider, "_x", audience="https://elsewhere.example"))
        request_id, state = begin(Client(), provider)
        Client().get(post(provider, signed(provider, request_id), state))  # of a browser that has not asked

    rows = Activity.objects.filter(verb="sso.refuse_answer", account=provider.account).order_by("pk")
    assert [(row.target, row.by) for row in rows] == [("Works", None)] * 2
    assert "another audience" in rows[1].details["reason"]
    client = Client()
    client.force_login(MembershipFactory(account=provider.account).user)
    page = client.get(reverse("accounts:activity_list", args=[provider.account_id])).content.decode()
    assert "an answer was not believed of <strong>Works</strong>" in page
    assert "why: " in page


def test_words_on_the_page_of_a_refusal_are_ours(provider):
    page = reverse("accounts:sso_saml_refused", args=[provider.slug])

    says(Client().get(page, {"why": "Call 0123 and tell your password"}), "The answer was not believed.")


def test_where_answers_go_nothing_else_is_done(provider, account):
    where = reverse("accounts:sso_saml_answer", args=[provider.slug])
    posted = Client().post(where, {"SAMLRequest": "x"})  # a request to sign somebody out

    assert Client().get(where, {"SAMLResponse": "x" * 5_000}).status_code == 405  # nothing is unpacked
    assert posted.status_code == 303 and "/refused/" in posted["Location"]
    assert Client().post(where, {"SAMLResponse": "A" * 300_000}).status_code == 303
    assert not SamlAnswer.objects.exists()
    IdentityProvider.objects.filter(pk=provider.pk).update(switched_on_at=None)
    request_id = "_x"
    says(Client().get(post(provider, signed(provider, request_id))), NOT_ASKED)
    account.closed_at = timezone.now()
    account.save(update_fields=["closed_at"])
    assert Client().post(where, {"SAMLResponse": signed(provider, request_id)}).status_code == 404


def test_a_provider_cannot_fill_the_table_and_answers_go_when_they_have_ended(provider, monkeypatch):
    monkeypatch.setattr(saml_flow, "MOST_WAITING", 2)
    client = Client()
    for number in range(2):
        post(provider, signed(provider, f"_{number}", assertion_id=f"_a{number}"))

    says(client.get(post(provider, signed(provider, "_3", assertion_id="_a3"))), "Too many people sign in")
    SamlAnswer.objects.filter(request_id="_1").update(ends_at=timezone.now() - timedelta(seconds=1))
    assert "/answer/" in post(provider, signed(provider, "_4", assertion_id="_a4"))

    SamlAnswer.objects.update(ends_at=timezone.now() - timedelta(seconds=1))
    forget_expired()
    assert not SamlAnswer.objects.exists()


def test_answers_to_a_provider_are_counted_by_address(provider, settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"sso_saml": "1/m/ip"}
    where = reverse("accounts:sso_saml_answer", args=[provider.slug])

    assert [Client().post(where).status_code for _ in range(2)] == [303, 429]


def test_somebody_connects_their_login_while_signed_in(provider, account, browser_of):
    ada = MembershipFactory(account=account, user__email="ada@elsewhere.example").user
    client = browser_of(ada)
    request_id, state = begin(client, provider, "accounts:sso_connect")

    client.get(post(provider, signed(provider, request_id), state))

    assert SsoIdentity.objects.get().user == ada
    newcomer = Client()
    assert come_in(newcomer, provider).status_code == 302
    assert newcomer.session["_auth_user_id"] == str(ada.pk)
