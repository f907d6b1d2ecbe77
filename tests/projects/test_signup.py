"""Sign-up makes a login, an account, a project and Production: all of it or nothing."""

import pytest
from django.urls import reverse

from accounts.models import Account, Membership, User
from projects import signup
from projects.models import Environment, Project

pytestmark = pytest.mark.django_db
ANSWERS = {
    "name": "Ada Lovelace",
    "email": "Ada@Shop.example",
    "password1": "correct horse battery",
    "account_name": "Shop",
    "project_name": "Web shop",
}


def test_sign_up_makes_account_project_and_production(client):
    client.post(reverse("account_signup"), ANSWERS)

    membership = Membership.objects.select_related("account", "user").get()
    environment = Environment.objects.select_related("project").get()
    assert (membership.user.email, membership.user.name, membership.read_only) == (
        "ada@shop.example",
        "Ada Lovelace",
        False,
    )
    assert membership.account.name == "Shop"
    assert (environment.project.name, environment.name, environment.is_production) == ("Web shop", "Production", True)
    assert environment.project.account == membership.account


def test_a_failure_in_the_middle_leaves_nothing(client, monkeypatch):
    def fail(**kwargs):
        raise RuntimeError("the disk is full")

    monkeypatch.setattr(signup, "open_account", fail)
    with pytest.raises(RuntimeError, match="the disk is full"):
        client.post(reverse("account_signup"), ANSWERS)

    assert not User.objects.exists()
    assert not Account.objects.exists()


def test_a_missing_project_name_is_named_and_nothing_is_made(client):
    response = client.post(reverse("account_signup"), ANSWERS | {"project_name": " "})

    assert list(response.context["form"].errors) == ["project_name"]
    assert not User.objects.exists()


def test_the_password_is_kept_as_argon2(client):
    client.post(reverse("account_signup"), ANSWERS)

    assert User.objects.get().password.startswith("argon2$")


def test_nobody_signs_up_while_it_is_closed(client, settings):
    settings.SIGNUP_OPEN = False

    client.post(reverse("account_signup"), ANSWERS)

    assert not User.objects.exists()


def test_the_first_page_after_signing_in_is_an_environment(client, settings):
    client.post(reverse("account_signup"), ANSWERS)

    response = client.get(reverse("projects:home"))

    assert response.url == reverse(settings.ENVIRONMENT_LANDING, args=[Environment.objects.get().app_id])
    assert Project.objects.count() == 1


def test_days_begin_by_the_time_zone_that_was_chosen_or_in_utc(client):
    client.post(reverse("account_signup"), ANSWERS | {"time_zone": "Europe/Paris"})
    assert Project.objects.get().time_zone == Account.objects.get().time_zone == "Europe/Paris"
    client.logout()

    refused = client.post(
        reverse("account_signup"), ANSWERS | {"email": "eve@else.example", "time_zone": "Mars/Olympus"}
    )
    assert list(refused.context["form"].errors) == ["time_zone"]

    client.post(reverse("account_signup"), ANSWERS | {"email": "eve@else.example"})
    assert Account.objects.get(members__email="eve@else.example").time_zone == "UTC"
