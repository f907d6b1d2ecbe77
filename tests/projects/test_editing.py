"""Other names, another time zone, another first day of the week."""

import pytest
from django.db import connection
from django.urls import reverse

from accounts.models import Activity
from common.time_zones import time_zones
from tests.crawler import forms_of
from tests.factories import EnvironmentFactory, MembershipFactory, ProjectFactory

pytestmark = pytest.mark.django_db
SETTINGS = {"name": "Big shop", "time_zone": "Europe/Paris", "week_starts_on": "7"}
NEW = {"time_zone": "UTC", "week_starts_on": "1", "leaves_out_robots": "on"}  # as the form of a new project is sent


@pytest.fixture
def environment():
    return EnvironmentFactory()


@pytest.fixture(autouse=True)
def ada(client, environment):
    user = MembershipFactory(account=environment.project.account).user
    client.force_login(user)
    return user


def test_a_project_gets_another_name_zone_and_week(client, environment):
    client.post(reverse("projects:project_edit", args=[environment.project_id]), SETTINGS)

    environment.project.refresh_from_db()
    project = environment.project
    assert (project.name, project.time_zone, project.week_starts_on) == ("Big shop", "Europe/Paris", 7)


def test_activity_tells_what_was_changed_from_what(client, environment):
    before = environment.project.name

    client.post(reverse("projects:project_edit", args=[environment.project_id]), SETTINGS)

    details = Activity.objects.get(verb="project.change").details
    assert details["name"] == [before, "Big shop"]


def test_whether_robots_are_left_out_is_changed_and_told(client, environment):
    url = reverse("projects:project_edit", args=[environment.project_id])
    shown = next(form.data for form in forms_of(client.get(url)) if "initial-name" in form.data)
    client.post(url, {name: value for name, value in (shown | NEW).items() if name != "leaves_out_robots"})
    environment.project.refresh_from_db()
    left_in = environment.project.leaves_out_robots
    client.post(url, shown | NEW | {"initial-leaves_out_robots": "False"})
    environment.project.refresh_from_db()

    assert (left_in, environment.project.leaves_out_robots) == (False, True)
    details = [each.details for each in Activity.objects.filter(verb="project.change").order_by("id")]
    assert details == [{"leaves_out_robots": [True, False]}, {"leaves_out_robots": [False, True]}]


def test_who_may_only_read_cannot_change_whether_robots_are_left_out(client, environment):
    client.force_login(MembershipFactory(account=environment.project.account, read_only=True).user)

    response = client.post(reverse("projects:project_edit", args=[environment.project_id]), SETTINGS)

    environment.project.refresh_from_db()
    assert response.status_code == 403
    assert environment.project.leaves_out_robots


def test_what_another_tab_saved_meanwhile_stays(client, environment):
    url = reverse("projects:project_edit", args=[environment.project_id])
    shown = next(form.data for form in forms_of(client.get(url)) if "initial-name" in form.data)
    client.post(url, SETTINGS | {"name": environment.project.name})

    client.post(url, shown | NEW | {"name": "Big shop"})

    environment.project.refresh_from_db()
    project = environment.project
    assert (project.name, project.time_zone, project.week_starts_on) == ("Big shop", "Europe/Paris", 7)
    assert list(Activity.objects.latest("id").details) == ["name"]


def test_saving_what_was_there_changes_and_tells_nothing(client, environment):
    url = reverse("projects:project_edit", args=[environment.project_id])
    shown = next(form.data for form in forms_of(client.get(url)) if "initial-name" in form.data)

    response = client.post(url, shown | NEW, follow=True)

    assert "Nothing had changed" in response.content.decode()
    assert not Activity.objects.exists()


def test_every_time_zone_that_is_offered_is_known_to_postgresql():
    with connection.cursor() as cursor:
        cursor.execute("select name from pg_timezone_names")
        known = {name for (name,) in cursor.fetchall()}

    assert [zone for zone, _ in time_zones() if zone not in known] == []


def test_a_project_keeps_its_own_name(client, environment):
    url = reverse("projects:project_edit", args=[environment.project_id])

    response = client.post(url, SETTINGS | {"name": environment.project.name})

    assert response.status_code == 302


def test_the_name_of_another_project_is_refused(client, environment):
    other = ProjectFactory(account=environment.project.account)

    response = client.post(
        reverse("projects:project_edit", args=[environment.project_id]), SETTINGS | {"name": other.name.upper()}
    )

    assert "already" in response.context["form"].errors["name"][0]


@pytest.mark.parametrize(("field", "value"), [("time_zone", "Mars/Olympus"), ("week_starts_on", "8"), ("name", " ")])
def test_what_makes_no_sense_is_refused_at_its_field(client, environment, field, value):
    response = client.post(reverse("projects:project_edit", args=[environment.project_id]), SETTINGS | {field: value})

    assert list(response.context["form"].errors) == [field]


def test_an_environment_gets_another_name_and_keeps_its_app_id(client, environment):
    client.post(reverse("projects:environment_rename", args=[environment.app_id]), {"name": "Live"})

    app_id = environment.app_id
    environment.refresh_from_db()
    assert (environment.name, environment.app_id) == ("Live", app_id)


def test_the_name_of_another_environment_is_refused(client, environment):
    EnvironmentFactory(project=environment.project, name="Staging", is_production=False)

    response = client.post(reverse("projects:environment_rename", args=[environment.app_id]), {"name": "STAGING"})

    assert "already" in response.context["form"].errors["name"][0]
