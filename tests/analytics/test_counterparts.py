"""The switcher leads to the counterpart of a report or definition, or to the list if there is none."""

import pytest
from django.urls import reverse

from tests.analytics.kept import make_definition, make_report, make_segment
from tests.analytics.rows import add_person
from tests.factories import EnvironmentFactory

MAKERS = {"report": make_report, "definition": make_definition, "segment": make_segment}


@pytest.fixture
def staging(environment):
    return EnvironmentFactory(project=environment.project, name="Staging", is_production=False)


def switched_to(client, url, environment) -> str:
    """The page to which the switcher at `url` leads for `environment`."""
    [group] = client.get(url).context["switcher_projects"]
    link = next(each["url"] for each in group["environments"] if each["environment"] == environment)
    return client.get(link).url


@pytest.mark.parametrize("thing", MAKERS)
@pytest.mark.parametrize("page", ["", "_edit", "_delete"])
def test_a_copy_is_landed_on(environment, staging, full, thing, page):
    ours = MAKERS[thing](environment)
    MAKERS[thing](staging, lineage=ours.lineage)
    here, there = (
        reverse(f"analytics:{thing}{page}", args=[each.app_id, ours.lineage]) for each in (environment, staging)
    )

    assert switched_to(full, here, staging) == there


@pytest.mark.parametrize("thing", MAKERS)
def test_without_a_copy_it_is_the_list(environment, staging, full, thing):
    ours = MAKERS[thing](environment)
    here = reverse(f"analytics:{thing}", args=[environment.app_id, ours.lineage])

    assert switched_to(full, here, staging) == reverse(f"analytics:{thing}_list", args=[staging.app_id])


def test_a_person_who_is_not_there_leads_to_all_people(environment, staging, full):
    add_person(environment, 7)
    here = reverse("analytics:person", args=[environment.app_id, 7])

    assert switched_to(full, here, staging) == reverse("analytics:users", args=[staging.app_id])


def test_a_question_is_asked_again_there(environment, staging, full):
    here = reverse("analytics:graph", args=[environment.app_id]) + "?event=builtin%3Asession"

    assert switched_to(full, here, staging) == here.replace(environment.app_id, staging.app_id)
