"""Settings keep the environment one came from, error pages inside an environment keep its bar."""

import pytest
from django.urls import reverse

from accounts.models import User
from projects import actions
from tests.factories import EnvironmentFactory, MembershipFactory

pytestmark = pytest.mark.django_db
NOBODY = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def staging():
    production = EnvironmentFactory(project__name="Shop")
    return EnvironmentFactory(project=production.project, name="Staging", is_production=False)


@pytest.fixture
def account(staging):
    return staging.project.account


@pytest.fixture
def ada(client, account):
    user = MembershipFactory(account=account).user
    client.force_login(user)
    return user


@pytest.fixture
def in_staging(client, ada, staging):
    """A browser in which the environment was looked at."""
    client.get(reverse("projects:install", args=[staging.app_id]))
    return client


def pages_of(account):
    return [
        reverse("accounts:teammate_list", args=[account.pk]),
        reverse("projects:project_list", args=[account.pk]),
        reverse("projects:api_key_list", args=[account.projects.get().pk]),
        reverse("accounts:profile"),
        reverse("account_change_password"),
    ]


def test_settings_show_the_environment_one_came_from_and_lead_back(in_staging, account, staging):
    dashboard = reverse("analytics:dashboard", args=[staging.app_id])

    pages = [in_staging.get(path) for path in pages_of(account)]

    for page in pages:
        assert page.context["place"] == staging
        assert f'href="{dashboard}"><span aria-hidden="true">←</span> Back to Shop › Staging' in page.text
        assert page.context["nav_items"][0]["url"] == dashboard
        assert "topbar--tinted" in page.text
        assert [each["is_current"] for each in page.context["switcher_projects"][0]["environments"]] == [False, True]
    assert f'href="{dashboard}">Staging</a>' in pages[1].text


def test_whoever_signs_in_anew_on_settings_finds_the_environment_they_came_from(in_staging, ada, account, staging):
    in_staging.session.flush()  # it has ended
    in_staging.force_login(ada)
    del in_staging.cookies["sessionid"]
    in_staging.force_login(ada)
    assert "last_environment" not in in_staging.session

    page = in_staging.get(reverse("accounts:teammate_list", args=[account.pk]))

    assert page.context["place"] == staging
    assert "Choose an environment" not in page.text
    cookie = in_staging.cookies["last_environment"]
    assert (cookie["httponly"], cookie["samesite"]) == (True, "Lax")
    in_staging.cookies["last_environment"] = "1\0'--"
    for path in (reverse("accounts:profile"), reverse("projects:home")):
        assert in_staging.get(path).status_code < 400
    stranger = MembershipFactory(account=EnvironmentFactory().project.account).user
    in_staging.cookies["last_environment"] = staging.app_id
    in_staging.force_login(stranger)
    assert "Staging" not in in_staging.get(reverse("accounts:profile")).text


def test_an_environment_that_is_gone_or_in_another_account_is_not_shown(client, in_staging, ada, account, staging):
    other = MembershipFactory(user=ada, account=EnvironmentFactory().project.account)
    elsewhere = client.get(reverse("accounts:teammate_list", args=[other.account_id]))
    assert not elsewhere.context["place"]
    assert "Choose an environment" in elsewhere.text

    actions.delete_environment(environment=staging, by=ada)
    for path in pages_of(account)[:1]:
        assert "Back to" not in client.get(path).text


def test_who_lacks_the_second_factor_that_the_account_requires_sees_no_names(in_staging, account):
    account.require_second_factor = True
    account.save()

    page = in_staging.get(reverse("accounts:profile"))

    assert not page.context["place"]
    assert "Staging" not in page.text


def test_error_pages_inside_an_environment_keep_its_bar(client, account, staging):
    reader = MembershipFactory(account=account, read_only=True).user
    MembershipFactory(account=account)
    gone = reverse("analytics:report", args=[staging.app_id, NOBODY])
    refused = reverse("projects:environment_delete", args=[staging.app_id])
    post_only = reverse("analytics:dashboard_order", args=[staging.app_id])
    client.force_login(reader)

    answers = {path: client.get(path) for path in (gone, refused)}

    assert [answer.status_code for answer in answers.values()] == [404, 403]
    for answer in answers.values():
        assert "switcher__environment--tinted" in answer.text
        assert reverse("analytics:live", args=[staging.app_id]) in answer.text
        assert answer.text.count("<h1>") == 1

    client.force_login(User.objects.create_user("eve@else.example", "x"))
    assert [client.get(path).status_code for path in (gone, refused, post_only)] == [404, 404, 405]
    for path in (gone, refused, post_only):
        assert "Staging" not in client.get(path).text
