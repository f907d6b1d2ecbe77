"""Who gets nothing from labelling: other pages, stolen and used tickets, ended sessions, lost rights."""

from datetime import timedelta

import pytest
from django.contrib.sessions.models import Session
from django.test import Client
from django.utils import timezone

from accounts.models import Account, Activity, RolesByProject, User
from analytics.labelling import sites, tickets
from analytics.labelling.addresses import BadAddress, origin_of
from analytics.labelling.models import ConfirmedSite, LabelTicket
from analytics.models import Definition
from analytics.views.labelling.urls import SCRIPT
from projects.models import Environment, Project
from tests.accounts.factories import IdentityProviderFactory, SsoIdentityFactory
from tests.analytics.label_script import BUY, ORIGIN, PAGE, Labelling, condition, opened
from tests.factories import EnvironmentFactory, ProjectRoleFactory

pytestmark = pytest.mark.django_db
BODIES = {
    "element": {"element": BUY, "page": PAGE},
    "counts": {"conditions": []},
    "save": {"name": "Bought", "conditions": [condition("target_text", "Buy")]},
    "page": {"page": PAGE},
    "end": {},
}
EVIL = "https://evil.example"


def statuses(script, **headers):
    return {script.ask(path, body, **headers).status_code for path, body in BODIES.items()}


def test_a_ticket_works_once_and_only_digests_are_stored():
    script = Labelling()
    ticket = script.ticket()

    first, again = script.open(ticket), Labelling(environment=script.environment).open(ticket)

    assert (first.status_code, again.status_code) == (200, 401)
    assert "error" in again.json()
    [row] = LabelTicket.objects.values()
    stored = " ".join(str(each) for each in row.values())
    assert not [each for each in (ticket, script.token, script.session_key) if each in stored]


def test_a_ticket_that_another_site_shows_is_over():
    """Also if that site is confirmed, by the same people."""
    script = Labelling()
    other = Labelling(origin=EVIL)
    ticket = script.ticket()

    assert other.open(ticket).status_code == 401
    assert script.open(ticket).status_code == 401
    assert not LabelTicket.objects.exists()


@pytest.mark.parametrize(
    "origin", [EVIL, "null", "", f"{ORIGIN}.evil.example", "http://shop.example", f"{ORIGIN}:8443"]
)
def test_another_origin_gets_nothing_and_may_read_nothing(origin):
    script = opened()

    for path, body in BODIES.items():
        response = script.ask(path, body, Origin=origin)
        assert response.status_code == 403
        assert "Access-Control-Allow-Origin" not in response
        preflight = Client().options(f"/label/{path}/", headers={"Origin": origin} if origin else {})
        assert "Access-Control-Allow-Origin" not in preflight
    assert not Definition.objects.exists()


def test_a_token_is_of_one_site_even_among_confirmed_ones():
    script = opened()
    ConfirmedSite.objects.create(environment=script.environment, origin=EVIL)

    assert statuses(script, Origin=EVIL) == {403}


def test_answers_are_for_the_origin_alone_without_cookies_and_never_kept():
    script = opened()

    for path in SCRIPT:
        response = script.ask(path, BODIES.get(path, {}))
        assert response["Access-Control-Allow-Origin"] == ORIGIN
        assert "Access-Control-Allow-Credentials" not in response
        assert "Origin" in response["Vary"]
        assert "no-store" in response["Cache-Control"]
        assert not response.cookies
        preflight = Client().options(f"/label/{path}/", headers={"Origin": ORIGIN})
        assert (preflight.status_code, preflight["Access-Control-Allow-Origin"]) == (204, ORIGIN)
        assert "Authorization" in preflight["Access-Control-Allow-Headers"]
        assert Client().get(f"/label/{path}/", headers={"Origin": ORIGIN}).status_code == 405


def test_a_session_without_a_token_opens_nothing():
    script = Labelling()

    for path, body in BODIES.items():
        response = script.client.post(
            f"/label/{path}/", body, content_type="application/json", headers={"Origin": ORIGIN}
        )
        assert response.status_code == 401
    for token in ("x", "é", "\x7f" * 43, "a" * 5000):
        script.token = token
        assert statuses(script, Authorization=f"Bearer {token}".encode("ascii", "replace").decode()) == {401}


ENDS = {
    "signed out": lambda script: script.client.logout(),
    "session ended by the person elsewhere": lambda script: Session.objects.all().delete(),
    "session expired": lambda script: Session.objects.update(expire_date=timezone.now()),
    "left the account": lambda script: script.membership.delete(),
    "login switched off": lambda script: User.objects.filter(pk=script.user.pk).update(is_active=False),
    "account closed": lambda script: Account.objects.update(closed_at=timezone.now()),
    "second factor required": lambda script: Account.objects.update(require_second_factor=True),
    "password changed": lambda script: with_new_password(script),
    "single sign-on required": lambda script: require_sso(script),
    "project goes": lambda script: Project.objects.update(deleting_at=timezone.now()),
    "environment goes": lambda script: Environment.objects.update(deleting_at=timezone.now()),
    "site removed": lambda script: sites.remove(site=script.site, by=script.user),
    "time over": lambda script: LabelTicket.objects.update(
        created_at=timezone.now() - timedelta(hours=1), ends_at=timezone.now()
    ),
    "ended there": lambda script: script.ask("end", {}),
    "no role in the project": lambda script: without_role(script),
}


def with_new_password(script):
    script.user.set_password("another one, and longer")
    script.user.save(update_fields=["password"])


def require_sso(script):
    """The person could come through the provider, but this session began with a password."""
    now = timezone.now()
    provider = IdentityProviderFactory(account=script.membership.account, tested_at=now, switched_on_at=now)
    SsoIdentityFactory(provider=provider, user=script.user)
    Account.objects.update(require_sso=True)


def without_role(script):
    Account.objects.update(roles_by_project=RolesByProject.READ_ONLY)
    script.membership.read_only = True
    script.membership.save(update_fields=["read_only"])
    ProjectRoleFactory(project=script.environment.project, membership=script.membership, access="")


@pytest.mark.parametrize("why", ENDS)
def test_it_ends_from_the_next_request_on(why):
    environment = EnvironmentFactory()
    Labelling(environment=environment)  # somebody keeps full access
    script = opened(environment=environment)
    waiting = script.ticket()

    ENDS[why](script)

    assert statuses(script) <= {401, 403}
    if why != "ended there":
        assert script.open(waiting).status_code in (401, 403)
    assert not Definition.objects.exists()


def test_a_session_of_a_provider_opens_its_account_alone():
    script = opened()
    now = timezone.now()
    mine, other = [
        IdentityProviderFactory(account=account, tested_at=now, switched_on_at=now)
        for account in (script.membership.account, EnvironmentFactory().project.account)
    ]
    found = {}
    for provider in (mine, other):
        identity = SsoIdentityFactory(provider=provider, user=script.user)
        session = script.client.session
        session.update({"sso": [identity.pk], "sso_alone": True})
        session.save()
        found[provider] = script.ask("counts", BODIES["counts"]).status_code

    assert found == {mine: 200, other: 401}


def test_a_session_of_the_installations_provider_ends_with_what_is_connected(settings):
    script = opened()
    now = timezone.now()
    settings.SSO_ISSUER = "https://login.example"
    provider = IdentityProviderFactory(account=None, tested_at=now, switched_on_at=now)
    identity = SsoIdentityFactory(provider=provider, user=script.user)
    session = script.client.session
    session.update({"sso": [identity.pk], "sso_installation": script.user.pk})
    session.save()
    found = [script.ask("counts", BODIES["counts"]).status_code]
    settings.SSO_ISSUER = "https://other.example"
    found.append(script.ask("counts", BODIES["counts"]).status_code)
    settings.SSO_ISSUER = "https://login.example"
    identity.delete()  # disconnected in another browser
    found.append(script.ask("counts", BODIES["counts"]).status_code)

    assert found == [200, 401, 401]


def test_a_role_in_the_project_decides_who_saves():
    """Read-only in the account: full access to one project, and to look at another."""
    for access, status in (("full", 200), ("read_only", 403)):
        environment = EnvironmentFactory()
        Labelling(environment=environment)  # somebody keeps full access
        script = Labelling(environment=environment, read_only=True)
        Account.objects.update(roles_by_project=RolesByProject.READ_ONLY)
        ProjectRoleFactory(project=environment.project, membership=script.membership, access=access)
        assert script.open().json()["may_save"] == (status == 200)
        assert script.ask("save", BODIES["save"]).status_code == status


def test_read_only_people_look_and_the_refusal_to_save_is_in_the_activity():
    script = opened(read_only=True)

    saved = script.ask("save", BODIES["save"])

    assert {script.ask(path, BODIES[path]).status_code for path in ("element", "counts", "page")} == {200}
    assert (saved.status_code, "read-only" in saved.json()["error"]) == (403, True)
    assert not Definition.objects.exists()
    row = Activity.objects.latest("pk")
    assert (row.verb, row.by, row.project_number) == ("refused", script.user, script.environment.project_id)


def test_demotion_holds_from_the_next_save_on():
    environment = EnvironmentFactory()
    Labelling(environment=environment)
    script = opened(environment=environment)
    assert script.ask("save", BODIES["save"]).status_code == 200

    script.membership.read_only = True
    script.membership.save(update_fields=["read_only"])

    assert script.ask("save", BODIES["save"]).status_code == 403


def test_a_token_asks_so_often_and_others_go_on(settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"labelling": "3/m/key"}
    script, other = opened(), opened()

    found = [script.ask("save", {}).status_code for _ in range(5)]

    assert found == [400, 400, 400, 429, 429]
    assert other.ask("save", {}).status_code == 400


def test_who_tries_tokens_and_tickets_is_stopped_and_who_has_one_goes_on(settings):
    settings.ACCOUNT_RATE_LIMITS = settings.ACCOUNT_RATE_LIMITS | {"label_open": "3/m/ip"}
    script = opened()
    guess = Labelling(environment=script.environment, token="a" * 43)

    found = [guess.ask(path, {}).status_code for path in ("open", "save", "page", "counts", "open")]

    assert found == [401, 401, 429, 429, 429]
    assert script.ask("counts", BODIES["counts"]).status_code == 200


@pytest.mark.parametrize("size", [64 * 2**10 + 1, 9 * 2**20])
def test_a_huge_body_is_refused(size):
    script = opened()

    assert script.ask("save", None, raw=b'{"name": "' + b"a" * size).status_code == 413
    assert script.ask("element", None, raw=b"[" * 60_000).status_code == 400
    assert script.ask("save", None, raw=b"\xff\x00").status_code == 400


def test_tickets_do_not_pile_up():
    script = Labelling()

    for _ in range(tickets.MOST_OF_A_PERSON + 3):
        script.ticket()

    assert LabelTicket.objects.count() == tickets.MOST_OF_A_PERSON


@pytest.mark.parametrize(
    ("typed", "origin"),
    [
        ("shop.example", "https://shop.example"),
        (" HTTPS://Shop.Example:443/a?b#c ", "https://shop.example"),
        ("http://localhost:8080/", "http://localhost:8080"),
        ("https://café.example/", "https://xn--caf-dma.example"),
        ("http://[::1]:90/x", "http://[::1]:90"),
    ],
)
def test_origins_as_browsers_send_them(typed, origin):
    assert origin_of(typed) == origin


@pytest.mark.parametrize(
    "typed",
    ["", "javascript://x", "data:text/html,x", "https://a@b.example", "https://", "https://a b", "https://a.example:x",
     "https://a\\b.example", "https://*.example", "file:///etc", "https://a.example\n", "https://" + "a" * 3000],
)  # fmt: skip
def test_what_is_no_address(typed):
    if typed.endswith("\n"):
        assert origin_of(typed) == "https://a.example"
        return
    with pytest.raises(BadAddress):
        origin_of(typed)


def test_the_console_opens_confirmed_sites_alone():
    script = Labelling()
    url = f"/env/{script.environment.app_id}/label/open/"

    good = script.client.post(url, {"address": f"{ORIGIN}/app#/cart"})
    bad = script.client.post(url, {"address": f"{EVIL}/"})

    page = good.content.decode()
    assert f'content="0; url={ORIGIN}/app#/cart?heapadmin-label=' in page
    assert (good["Referrer-Policy"], bad.status_code) == ("no-referrer", 422)
    assert LabelTicket.objects.count() == 1
    ticket = page.split("heapadmin-label=")[1][:43]
    assert script.open(ticket).status_code == 200
