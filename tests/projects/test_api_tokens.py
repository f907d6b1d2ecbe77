"""API tokens: shown once, kept as a digest, ended by revoking and by whatever ends their maker's access."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Activity
from projects.api_tokens import actions, tokens
from projects.models import ApiToken, TokenScope
from projects.tables import scope_of
from support.exports.pieces import pieces
from tests.counting import queries_of
from tests.factories import ApiTokenFactory, EnvironmentFactory, MembershipFactory, ProjectFactory

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"hpa_[\w-]{51}")


@pytest.fixture
def project():
    return EnvironmentFactory().project


@pytest.fixture
def ada(client, project):
    """A read-only teammate, whose browser `client` is."""
    membership = MembershipFactory(account=project.account, read_only=True)
    client.force_login(membership.user)
    return membership


def url(what, *ids):
    return reverse(f"projects:api_token_{what}", args=ids)


def create(client, project, name="Weekly", scopes=("queries",)):
    return client.post(url("create", project.pk), {"name": name, "scopes": scopes}).content.decode()


def listed(client, project):
    return client.get(url("list", project.pk)).content.decode()


def test_the_secret_is_shown_once_and_no_column_holds_it(client, ada, project):
    [secret] = set(SECRET.findall(create(client, project)))

    token = tokens.find(secret)
    assert (token.membership, token.created_by, token.scopes) == (ada, ada.user, ["queries"])
    assert not [name for name, value in vars(token).items() if secret in str(value)]
    assert not SECRET.search(listed(client, project) + str(list(Activity.objects.values())))
    assert token.ending == secret[-4:] and f"…{token.ending}" in listed(client, project)


def test_the_page_with_the_secret_is_kept_nowhere(client, ada, project):
    response = client.post(url("create", project.pk), {"name": "Weekly", "scopes": ["queries"]})

    assert "no-store" in response["cache-control"]


def test_a_secret_has_256_random_bits_and_a_checksum():
    made = {tokens.new_secret() for _ in range(50)}

    assert len(made) == 50 and all(SECRET.fullmatch(each) and tokens.is_well_formed(each) for each in made)
    for wrong in (made.pop()[:-1] + "g", "hpa_", "", "hak_" + made.pop()[4:], made.pop().upper(), "é" * 55, "0" * 55):
        with CaptureQueriesContext(connection) as captured:
            assert tokens.find(wrong) is None
        assert len(captured) == 0  # what is mistyped is not looked up


@pytest.mark.parametrize("sent", [{"name": ""}, {"name": "weekly"}, {"scopes": []}, {"scopes": ["everything"]}])
def test_what_is_wrong_is_told_at_the_field(client, ada, project, sent):
    ApiTokenFactory(project=project, name="Weekly")

    response = client.post(url("create", project.pk), {"name": "Other", "scopes": ["queries"]} | sent)

    assert "errorlist" in response.content.decode() and ApiToken.objects.count() == 1


def test_a_person_has_a_bound_of_their_own_that_nobody_else_uses_up(client, ada, project, monkeypatch):
    monkeypatch.setattr(actions, "MOST_OF_ONE", 2)
    elsewhere = ProjectFactory(account=project.account)
    for _ in range(2):
        ApiTokenFactory(project=project)
        ApiTokenFactory(project=elsewhere, membership=ada)

    assert SECRET.search(create(client, project, "First")) and SECRET.search(create(client, project, "Second"))
    assert "You have 2 API tokens in this project" in create(client, project, "Third")


def test_making_and_revoking_in_turn_comes_to_an_end_for_that_day(client, ada, project, monkeypatch):
    monkeypatch.setattr(actions, "MOST_OF_ONE", 1)
    for name in ("First", "Second"):
        create(client, project, name)
        actions.revoke_api_token(token=ApiToken.objects.get(name=name), by=ada.user)

    assert "Go on tomorrow" in create(client, project, "Third")
    ApiToken.objects.update(revoked_at=timezone.now() - actions.COUNTED_FOR)
    assert SECRET.search(create(client, project, "Third"))


def test_a_read_only_person_revokes_their_own_and_no_other(client, ada, project):
    own, other = ApiTokenFactory(project=project, membership=ada), ApiTokenFactory(project=project)

    page = listed(client, project)
    assert url("revoke", project.pk, own.pk) in page and url("revoke", project.pk, other.pk) not in page
    assert client.post(url("revoke", project.pk, own.pk)).status_code == 302
    assert client.post(url("revoke", project.pk, other.pk)).status_code == 403
    assert list(ApiToken.objects.in_force()) == [other]
    assert client.post(url("revoke", project.pk, own.pk)).status_code == 404
    assert Activity.objects.get(verb="api_token.revoke").details["for"] == own.scopes_in_short


def test_an_empty_list_offers_the_first_step(client, ada, project):
    page = listed(client, project)

    assert "No API token yet" in page and url("create", project.pk) in page


def test_the_list_takes_as_many_queries_for_twenty_as_for_one(client, ada, project):
    ApiTokenFactory(project=project)
    listed(client, project)  # the first look notes who was seen
    for_one = queries_of(client, url("list", project.pk))
    for _ in range(26):
        ApiTokenFactory(project=project)

    assert queries_of(client, url("list", project.pk)) == for_one
    assert "1 to 25 of 27" in listed(client, project)


# --- What ends a token ------------------------------------------------------------------------------------------------


@pytest.fixture
def opened(project):
    secret = tokens.new_secret()
    return ApiTokenFactory(project=project, secret=secret), secret


def leave(token):
    token.membership.delete()


def leave_and_come_back(token):
    user = token.membership.user
    token.membership.delete()
    MembershipFactory(account=token.project.account, user=user)


def switch_login_off(token):
    type(token.created_by).objects.filter(pk=token.created_by_id).update(is_active=False)


def close_account(token):
    type(token.project.account).objects.filter(pk=token.project.account_id).update(closed_at=timezone.now())


def delete_project(token):
    type(token.project).objects.filter(pk=token.project_id).update(deleting_at=timezone.now())


def belong_to_another_account(token):
    type(token.membership).objects.filter(pk=token.membership_id).update(account=EnvironmentFactory().project.account)


def revoke(token):
    actions.revoke_api_token(token=token, by=token.created_by)


@pytest.mark.parametrize(
    "end",
    [leave, leave_and_come_back, switch_login_off, close_account, delete_project, belong_to_another_account, revoke],
)
def test_it_ends_at_once(opened, end):
    token, secret = opened
    MembershipFactory(account=token.project.account)  # somebody with full access stays
    assert tokens.find(secret) == token

    end(token)

    assert tokens.find(secret) is None


def test_the_list_says_that_the_maker_has_left(client, ada, opened, project):
    MembershipFactory(account=project.account)  # somebody with full access stays
    leave(opened[0])

    assert "its maker has left" in listed(client, project)


def test_the_last_use_is_noted_once_a_minute(opened):
    _, secret = opened
    tokens.find(secret)
    first = ApiToken.objects.get().last_used_at
    with CaptureQueriesContext(connection) as captured:
        tokens.find(secret)
    assert len(captured) == 1 and first is not None
    ApiToken.objects.update(last_used_at=first - timedelta(minutes=2))

    tokens.find(secret)

    assert ApiToken.objects.get().last_used_at > first - timedelta(minutes=1)


def test_an_export_of_the_account_holds_no_digest(opened, project):
    piece = next(each for each in pieces(scope_of(project.account_id)) if each.table == "projects_apitoken")

    [(row, *_)] = piece.page(None, 10)

    assert "ending" in row and "digest" not in row and opened[0].digest not in row


def test_each_scope_has_words():
    assert all(each.label and each.label != each.value for each in TokenScope)
