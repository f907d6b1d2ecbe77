"""The Storage page: how long events are kept, what goes next, and a change that removes any is confirmed."""

from datetime import UTC, datetime, timedelta

import pytest
from django.db import connection
from django.urls import reverse
from django.utils import timezone

from accounts.models import Activity
from analytics.expiry.night import next_night
from projects.models import Environment
from tests.analytics.rows import add_event
from tests.counting import queries_of
from tests.factories import EnvironmentFactory, MembershipFactory

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2020, 5, 1, tzinfo=UTC)


@pytest.fixture
def environment():
    return EnvironmentFactory(project__name="Shop", name="Production")


@pytest.fixture
def url(environment):
    return reverse("analytics:storage", args=[environment.project_id])


@pytest.fixture
def owner(client, environment):
    client.force_login(MembershipFactory(account=environment.project.account).user)
    return client


def sent(environment, *, project="", own="", **more):
    """What a browser sends that showed empty fields."""
    name = f"environment_{environment.pk}"
    return {"project": project, "initial-project": "", name: own, f"initial-{name}": ""} | more


def kept(environment):
    environment = Environment.objects.select_related("project").get(pk=environment.pk)
    return environment.project.months_kept, environment.months_kept


def test_what_removes_nothing_is_saved_at_once(owner, environment, url):
    add_event(environment)

    response = owner.post(url, sent(environment, project="12", own="3"), follow=True)

    assert "Saved." in response.content.decode()
    assert kept(environment) == (12, 3)
    done = Activity.objects.get(verb="project.months_kept")
    assert (done.target, done.details) == ("Shop", {"Shop": [None, 12], "Production": [None, 3]})


@pytest.mark.parametrize("confirm", [None, "shop", ""])
def test_what_removes_any_is_shown_first(owner, environment, url, confirm):
    for _ in range(2):
        add_event(environment, at=LONG_AGO)
    add_event(environment)

    response = owner.post(url, sent(environment, project="12") | ({} if confirm is None else {"confirm": confirm}))

    page = " ".join(response.content.decode().split())
    assert "Production: 2 events from before" in page
    assert ("exactly as it is written here" in page) == (confirm is not None)
    assert kept(environment) == (None, None)
    assert not Activity.objects.exists()


def test_the_confirmation_sends_all_of_it_again(owner, environment, url):
    add_event(environment, at=LONG_AGO)
    asked = owner.post(url, sent(environment, project="12", own="1"))
    fields = {name: asked.context["form"][name].value() for name in asked.context["form"].fields}
    assert all(f'name="{name}" value="{value}"' in asked.content.decode() for name, value in fields.items())

    owner.post(url, sent(environment, project="12", own="1", confirm=" Shop "))

    assert kept(environment) == (12, 1)


def test_to_keep_longer_needs_no_confirmation(owner, environment, url):
    environment.project.months_kept = 1
    environment.project.save()
    add_event(environment, at=LONG_AGO)

    owner.post(url, sent(environment, project="", **{"initial-project": "1"}))

    assert kept(environment) == (None, None)


def test_what_others_saved_meanwhile_stays(owner, environment, url):
    Environment.objects.filter(pk=environment.pk).update(months_kept=24)

    owner.post(url, sent(environment, project="12"))

    assert kept(environment) == (12, 24)


@pytest.mark.parametrize("months", ["0", "121", "-1", "1.5", "x", "9" * 30])
def test_a_number_of_months_that_cannot_be_is_refused(owner, environment, url, months):
    response = owner.post(url, sent(environment, own=months))

    assert response.status_code == 422
    assert "Nothing was saved" in response.content.decode()
    assert kept(environment) == (None, None)


def test_an_environment_of_another_project_is_out_of_reach(owner, environment, url):
    other = EnvironmentFactory(project__account=environment.project.account, project__name="Blog")

    owner.post(url, sent(environment) | {f"environment_{other.pk}": "1", f"initial-environment_{other.pk}": ""})

    assert kept(other) == (None, None)


def test_it_tells_what_goes_next(owner, environment, url):
    night = next_night(timezone.now())
    environment.months_kept = 1
    environment.save()
    add_event(environment, at=LONG_AGO)

    page = " ".join(owner.get(url).content.decode().split())

    assert "1 month</td>" in page
    assert f"{night:%-d %b %Y}: 1 event from before" in page


def test_it_tells_what_the_installation_keeps_at_most(owner, environment, url, settings):
    settings.EVENTS_MONTHS = 13

    page = owner.get(url).content.decode()

    assert "as the installation: 13 months" in page
    assert "13 months</td>" in page


def test_it_tells_about_how_much_room_events_take(owner, environment, url):
    for number in range(300):
        add_event(environment, actor_id=number)
    with connection.cursor() as cursor:
        cursor.execute("analyze events")

    assert "about" in owner.get(url).content.decode()


def test_a_read_only_person_sees_it_and_changes_nothing(client, environment, url):
    client.force_login(MembershipFactory(account=environment.project.account, read_only=True).user)

    page = client.get(url).content.decode()

    assert "for ever" in page and 'name="project"' not in page
    assert client.post(url, sent(environment, project="1")).status_code == 403
    assert kept(environment) == (None, None)


def test_it_asks_the_same_number_of_questions_for_any_number_of_environments(owner, environment, url):
    owner.get(url)
    few = queries_of(owner, url)
    for name in ("Staging", "Test", "Old"):
        EnvironmentFactory(project=environment.project, name=name, is_production=False, months_kept=2)

    assert queries_of(owner, url) == few


@pytest.mark.parametrize(
    ("now", "night"),
    [
        (datetime(2026, 11, 29, 3, 22, tzinfo=UTC), datetime(2026, 11, 29, 3, 23, tzinfo=UTC)),
        (datetime(2026, 11, 29, 3, 23, tzinfo=UTC), datetime(2026, 11, 30, 3, 23, tzinfo=UTC)),
    ],
)
def test_the_next_night(now, night):
    assert next_night(now) == night
    assert next_night(now + timedelta(days=1)) == night + timedelta(days=1)
