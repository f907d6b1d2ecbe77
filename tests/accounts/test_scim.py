"""Joining and leaving by SCIM, as Entra ID and Okta ask for it. test_scim_attacks.py has what is refused."""

import pytest
from allauth.mfa.models import Authenticator
from allauth.usersessions.models import UserSession
from django.core import mail
from django.test import Client
from django.urls import reverse
from scim2_models import Context, ResourceType, Schema, ServiceProviderConfig

from accounts.actions import invitations
from accounts.models import Activity, Invitation, Membership, User
from accounts.scim.models import ScimPerson
from accounts.sso.actions import people as sso_people
from accounts.sso.models import WayBack
from accounts.sso.person import SignInRefused, SsoPerson
from tests.accounts.scim import CORE, ENTERPRISE, Directory
from tests.accounts.sso import make_provider, prove
from tests.factories import AccountFactory, ApiKeyFactory, MembershipFactory, ProjectFactory, UserFactory

pytestmark = pytest.mark.django_db
ADA = "ada@works.example"


@pytest.fixture
def account():
    account = MembershipFactory().account
    prove(account, "works.example")
    return account


@pytest.fixture
def directory(account):
    return Directory(account, name="Okta")


def member(account, email=ADA):
    return account.memberships.filter(user__email=email).first()


def told(account):
    """(who, verb, what) of the newest row in the activity."""
    row = Activity.objects.filter(account=account).latest("id")
    return row.by_name, row.verb, row.target


def test_entra_id_lets_a_person_in_changes_them_and_puts_them_out(account, directory):
    assert directory.found(f'filter=userName eq "{ADA}"') == []
    status, ada = directory.ask(
        "post",
        "Users",
        {
            "schemas": [CORE, ENTERPRISE],
            "externalId": "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef",
            "userName": "Ada@Works.example",
            "active": True,
            "emails": [{"primary": True, "type": "work", "value": "Ada@works.example"}],
            "meta": {"resourceType": "User"},
            "name": {"formatted": "Ada Lovelace", "familyName": "Lovelace", "givenName": "Ada"},
            "roles": [],
            ENTERPRISE: {"department": "Engines"},
        },
    )

    assert (status, ada["active"], ada["emails"][0]["value"]) == (201, True, ADA)
    assert (member(account).read_only, member(account).user.name) == (True, "Ada Lovelace")
    assert told(account) == ("SCIM token Okta", "teammate.join", ADA)
    assert directory.found('filter=externalId eq "0a21f0f2-8d2a-4f8e-bf98-7363c4aed4ef"') == [ada]
    assert directory.found(f'filter=emails[type eq "work"].value eq "{ADA}"') == [ada]

    status, changed = directory.patch(
        ada,
        {"op": "Replace", "path": "name.givenName", "value": "Augusta"},
        {"op": "Add", "path": f"{ENTERPRISE}:department", "value": "Letters"},
        {"op": "Replace", "path": "userName", "value": "augusta@works.example"},
        {"op": "Replace", "path": 'emails[type eq "work"].value', "value": "augusta@works.example"},
    )
    assert (status, changed["name"]["givenName"], changed["userName"]) == (200, "Augusta", "augusta@works.example")
    assert User.objects.get(name="Ada Lovelace").email == ADA  # the login is its owner's

    status, left = directory.patch(ada, {"op": "Replace", "path": "active", "value": "False"})
    assert (status, left["active"], member(account)) == (200, False, None)
    assert told(account) == ("SCIM token Okta", "teammate.remove", ADA)
    assert directory.patch(ada, {"op": "Replace", "path": "active", "value": "True"})[1]["active"]
    assert told(account) == ("SCIM token Okta", "teammate.rejoin", ADA)

    assert directory.ask("delete", f"Users/{ada['id']}") == (204, {})
    assert directory.ask("get", f"Users/{ada['id']}")[0] == 404
    assert not User.objects.filter(email=ADA).exists()  # nobody had ever used it


def test_okta_lets_a_person_in_changes_them_and_puts_them_out(account, directory):
    assert directory.found(f'filter=userName eq "{ADA}"&startIndex=1&count=100') == []
    ada = directory.add(
        ADA,
        name={"givenName": "Ada", "familyName": "Lovelace"},
        emails=[{"primary": True, "value": ADA, "type": "work"}],
        displayName="Ada Lovelace",
        locale="en-US",
        externalId="00ujl29u0le5T6Aj10h7",
        groups=[],
        password="1mz050nq",
    )
    assert "password" not in ada and not member(account).user.has_usable_password()
    assert directory.ask("get", f"Users/{ada['id']}") == (200, ada)

    put = {**ada, "name": {"givenName": "Augusta", "familyName": "King"}, "displayName": "Augusta King"}
    status, changed = directory.ask("put", f"Users/{ada['id']}", put)
    assert (status, changed["displayName"], changed["active"]) == (200, "Augusta King", True)

    assert directory.patch(ada, {"op": "replace", "value": {"active": False}})[1]["active"] is False
    assert member(account) is None
    assert directory.ask("put", f"Users/{ada['id']}", put | {"active": True})[1]["active"] is True
    assert member(account) is not None


def test_pages_of_a_list_and_what_is_shown_of_each(account, directory, django_assert_num_queries):
    for number in range(3):
        directory.add(f"person{number}@works.example")

    with django_assert_num_queries(3):  # the token, the page, their number
        status, page = directory.ask("get", "Users?startIndex=2&count=2&attributes=userName")

    assert (status, page["totalResults"], page["startIndex"], page["itemsPerPage"]) == (200, 3, 2, 2)
    assert [each["userName"] for each in page["Resources"]] == ["person1@works.example", "person2@works.example"]
    assert all(each.keys() == {"schemas", "id", "userName"} for each in page["Resources"])
    assert directory.ask("get", "Users?count=0")[1]["totalResults"] == 3
    assert directory.ask("get", "Users?startIndex=-5&count=-1")[1]["Resources"] == []


def test_what_the_service_can_do(account, directory):
    status, config = directory.ask("get", "ServiceProviderConfig")
    read = ServiceProviderConfig.model_validate(config, scim_ctx=Context.RESOURCE_QUERY_RESPONSE)
    assert (status, read.patch.supported, read.bulk.supported) == (200, True, False)
    assert ResourceType.model_validate(directory.ask("get", "ResourceTypes/User")[1]).endpoint == "/Users"
    schema = Schema.model_validate(directory.ask("get", "Schemas")[1]["Resources"][0])
    assert {each.name for each in schema.attributes} == {"userName", "name", "displayName", "active", "emails"}
    assert directory.ask("get", f"Schemas/{CORE}")[0] == 200
    assert directory.ask("get", "Groups")[1]["totalResults"] == 0
    asked = {path: directory.ask("post", path, {})[0] for path in ("Groups", "Bulk", "Groups/7", "Nonsense")}
    assert asked == {"Groups": 501, "Bulk": 501, "Groups/7": 501, "Nonsense": 404}


def test_a_version_that_is_over_changes_nothing(account, directory):
    ada = directory.add(ADA)
    version = ada["meta"]["version"]
    off = {"op": "replace", "path": "active", "value": False}

    assert directory.ask("get", f"Users/{ada['id']}", **{"if-none-match": version})[0] == 304
    assert directory.patch(ada, off, **{"if-match": 'W/"1"'})[0] == 412
    assert directory.patch(ada, off, **{"if-match": version})[0] == 200
    assert directory.ask("delete", f"Users/{ada['id']}", **{"if-match": version})[0] == 412


def test_somebody_with_a_login_is_invited_and_their_login_is_left_alone(
    account, directory, django_capture_on_commit_callbacks
):
    elsewhere = MembershipFactory(user=UserFactory(email=ADA, name="Ada"))

    ada = directory.add(ADA, displayName="Somebody else")

    assert ada["active"] and member(account) is None
    assert told(account) == ("SCIM token Okta", "invitation.create", ADA)
    accepted = invitations.accept(invitation=Invitation.objects.get(), user=elsewhere.user)
    assert accepted.read_only
    User.objects.filter(pk=elsewhere.user_id).update(email="ada@home.example")  # they are the same person all the same
    directory.patch(ada, {"op": "replace", "path": "active", "value": False})
    elsewhere.user.refresh_from_db()
    assert (elsewhere.user.is_active, elsewhere.user.name) == (True, "Ada")
    assert [place.account_id for place in elsewhere.user.memberships.all()] == [elsewhere.account_id]


def test_an_invitation_is_taken_back_when_the_person_leaves_before(account, directory):
    UserFactory(email=ADA)
    ada = directory.add(ADA)

    assert directory.patch(ada, {"op": "replace", "path": "active", "value": False})[1]["active"] is False

    assert not Invitation.objects.open().exists()
    assert directory.patch(ada, {"op": "replace", "path": "active", "value": True})[1]["active"] is True
    assert Invitation.objects.open().count() == 1


def test_whoever_left_by_themselves_is_asked_again(account, directory):
    ada = directory.add(ADA)
    member(account).delete()

    assert directory.ask("get", f"Users/{ada['id']}")[1]["active"] is False
    directory.patch(ada, {"op": "replace", "path": "active", "value": True})

    assert member(account) is None and Invitation.objects.open().get().email == ADA


def test_a_teammate_is_taken_over_and_comes_back_with_the_same_access(account, directory):
    MembershipFactory(account=account, user=UserFactory(email=ADA))

    ada = directory.add(ADA)
    assert told(account) == ("SCIM token Okta", "scim.adopt", ADA)
    directory.patch(ada, {"op": "replace", "path": "active", "value": False})
    directory.patch(ada, {"op": "replace", "path": "active", "value": True})

    assert member(account).read_only is False


def test_leaving_ends_sessions_and_keys_at_once(account, directory):
    person = User.objects.create_user(ADA, "correct horse battery")
    MembershipFactory(account=account, user=person)
    key = ApiKeyFactory(project=ProjectFactory(account=account), created_by=person)
    others = ApiKeyFactory(project=key.project)
    browser = Client()
    browser.post(reverse("account_login"), {"login": ADA, "password": "correct horse battery"})
    page = reverse("accounts:teammate_list", args=[account.pk])
    assert browser.get(page).status_code == 200 and UserSession.objects.filter(user=person).exists()
    ada = directory.add(ADA)

    directory.patch(ada, {"op": "replace", "path": "active", "value": False})

    assert browser.get(page).status_code == 302 and not UserSession.objects.filter(user=person).exists()
    key.refresh_from_db(), others.refresh_from_db()
    assert key.revoked_at is not None and others.revoked_at is None


@pytest.mark.parametrize("how", ["patch", "delete"])
def test_the_last_one_with_full_access_and_ways_back_stay(account, directory, how):
    last = account.memberships.get()
    User.objects.filter(pk=last.user_id).update(email=ADA)
    ada = directory.add(ADA)
    off = {"op": "replace", "path": "active", "value": False}
    put_out = {
        "patch": lambda: directory.patch(ada, off),
        "delete": lambda: directory.ask("delete", f"Users/{ada['id']}"),
    }

    status, error = put_out[how]()
    assert (status, "full access" in error["detail"]) == (409, True)
    assert told(account) == ("SCIM token Okta", "scim.stay", ADA)
    MembershipFactory(account=account)
    WayBack.objects.create(membership=last)
    status, error = put_out[how]()
    assert (status, "way back" in error["detail"]) == (409, True)
    assert member(account) == last


def test_who_was_let_in_by_scim_comes_by_single_sign_on(account, directory):
    directory.add(ADA)
    provider = make_provider(account, "https://id.example")
    person = SsoPerson(issuer="https://id.example", subject="7", email=ADA, email_verified=True, name="Ada")

    identity = sso_people.join(provider=provider, person=person)

    assert identity.user == member(account).user


def test_a_login_that_others_could_use_is_not_given_to_the_first_who_comes_by_single_sign_on(account, directory):
    directory.add(ADA)
    user = member(account).user
    Authenticator.objects.create(user=user, type=Authenticator.Type.TOTP, data={})
    person = SsoPerson(issuer="https://id.example", subject="7", email=ADA, email_verified=True, name="Ada")

    with pytest.raises(SignInRefused, match="already"):
        sso_people.join(provider=make_provider(account, "https://id.example"), person=person)


def test_who_was_let_in_can_choose_a_password(account, directory):
    directory.add(ADA)

    Client().post(reverse("account_reset_password"), {"email": ADA})

    from procrastinate.contrib.django.models import ProcrastinateJob  # noqa: PLC0415  # only here

    assert ProcrastinateJob.objects.filter(task_name="accounts.send_password_reset", args__to=ADA).exists()
    assert mail.outbox == []


def test_told_without_being_active_lets_nobody_in(account, directory):
    ada = directory.add(ADA, active=False)

    assert (ada["active"], User.objects.filter(email=ADA).exists()) == (False, False)
    assert ScimPerson.objects.get().made_login is False
    assert Membership.objects.filter(account=account).count() == 1
    assert AccountFactory().scim_people.count() == 0
