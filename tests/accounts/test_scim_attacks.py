"""SCIM asked by others than the account's directory, for what is not the account's, in odd ways, and at once."""

import json
from urllib.parse import urlencode

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import Activity, Membership, User
from accounts.scim import endpoint, people, token_actions, tokens
from accounts.scim.endpoint import Buckets
from accounts.scim.models import ScimPerson, ScimToken
from support.closing import actions as closing
from tests.accounts.scim import CORE, PATCH, Directory
from tests.accounts.sso import prove
from tests.factories import MembershipFactory, UserFactory
from tests.together import both_at_once

ADA = "ada@works.example"
OFF = {"op": "replace", "path": "active", "value": False}


def make_account(domain):
    account = MembershipFactory().account
    prove(account, domain)
    return account


@pytest.fixture
def account(db):
    return make_account("works.example")


@pytest.fixture
def directory(account):
    return Directory(account)


def test_another_accounts_directory_finds_and_changes_nobody(account, directory):
    ada = directory.add(ADA, externalId="7")
    other = Directory(make_account("other.example"))

    answers = [
        other.ask("get", f"Users/{ada['id']}"),
        other.ask("put", f"Users/{ada['id']}", {**ada, "active": False}),
        other.patch(ada, OFF),
        other.ask("delete", f"Users/{ada['id']}"),
    ]

    assert [status for status, _ in answers] == [404] * 4
    for query in (f'filter=userName eq "{ADA}"', 'filter=externalId eq "7"', f'filter=id eq "{ada["id"]}"', ""):
        assert other.found(query) == []
    assert directory.ask("get", f"Users/{ada['id']}")[1]["active"] is True


def test_only_people_of_proven_domains_join(account, directory):
    Directory(make_account("other.example"))
    account.sso_domains.create(domain="unproven.example", nonce="n", digest="d")
    ada = directory.add(ADA)

    for email in ("eve@other.example", "eve@sub.works.example", "eve@unproven.example", "eve@worksXexample.example"):
        assert directory.ask("post", "Users", {"schemas": [CORE], "userName": email})[0] == 403
        assert directory.patch(ada, {"op": "replace", "path": 'emails[type eq "work"].value', "value": email})[0] == 403
    account.sso_domains.filter(domain="works.example").update(proven_at=None)
    assert directory.patch(ada, OFF)[0] == 200  # leaving is always possible
    assert directory.patch(ada, OFF | {"value": True})[0] == 403
    assert account.memberships.count() == 1


@pytest.mark.parametrize(
    "asked",
    [
        'userName eq "*"', 'userName eq "%"', 'userName eq "_da@works.example"', "userName eq \"x' or 1=1 --\"",
        r'userName eq "x\" or userName pr"', 'emails.value eq ""', 'id eq "%"',
    ],
)  # fmt: skip
def test_a_filter_matches_whole_values_only(directory, asked):
    directory.add(ADA)

    assert directory.found(urlencode({"filter": asked})) == []


@pytest.mark.parametrize(
    "asked",
    [
        'userName sw "a"', "userName pr", 'userName eq "a" or userName eq "b"', 'password eq "a"', "active eq true", "",
        "userName eq", "((((((((", 'userName eq "' + "a" * 500 + '"', "not (" * 70 + "userName pr" + ")" * 70,
        'userName eq "\\u0000"', 'emails[value sw "a"].value eq "b"', "userName eq \"\0\"",
    ],
    ids=range(13),
)  # fmt: skip
def test_other_filters_are_refused_in_words(directory, asked):
    status, error = directory.ask("get", "Users?" + urlencode({"filter": asked}))

    assert (status, error["scimType"]) == (400, "invalidFilter")


def test_odd_bodies_are_refused_in_words(directory):
    ada = directory.add(ADA)
    deep: object = "x"
    for _ in range(20):
        deep = {"value": deep}
    user = {"schemas": [CORE], "userName": "eve@works.example"}
    odd = {
        "large": (b'{"userName": "' + b"a" * (10 * 2**20 - 100) + b'"}', 413),
        "64 KiB": (b" " * (endpoint.MAX_BYTES + 1), 413),
        "none": (b"", 400),
        "no JSON": (b'{"userName": NaN}', 400),
        "half a pair": (b'{"schemas": ["' + CORE.encode() + b'"], "userName": "\\ud800@works.example"}', 400),
        "brackets": (b"[" * 60_000, 400),
        "a list": ([user], 400),
        "deep": (user | {"name": deep}, 400),
        "no schemas": ({"userName": "eve@works.example"}, 400),
        "another schema": (user | {"schemas": [PATCH]}, 400),
        "schemas no list": (user | {"schemas": 7}, 400),
        "NUL": (user | {"displayName": "a\0b"}, 400),
        "NUL in the address": (user | {"userName": "eve\0@works.example"}, 400),
        "no address": (user | {"userName": "eve"}, 400),
        "invisible": (user | {"userName": "e\u202eve@works.example"}, 400),
        "long": (user | {"externalId": "a" * 255}, 400),
        "empty": (user | {"userName": " "}, 400),
        "a number": (user | {"userName": 7}, 400),
        "active": (user | {"active": "perhaps"}, 400),
    }

    told = {name: directory.ask("post", "Users", body)[0] for name, (body, _) in odd.items()}

    assert told == {name: status for name, (_, status) in odd.items()}
    patches = {
        "path": {"op": "replace", "path": "(" * 200, "value": 1},
        "long path": {"op": "replace", "path": "(" * 60_000, "value": 1},
        "long key": {"op": "replace", "value": {"(" * 60_000: 1}},
        "no op": {"path": "active", "value": True},
        "another op": {"op": "move", "path": "active", "value": True},
        "the id": {"op": "replace", "path": "id", "value": "7"},
        "no userName": {"op": "remove", "path": "userName"},
        "empty": {"op": "replace", "path": "userName", "value": ""},
        "all of it": {"op": "remove"},
    }
    assert {name: directory.patch(ada, each)[0] for name, each in patches.items()} == dict.fromkeys(patches, 400)
    assert directory.patch(ada, *[OFF] * 500)[0] == 400
    assert directory.ask("get", "Users/7")[0] == directory.ask("get", "Users/%00")[0] == 404
    assert directory.ask("get", "Users?startIndex=1e9")[0] == directory.ask("get", "Users?count=" + "9" * 30)[0] == 400
    assert directory.ask("get", "Users?startIndex=999999999")[1]["Resources"] == []
    assert User.objects.filter(email__endswith="@works.example").count() == 1


def test_names_cannot_turn_the_text_around(directory, account):
    directory.add(ADA, displayName="Ada\u202e ecalevoL\n  x")

    assert account.memberships.get(user__email=ADA).user.name == "Ada ecalevoL x"


def test_a_user_name_or_address_that_another_has_is_told(directory):
    directory.add(ADA)
    bob = directory.add("bob@works.example")

    again = [
        directory.ask("post", "Users", {"schemas": [CORE], "userName": ADA.upper()}),
        directory.ask("post", "Users", {"schemas": [CORE], "userName": "ada", "emails": [{"value": ADA}]}),
        directory.patch(bob, {"op": "replace", "path": "userName", "value": ADA}),
        directory.patch(bob, {"op": "replace", "path": "emails", "value": [{"value": ADA}]}),
    ]

    assert [(status, error["scimType"]) for status, error in again] == [(409, "uniqueness")] * 4


def test_tokens_that_are_not_in_force_open_nothing(account, directory):
    person = account.memberships.get().user
    directory.add(ADA)
    key = {"secret": "hak_" + directory.secret[4:]}
    wrong = [tokens.new_secret(), directory.secret[:-1] + "x", key["secret"], "", "hps_", "hps_é" * 20]

    assert [Directory(secret=each or " ").ask("get", "Users")[0] for each in wrong] == [401] * 6
    token_actions.revoke_token(token=directory.token, by=person)
    assert directory.ask("get", "Users")[0] == 401
    assert "Bearer" in directory.headers["WWW-Authenticate"]
    asked = [directory.ask("get", "Users")[0] for _ in range(25)]
    assert (asked[:23], asked[23:]) == ([401] * 23, [429] * 2)  # thirty a minute
    assert Directory(account).ask("get", "Users")[0] == 200  # from the same address
    with pytest.raises(people.TokenOver):  # it was in force when the request began
        people.remove(number=ScimPerson.objects.get().pk, check=lambda _: None, by=directory.token)


def test_a_closed_account_is_not_served_and_an_open_one_is_again(account, directory):
    directory.add(ADA)
    closed = closing.close(account=account, grace_days=7, asked_by="Ada", by=None)

    assert directory.ask("get", "Users")[0] == 401
    closing.reopen(closing=closed, by=None)
    assert len(directory.found("")) == 1


def test_a_token_asks_so_often_and_no_oftener(directory, monkeypatch):
    monkeypatch.setattr(endpoint, "buckets", Buckets(0.01, burst_seconds=150))

    assert [directory.ask("get", "Groups")[0] for _ in range(4)] == [200, 200, 429, 429]
    assert int(directory.headers["Retry-After"]) > 0


def test_the_last_use_is_written_once_a_minute(directory, django_assert_num_queries):
    directory.ask("get", "Groups")
    first = ScimToken.objects.get().last_used_at

    with django_assert_num_queries(1):
        directory.ask("get", "Groups")

    assert first is not None and ScimToken.objects.get().last_used_at == first


def test_invitations_are_limited(directory, settings):
    settings.INVITATIONS_PER_HOUR = 0
    UserFactory(email=ADA)

    assert directory.ask("post", "Users", {"schemas": [CORE], "userName": ADA})[0] == 429
    assert not ScimPerson.objects.exists()


def test_two_tokens_are_the_most_and_the_secret_is_seen_once(account):
    client = Client()
    client.force_login(account.memberships.get().user)
    create, listed = (reverse(f"accounts:{name}", args=[account.pk]) for name in ("scim_token_create", "scim"))

    page = client.post(create, {"name": "Okta", "read_only": "False"}).content.decode()
    token = ScimToken.objects.get()

    secret = next(part for part in page.replace("<", " ").replace(">", " ").split() if part.startswith(tokens.PREFIX))
    assert tokens.find(secret) == token and token.read_only is False
    assert secret not in client.get(listed).content.decode() + json.dumps(list(Activity.objects.values("details")))
    assert client.post(create, {"name": "OKTA", "read_only": "True"}).status_code == 422
    assert client.post(create, {"name": "Entra", "read_only": "True"}).status_code == 200
    assert client.post(create, {"name": "Third", "read_only": "True"}).status_code == 422
    assert ScimToken.objects.count() == 2


def test_names_of_members_keep_who_is_meant_when_addresses_wander(account, directory):
    """Somebody takes the address of a person who was told of, and joins by an invitation: no clash, and no error."""
    ada = directory.add(ADA)
    bob = directory.add("bob@works.example", active=False)
    user = account.memberships.get(user__email=ADA).user
    directory.patch(ada, OFF)
    User.objects.filter(pk=user.pk).update(email="bob@works.example")

    Membership.objects.create(account=account, user=User.objects.get(pk=user.pk))

    assert directory.ask("get", f"Users/{ada['id']}")[1]["active"] is True
    assert directory.ask("get", f"Users/{bob['id']}")[1]["active"] is False
    assert directory.patch(bob, OFF | {"value": True})[0] == 409


@pytest.mark.django_db(transaction=True)
def test_three_at_once_let_one_person_in_once():
    account, answers = make_account("works.example"), []
    new = {"schemas": [CORE], "userName": ADA}
    directories = [Directory(account) for _ in range(3)]

    failed = both_at_once(
        *(lambda each=each: answers.append(each.ask("post", "Users", new)[0]) for each in directories)
    )

    assert (failed, sorted(answers)) == ([None] * 3, [201, 409, 409])
    assert User.objects.filter(email=ADA).count() == 1 and account.memberships.count() == 2
