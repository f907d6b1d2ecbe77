"""An account with every way in: closed, nothing opens; reopened, all do; exported, no secret; removed, no row."""

import base64
import gzip
from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Account
from accounts.sso import installation
from accounts.sso.models import IdentityProvider, SsoDomain, SsoIdentity
from analytics.views.read_api.urls import ROOT
from common import steps
from projects.api_tokens import tokens
from projects.models import ApiKey, ApiToken
from support.closing import actions, purge
from support.exports import actions as exports
from support.exports import writer
from tests.accounts.conftest import PASSWORD
from tests.accounts.saml.test_flow import begin, make_saml_provider, post, signed
from tests.accounts.scim import Directory
from tests.accounts.sso import make_provider, prove, signed_in, there_and_back
from tests.factories import ApiKeyFactory, ApiTokenFactory, MembershipFactory, ProjectRoleFactory, UserFactory
from tests.support.filling import rows_of

pytestmark = pytest.mark.django_db
KEY_SECRET = "hak_every-way-in"


class Ways:
    """Each way in, as a name and a function that says whether it opens."""

    def __init__(self, account, own, browser_of):
        self.account, self.own = account, own
        self.environment = account.projects.get().environments.get()
        self.ada, self.rita = account.memberships.order_by("pk")
        prove(account, "works.example")
        self.oidc, self.saml = make_provider(account, own.issuer, name="Works"), make_saml_provider(account)
        SsoIdentity.objects.create(provider=self.oidc, issuer=own.issuer, subject="ada-1", user=self.ada.user)
        Account.objects.filter(pk=account.pk).update(roles_by_project="none")
        ProjectRoleFactory(project=self.environment.project, membership=self.rita)
        self.by_password, self.reader = browser_of(self.ada.user), Client()
        self.rita.user.set_password(PASSWORD)
        self.rita.user.save()
        self.reader.post(reverse("account_login"), {"login": self.rita.user.email, "password": PASSWORD})
        self.by_sso = signed_in(own, self.oidc)
        self.directory = Directory(account, created_by=self.ada.user)
        self.token = tokens.new_secret()
        ApiTokenFactory(project=self.environment.project, membership=self.rita, secret=self.token)
        ApiKeyFactory(project=self.environment.project, secret=KEY_SECRET, created_by=self.ada.user)

    def reader_page(self):
        return self.reader.get(reverse("analytics:dashboard", args=[self.environment.app_id])).status_code == 200

    def password_session(self):
        return self.by_password.get(reverse("accounts:teammate_list", args=[self.account.pk])).status_code == 200

    def sso_session(self):
        return self.by_sso.get(reverse("accounts:teammate_list", args=[self.account.pk])).status_code == 200

    def oidc_sign_in(self):
        start = Client().post(reverse("accounts:sso_start", args=[self.oidc.slug]))
        return start.status_code == 200 and there_and_back(self.own, self.oidc, Client()).status_code == 302

    def saml_sign_in(self):
        client = Client()
        start = client.post(reverse("accounts:sso_start", args=[self.saml.slug]))
        if start.status_code != 200:
            posted = Client().post(reverse("accounts:sso_saml_answer", args=[self.saml.slug]), {"SAMLResponse": "AAAA"})
            return posted.status_code != 404
        request_id, state = begin(client, self.saml)
        return client.get(post(self.saml, signed(self.saml, request_id), state)).status_code == 302

    def found_by_address(self):
        return "Continue with" in Client().get(reverse("accounts:sso_find"), {"email": "x@works.example"}).text

    def our_metadata(self):
        return Client().get(reverse("accounts:sso_saml_metadata", args=[self.saml.slug])).status_code == 200

    def scim(self):
        return self.directory.ask("get", "Users")[0] == 200

    def api_token(self):
        headers = {"Authorization": f"Bearer {self.token}"}
        return Client().get(f"/{ROOT}project", headers=headers).status_code == 200

    def api_key(self):
        login = base64.b64encode(f"{self.environment.app_id}:{KEY_SECRET}".encode()).decode()
        answer = Client().post("/api/public/v0/auth_token", headers={"Authorization": f"Basic {login}"})
        return answer.status_code in (200, 201)

    def open(self):
        return {name for name in NAMES if getattr(self, name)()}


NAMES = {name for name, each in vars(Ways).items() if callable(each) and name not in ("__init__", "open")}


@pytest.fixture
def ways(account, ada, own, browser_of):
    MembershipFactory(account=account, user__email="rita@shop.example", read_only=True)
    return Ways(account, own, browser_of)


def export_of(account, by):
    export = exports.ask(account=account, by=by, mail_to=by)
    while not writer.run(export.pk, seconds=60):
        pass
    return gzip.decompress(b"".join(bytes(part.content) for part in export.parts.order_by("number"))).decode()


def test_closed_nothing_opens_and_reopened_everything_does(ways):
    assert ways.open() == NAMES

    closing = actions.close(account=ways.account, grace_days=30, asked_by="Ada", by=UserFactory(is_staff=True))
    assert ways.open() == set()
    actions.reopen(closing=closing, by=None)

    assert ways.open() == NAMES


def test_an_export_has_no_secret_and_removing_leaves_no_row(ways, monkeypatch, settings):
    account = ways.account
    settings.SSO_ISSUER, settings.SSO_CLIENT_ID = "https://id.example", "heapadmin"
    for subject, user in (("hers", ways.ada.user), ("theirs", MembershipFactory().user)):
        SsoIdentity.objects.create(
            provider=installation.provider(), issuer="https://id.example", subject=subject, user=user
        )
    text = export_of(account, ways.ada.user)
    encrypted = IdentityProvider.objects.get(pk=ways.oidc.pk).client_secret
    kept = [ApiToken.objects.get().digest, ApiKey.objects.get().digest, ways.directory.token.digest]
    nonce = SsoDomain.objects.get().nonce
    for secret in (encrypted, "a secret/with+marks", ways.token, KEY_SECRET, ways.directory.secret, nonce, *kept):
        assert secret and secret not in text, secret
    assert '"hers"' not in text  # how they sign in elsewhere is none of the account's business
    assert "ada-1" in text  # who is known by a provider is the account's own

    monkeypatch.setattr(steps, "SETTLE", timedelta(0))
    monkeypatch.setattr(purge, "PAUSE", 0.0)
    closing = actions.close(account=account, grace_days=0, asked_by="Ada", by=UserFactory(is_staff=True))
    while not purge.run(closing.pk, seconds=60, pace=purge.Pace(pause=0)):
        pass

    assert not {table: rows for table, rows in rows_of(account).items() if rows}
    assert SsoIdentity.objects.get().subject == "theirs"  # of the installation, and of somebody else's login
    assert IdentityProvider.objects.get() == installation.provider()
    assert ways.open() == set()


def test_whoever_is_removed_is_out_at_once_by_every_way(ways, browser_of):
    SsoIdentity.objects.create(provider=ways.saml, issuer=ways.saml.issuer, subject="rita", user=ways.rita.user)
    assert ways.reader_page() and ways.api_token()

    browser_of(ways.ada.user).post(reverse("accounts:teammate_remove", args=[ways.account.pk, ways.rita.pk]))

    assert not ways.api_token()
    assert ways.reader.get(reverse("accounts:profile")).status_code == 302
    assert not SsoIdentity.objects.filter(user=ways.rita.user).exists()
    assert ways.password_session() and ways.sso_session()
