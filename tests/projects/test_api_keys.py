"""API keys: shown once, kept as a digest, revoked for good; what opens and what does not."""

import re
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Activity
from projects import actions, api_keys
from projects.models import ApiKey
from projects.tables import scope_of
from support.exports.pieces import pieces
from tests.counting import queries_of
from tests.factories import ApiKeyFactory, EnvironmentFactory, MembershipFactory

pytestmark = pytest.mark.django_db
SECRET = re.compile(r"hak_[\w-]{51}")


@pytest.fixture
def environment():
    return EnvironmentFactory()


@pytest.fixture
def project(environment):
    return environment.project


@pytest.fixture
def ada(client, project):
    user = MembershipFactory(account=project.account).user
    client.force_login(user)
    return user


def get_list(client, project) -> str:
    return client.get(reverse("projects:api_key_list", args=[project.pk])).content.decode()


def create(client, project, name="Nightly"):
    return client.post(reverse("projects:api_key_create", args=[project.pk]), {"name": name})


def revoke(client, key):
    return client.post(reverse("projects:api_key_revoke", args=[key.project_id, key.pk]))


def test_the_secret_is_shown_once_with_a_line_that_fetches_a_token(client, ada, project, environment):
    response = create(client, project)

    page = response.content.decode()
    [secret] = set(SECRET.findall(page))
    assert f"/api/public/v0/auth_token -u &#x27;{environment.app_id}:{secret}&#x27;" in page
    assert "no-store" in response["cache-control"]
    assert not SECRET.search(get_list(client, project))


def test_no_column_holds_the_secret(client, ada, project):
    [secret] = set(SECRET.findall(create(client, project).content.decode()))

    key = ApiKey.objects.get()
    assert key.digest == api_keys.digest(secret)
    assert not [name for name, value in vars(key).items() if secret in str(value)]
    assert secret not in str(list(Activity.objects.values()))
    assert key.ending == secret[-4:]


def test_secrets_are_long_and_far_apart(ada, project):
    made = {actions.create_api_key(project=project, name=str(n), by=ada)[1] for n in range(50)}

    assert len(made) == 50
    assert all(len(secret) == len("hak_") + 43 + 8 for secret in made)  # 256 bits, a checksum


def test_the_list_says_how_to_recognise_a_key_and_never_its_digest(client, ada, project):
    key = ApiKeyFactory(project=project, name="Nightly", created_by=ada, last_used_at=timezone.now())

    page = get_list(client, project)

    assert "Nightly" in page and f"…{key.ending}" in page and str(ada) in page
    assert "in force" in page
    assert key.digest not in page


def test_an_empty_list_offers_the_first_step(client, ada, project):
    page = get_list(client, project)

    assert "No API key yet" in page
    assert reverse("projects:api_key_create", args=[project.pk]) in page


def test_a_read_only_teammate_sees_the_list_without_buttons(client, project):
    key = ApiKeyFactory(project=project)
    client.force_login(MembershipFactory(account=project.account, read_only=True).user)

    page = get_list(client, project)

    assert f"…{key.ending}" in page and "You can look but not change" in page
    assert "Create API Key" not in page and "Revoke" not in page


def test_the_list_runs_as_many_queries_for_twenty_keys_as_for_one(client, ada, project):
    url = reverse("projects:api_key_list", args=[project.pk])
    ApiKeyFactory(project=project, created_by=ada)
    client.get(url)  # the first look notes who was seen
    for_one = queries_of(client, url)
    for _ in range(19):
        ApiKeyFactory(project=project, created_by=ada)

    assert queries_of(client, url) == for_one


def test_a_long_list_has_pages(client, ada, project):
    for number in range(26):
        ApiKeyFactory(project=project, name=f"Key number {number:02}")

    assert "1 to 25 of 26" in get_list(client, project)


@pytest.mark.parametrize("name", ["", "nightly"])
def test_a_name_that_is_missing_or_taken_is_told_at_the_field(client, ada, project, name):
    ApiKeyFactory(project=project, name="Nightly")

    response = create(client, project, name)

    assert "errorlist" in response.content.decode()
    assert ApiKey.objects.count() == 1


def test_revoking_asks_first_and_keeps_the_key(client, ada, project):
    key = ApiKeyFactory(project=project)
    client.get(reverse("projects:api_key_revoke", args=[project.pk, key.pk]))
    assert ApiKey.objects.in_force().exists()

    revoke(client, key)

    key.refresh_from_db()
    assert (key.revoked_at is not None, key.revoked_by) == (True, ada)
    assert "revoked" in get_list(client, project)


def test_a_revoked_key_is_not_revoked_again(client, ada, project):
    key = ApiKeyFactory(project=project)
    revoke(client, key)
    first = ApiKey.objects.get().revoked_at

    assert revoke(client, key).status_code == 404
    actions.revoke_api_key(key=key, by=ada)

    assert ApiKey.objects.get().revoked_at == first
    assert Activity.objects.filter(verb="api_key.revoke").count() == 1


def test_a_key_of_another_project_is_not_revoked_through_this_one(client, ada, project):
    key = ApiKeyFactory(project=EnvironmentFactory(project__account=project.account).project)

    response = client.post(reverse("projects:api_key_revoke", args=[project.pk, key.pk]))

    assert response.status_code == 404
    assert ApiKey.objects.in_force().exists()


def test_the_pages_of_projects_lead_there(client, ada, project):
    url = reverse("projects:api_key_list", args=[project.pk])

    assert url in client.get(reverse("projects:project_list", args=[project.account_id])).content.decode()
    assert url in client.get(reverse("projects:project_edit", args=[project.pk])).content.decode()


# --- What a key opens ---------------------------------------------------------------------------------------------


@pytest.fixture
def opened(environment):
    """A key, its secret and an app_id that it goes with; change something, and see that it opens no more."""
    key = ApiKeyFactory(project=environment.project, secret="hak_a-secret")
    return {"app_id": environment.app_id, "secret": "hak_a-secret"}, key


def test_a_key_opens_with_any_environment_of_its_project(opened, project):
    names, key = opened
    staging = EnvironmentFactory(project=project, name="Staging", is_production=False)

    assert api_keys.find(**names) == key
    assert api_keys.find(**names | {"app_id": staging.app_id}) == key


@pytest.mark.parametrize("secret", ["", "hak_another", "hak_a-secre", "HAK_A-SECRET", "hak_a-secret "])
def test_another_secret_opens_nothing(opened, secret):
    assert api_keys.find(**opened[0] | {"secret": secret}) is None


def test_the_digest_opens_nothing(opened):
    assert api_keys.find(**opened[0] | {"secret": opened[1].digest}) is None


def test_an_environment_of_another_project_opens_nothing_with_it(opened, project):
    elsewhere = EnvironmentFactory(project__account=project.account)

    assert api_keys.find(**opened[0] | {"app_id": elsewhere.app_id}) is None


def close_account(key):
    key.project.account.closed_at = timezone.now()
    key.project.account.save()


def delete_project(key):
    key.project.deleting_at = timezone.now()
    key.project.save()


def delete_environment(key):
    key.project.environments.update(deleting_at=timezone.now())


def revoke_it(key):
    ApiKey.objects.update(revoked_at=timezone.now())


@pytest.mark.parametrize("close", [close_account, delete_project, delete_environment, revoke_it])
def test_what_is_closed_does_not_open(opened, close):
    close(opened[1])

    assert api_keys.find(**opened[0]) is None
    assert ApiKey.objects.get().last_used_at is None


@pytest.mark.parametrize("close", [close_account, delete_project, revoke_it])
def test_what_is_closed_is_not_found_by_its_id(opened, close):
    assert api_keys.by_id(opened[1].pk) == opened[1]

    close(opened[1])

    assert api_keys.by_id(opened[1].pk) is None


def test_whatever_is_wrong_one_question_is_asked(opened):
    for wrong in ({"secret": "x"}, {"app_id": "x"}, {"app_id": "x", "secret": "x"}):
        with CaptureQueriesContext(connection) as captured:
            api_keys.find(**opened[0] | wrong)
        assert len(captured) == 1


def test_the_last_use_is_noted_once_a_minute(opened):
    names, key = opened
    api_keys.find(**names)
    first = ApiKey.objects.get().last_used_at
    api_keys.find(**names)
    assert ApiKey.objects.get().last_used_at == first
    ApiKey.objects.update(last_used_at=timezone.now() - timedelta(minutes=2))

    api_keys.by_id(key.pk)

    assert ApiKey.objects.get().last_used_at > first


# --- Where keys do not go -----------------------------------------------------------------------------------------


def test_an_added_environment_brings_no_key(opened, project, environment, ada):
    actions.add_environment(project=project, name="Copy", source=environment, by=ada)

    assert list(ApiKey.objects.all()) == [opened[1]]


def test_an_export_of_the_account_holds_no_digest(opened, project):
    piece = next(each for each in pieces(scope_of(project.account_id)) if each.table == "projects_apikey")

    [(row, *_)] = piece.page(None, 10)

    assert "ending" in row
    assert "digest" not in row and opened[1].digest not in row
