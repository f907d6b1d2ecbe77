"""What the database itself refuses, each tried by going around the code above it."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import User
from projects.models import Environment, Project, new_app_id
from tests.factories import (
    AccountFactory,
    ApiKeyFactory,
    EnvironmentFactory,
    MembershipFactory,
    ProjectFactory,
    UserFactory,
)

pytestmark = pytest.mark.django_db


def refuses(constraint: str, write) -> None:
    with pytest.raises(IntegrityError, match=constraint), transaction.atomic():
        write()


def test_an_account_has_a_name():
    refuses("account_has_a_name", lambda: AccountFactory(name=""))


def test_an_address_is_kept_in_lower_case():
    refuses("user_email_lower_case", lambda: UserFactory(email="Ada@shop.example"))


def test_an_address_has_one_login():
    UserFactory(email="ada@shop.example")

    refuses("user_email_unique", lambda: UserFactory(email="ada@shop.example"))


def test_create_user_lowers_the_address():
    assert User.objects.create_user(" Ada@Shop.example", "pw").email == "ada@shop.example"


def test_nobody_is_twice_in_an_account():
    membership = MembershipFactory()

    refuses(
        "membership_once_per_account",
        lambda: MembershipFactory(account=membership.account, user=membership.user),
    )


def test_a_project_name_is_once_in_an_account_whatever_its_case():
    project = ProjectFactory(name="Shop")

    refuses("project_name_once_per_account", lambda: ProjectFactory(account=project.account, name="SHOP"))


def test_another_account_may_use_the_name():
    ProjectFactory(name="Shop")

    assert ProjectFactory(name="Shop").pk


def test_a_project_has_a_name():
    refuses("project_has_a_name", lambda: ProjectFactory(name=""))


@pytest.mark.parametrize("day", [0, 8])
def test_a_week_starts_on_a_day(day):
    refuses("project_week_starts_on_a_day", lambda: ProjectFactory(week_starts_on=day))


def test_an_environment_name_is_once_in_a_project_whatever_its_case():
    first = EnvironmentFactory(name="Staging", is_production=False)

    refuses(
        "environment_name_once_per_project",
        lambda: EnvironmentFactory(project=first.project, name="staging", is_production=False),
    )


def test_a_project_has_one_production():
    first = EnvironmentFactory()

    refuses("environment_one_production", lambda: EnvironmentFactory(project=first.project, name="Other"))


def test_an_environment_has_a_name():
    refuses("environment_has_a_name", lambda: EnvironmentFactory(name=""))


@pytest.mark.parametrize("app_id", ["0123456789", "123456789", "12345678a0", ""])
def test_an_app_id_is_ten_digits(app_id):
    refuses("environment_app_id_ten_digits", lambda: EnvironmentFactory(app_id=app_id))


def test_an_app_id_names_one_environment():
    first = EnvironmentFactory()

    refuses("app_id", lambda: EnvironmentFactory(app_id=first.app_id))


def test_app_ids_are_far_apart():
    made = {new_app_id() for _ in range(1000)}

    assert len(made) == 1000
    assert all(len(each) == 10 for each in made)


def test_deleting_a_project_takes_its_environments_along():
    environment = EnvironmentFactory()

    environment.project.delete()

    assert not Environment.objects.exists()
    assert not Project.objects.exists()


def test_an_api_key_has_a_name():
    refuses("apikey_has_a_name", lambda: ApiKeyFactory(name=""))


def test_a_name_of_an_api_key_in_force_is_once_in_a_project_whatever_its_case():
    key = ApiKeyFactory(name="Nightly")

    refuses("apikey_name_once_per_project", lambda: ApiKeyFactory(project=key.project, name="NIGHTLY"))


def test_the_name_of_a_revoked_api_key_is_free_again():
    key = ApiKeyFactory(name="Nightly", revoked_at=timezone.now())

    assert ApiKeyFactory(project=key.project, name="Nightly").pk


def test_a_digest_names_one_api_key():
    key = ApiKeyFactory()

    refuses("digest", lambda: ApiKeyFactory(digest=key.digest))


@pytest.mark.parametrize("digest", ["", "hak_secret-0001", "A" * 64, "0" * 63])
def test_nothing_but_a_digest_is_kept_of_a_secret(digest):
    refuses("apikey_digest_is_sha256", lambda: ApiKeyFactory(digest=digest))


@pytest.mark.parametrize("ending", ["", "abc"])
def test_an_api_keys_ending_has_four_characters(ending):
    refuses("apikey_ending_four_characters", lambda: ApiKeyFactory(ending=ending))


def test_who_revoked_an_api_key_stands_with_the_time():
    refuses("apikey_revoked_by_with_a_time", lambda: ApiKeyFactory(revoked_by=UserFactory()))
