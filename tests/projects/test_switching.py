"""The switcher: the same page in another environment, its counterpart, or the list with a word."""

from urllib.parse import parse_qs, urlsplit

import pytest
from django.urls import reverse

from analytics.models import Definition
from tests.counting import queries_of
from tests.factories import EnvironmentFactory, MembershipFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def environment():
    return EnvironmentFactory()


@pytest.fixture
def staging(environment):
    return EnvironmentFactory(project=environment.project, name="Staging", is_production=False)


@pytest.fixture
def ada(client, environment):
    user = MembershipFactory(account=environment.project.account).user
    client.force_login(user)
    return user


def switch(client, environment, came_from: str):
    return client.get(reverse("projects:switch", args=[environment.app_id]), {"from": came_from})


def test_every_entry_leads_from_the_page_that_is_open(client, ada, environment, staging):
    page = f"{reverse('projects:install', args=[environment.app_id])}?range=90"

    response = client.get(page)

    [group] = response.context["switcher_projects"]
    url = urlsplit(group["environments"][1]["url"])
    assert (url.path, parse_qs(url.query)) == (reverse("projects:switch", args=[staging.app_id]), {"from": [page]})
    assert [each["is_current"] for each in group["environments"]] == [True, False]


def test_a_switch_lands_on_the_same_page_with_its_query(client, ada, environment, staging):
    response = switch(client, staging, f"{reverse('analytics:graph', args=[environment.app_id])}?range=90&x=a%20b")

    assert response.url == f"{reverse('analytics:graph', args=[staging.app_id])}?range=90&x=a+b"


def test_a_switch_lands_on_the_counterpart(client, ada, environment, staging):
    here = Definition.objects.create(environment=environment, name="Signed up")
    Definition.objects.create(environment=staging, name="Signed up", lineage=here.lineage)

    response = switch(client, staging, reverse("analytics:definition", args=[environment.app_id, here.lineage]))

    assert response.url == reverse("analytics:definition", args=[staging.app_id, here.lineage])


def test_without_a_counterpart_the_list_says_so(client, ada, environment, staging):
    here = Definition.objects.create(environment=environment, name="Signed up")

    response = client.get(
        reverse("projects:switch", args=[staging.app_id]),
        {"from": reverse("analytics:definition", args=[environment.app_id, here.lineage])},
        follow=True,
    )

    assert response.redirect_chain[0][0] == reverse("analytics:definition_list", args=[staging.app_id])
    assert "does not exist in Staging" in response.content.decode()


@pytest.mark.parametrize(
    "came_from",
    [
        "",
        "/",
        "//evil.example/",
        "https://evil.example/env/",
        "/nowhere/",
        "/\\evil.example",
        "/staff/",
        "/%00",
        "?x=1",
    ],
)
def test_anything_else_leads_to_the_landing_page(client, ada, environment, staging, settings, came_from):
    response = switch(client, staging, came_from)

    assert response.url == reverse(settings.ENVIRONMENT_LANDING, args=[staging.app_id])


def test_a_page_after_a_post_leads_to_the_landing_page(client, ada, environment, staging, settings):
    response = client.post(reverse("projects:environment_add", args=[environment.project_id]), {})

    urls = [each["url"] for group in response.context["switcher_projects"] for each in group["environments"]]
    assert urls == [reverse(settings.ENVIRONMENT_LANDING, args=[each.app_id]) for each in (environment, staging)]


def test_two_tabs_do_not_disturb_each_other(client, ada, environment, staging):
    first = reverse("projects:install", args=[environment.app_id])
    second = reverse("projects:install", args=[staging.app_id])
    client.get(first)
    client.get(second)

    response = client.get(first)

    assert response.context["environment"] == environment


def test_300_environments_cost_no_more_queries(client, ada, environment):
    url = reverse("projects:install", args=[environment.app_id])
    client.get(url)
    few = queries_of(client, url)
    for number in range(300):
        EnvironmentFactory(project=environment.project, name=f"E{number}", is_production=False)

    assert queries_of(client, url) == few
