"""What the database allows and does by itself; what it refuses is in tests/constraints."""

import pytest
from django.utils import timezone

from projects.models import Environment, Project, new_app_id
from tests.factories import ApiKeyFactory, EnvironmentFactory, ProjectFactory

pytestmark = pytest.mark.django_db


def test_another_account_may_use_the_name():
    ProjectFactory(name="Shop")

    assert ProjectFactory(name="Shop").pk


def test_app_ids_are_far_apart():
    made = {new_app_id() for _ in range(1000)}

    assert len(made) == 1000
    assert all(len(each) == 10 for each in made)


def test_deleting_a_project_takes_its_environments_along():
    environment = EnvironmentFactory()

    environment.project.delete()

    assert not Environment.objects.exists()
    assert not Project.objects.exists()


def test_the_name_of_a_revoked_api_key_is_free_again():
    key = ApiKeyFactory(name="Nightly", revoked_at=timezone.now())

    assert ApiKeyFactory(project=key.project, name="Nightly").pk
