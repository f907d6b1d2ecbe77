"""Making projects and environments, and getting around between them."""

import pytest
from django.urls import reverse

from accounts.models import Activity
from projects import actions, registry
from projects.models import Environment, Project
from tests.counting import queries_of
from tests.factories import EnvironmentFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def environment():
    return EnvironmentFactory()


@pytest.fixture
def ada(client, environment):
    user = MembershipFactory(account=environment.project.account).user
    client.force_login(user)
    return user


def test_create_project_makes_a_clean_slate_with_production(client, ada, environment):
    account = environment.project.account

    response = client.post(reverse("projects:project_create", args=[account.pk]), {"name": "Blog"})

    project = Project.objects.get(name="Blog")
    production = project.environments.get()
    assert (project.account, production.name, production.is_production) == (account, "Production", True)
    assert response.url == reverse("projects:install", args=[production.app_id])
    assert Activity.objects.filter(account=account, by=ada, verb="project.create", target="Blog").exists()


def test_a_second_project_of_that_name_is_refused_in_words(client, ada, environment):
    url = reverse("projects:project_create", args=[environment.project.account_id])

    response = client.post(url, {"name": environment.project.name.upper()})

    assert "already" in response.context["form"].errors["name"][0]
    assert Project.objects.count() == 1


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("  Web \n\t shop ", "Web shop"),
        ("Web\u00a0 shop", "Web shop"),
        ("\u202epohs beW\u202c", "pohs beW"),
        ("Web\0 \x07shop", "Web shop"),
        ("نمی\u200cخواهم", "نمی\u200cخواهم"),
        ("👩\u200d💻" * 33, "👩\u200d💻" * 33),
    ],
)
def test_a_name_is_kept_as_a_page_shows_it(client, ada, environment, typed, kept):
    client.post(reverse("projects:project_create", args=[environment.project.account_id]), {"name": typed})

    assert Project.objects.filter(name=kept).exists()


@pytest.mark.parametrize("typed", [" ", "\u202e", "\u200b", "\u2063\u00a0", "x" * 101])
def test_a_name_that_nobody_could_see_or_read_is_refused_at_its_field(client, ada, environment, typed):
    response = client.post(reverse("projects:project_create", args=[environment.project.account_id]), {"name": typed})

    assert list(response.context["form"].errors) == ["name"]


def test_add_environment_says_what_was_copied(client, ada, environment, monkeypatch):
    monkeypatch.setattr(registry, "_copiers", [lambda source, target: {"definitions": 14, "reports": 1}])
    url = reverse("projects:environment_add", args=[environment.project_id])

    response = client.post(url, {"name": "Staging", "source": environment.pk}, follow=True)

    assert Environment.objects.get(name="Staging").is_production is False
    assert "14 definitions and 1 report copied, 0 events" in response.content.decode()


def test_a_copy_that_fails_leaves_no_environment(ada, environment, monkeypatch):
    def fail(source, target):
        raise RuntimeError("half way")

    monkeypatch.setattr(registry, "_copiers", [fail])
    with pytest.raises(RuntimeError):
        actions.add_environment(project=environment.project, name="Staging", source=environment, by=ada)

    assert Environment.objects.count() == 1


def test_an_environment_of_another_project_is_no_source(ada, environment):
    with pytest.raises(ValueError, match="not an environment of this project"):
        actions.add_environment(project=environment.project, name="Copy", source=EnvironmentFactory(), by=ada)


def test_home_returns_to_the_environment_looked_at_last(client, ada, environment, settings):
    other = EnvironmentFactory(project=environment.project, name="Staging", is_production=False)
    client.get(reverse("projects:install", args=[other.app_id]))

    response = client.get(reverse("projects:home"))

    assert response.url == reverse(settings.ENVIRONMENT_LANDING, args=[other.app_id])


def test_home_tells_those_without_an_account(client, environment):
    client.force_login(UserFactory())

    response = client.get(reverse("projects:home"))

    assert "You belong to no account" in response.content.decode()


def test_the_switcher_lists_nothing_of_another_account(client, ada, environment):
    EnvironmentFactory()

    response = client.get(reverse("projects:install", args=[environment.app_id]))

    assert [group["project"] for group in response.context["switcher_projects"]] == [environment.project]


def test_a_closed_account_has_a_page_that_says_so(client, ada, environment):
    environment.project.account.closed_at = environment.created_at
    environment.project.account.save(update_fields=["closed_at"])

    response = client.get(reverse("projects:install", args=[environment.app_id]))

    assert response.status_code == 403
    assert "closed" in response.content.decode()


def test_the_install_page_shows_what_to_copy(client, ada, environment):
    page = client.get(reverse("projects:install", args=[environment.app_id])).content.decode()

    assert page.count(environment.app_id) >= 3  # on its own, in the snippet, in the curl line
    assert "Waiting for the first event" in page


def test_the_list_of_projects_runs_the_same_queries_whatever_its_size(client, ada, environment):
    url = reverse("projects:project_list", args=[environment.project.account_id])
    client.get(url)
    few = queries_of(client, url)
    for number in range(30):
        EnvironmentFactory(project=environment.project, name=f"E{number}", is_production=False)

    assert queries_of(client, url) == few
