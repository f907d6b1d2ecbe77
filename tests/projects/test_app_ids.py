"""An environment may bring its app_id along from Heap: checked, said plainly, and never another account's."""

import json
import threading
from datetime import timedelta

import pytest
from django.core.management import CommandError, call_command
from django.db import IntegrityError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts.models import Activity
from collector.environments.known_environments import ENVIRONMENTS_SQL
from common import steps
from projects import actions, removal
from projects.models import Environment, Project
from tests.factories import EnvironmentFactory, MembershipFactory, ProjectFactory
from tests.together import both_at_once

pytestmark = pytest.mark.django_db
REFUSED = "This app_id cannot be used. If it is yours at Heap, write to us with Talk to Us."


@pytest.fixture
def environment():
    return EnvironmentFactory()


@pytest.fixture
def ada(client, environment):
    user = MembershipFactory(account=environment.project.account).user
    client.force_login(user)
    return user


def create_project(client, environment, app_id):
    url = reverse("projects:project_create", args=[environment.project.account_id])
    return client.post(url, {"name": "Blog", "app_id": app_id})


def errors(response):
    return [str(each) for each in response.context["form"].errors["app_id"]]


@pytest.mark.parametrize("app_id", ["4204607514", "181194367", "11", " 2682025610 "])
def test_a_project_is_made_with_an_app_id_from_heap(client, ada, environment, app_id):
    response = create_project(client, environment, app_id)

    production = Project.objects.get(name="Blog").environments.get()
    assert production.app_id == app_id.strip()
    assert client.get(response.url).status_code == 200
    assert Activity.objects.get(verb="project.create", target="Blog").details == {"app_id": app_id.strip()}
    with connection.cursor() as cursor:
        cursor.execute(ENVIRONMENTS_SQL)
        assert app_id.strip() in {row[0] for row in cursor.fetchall()}


def test_an_environment_is_added_with_an_app_id_from_heap(client, ada, environment):
    url = reverse("projects:environment_add", args=[environment.project_id])

    client.post(url, {"name": "Staging", "source": environment.pk, "app_id": "757684585"})

    assert Environment.objects.get(name="Staging").app_id == "757684585"


def test_the_forms_say_what_follows(client, ada, environment):
    for name, number in (
        ("project_create", environment.project.account_id),
        ("environment_add", environment.project_id),
    ):
        page = client.get(reverse(f"projects:{name}", args=[number])).content.decode()

        for words in ("keep their cookies", "0 events", "whoever knows it can send events", "No other account"):
            assert words in page


@pytest.mark.parametrize("typed", ["0123", "0", "12345678901", "12a", "-5", "1.0", "١٢٣", "1 2", "12\n13", "heap"])
def test_what_is_no_app_id_is_refused_at_its_field(client, ada, environment, typed):
    response = create_project(client, environment, typed)

    assert "digits alone" in errors(response)[0]
    assert not Project.objects.filter(name="Blog").exists()


def taken():
    """The app_id of an environment elsewhere: live, being deleted, closed, deleted, and with its account."""
    live, deleting, closed, gone, all_gone = (EnvironmentFactory() for _ in range(5))
    Environment.objects.filter(pk=deleting.pk).update(deleting_at=timezone.now())
    type(closed.project.account).objects.filter(pk=closed.project.account_id).update(closed_at=timezone.now())
    gone.delete()
    all_gone.project.account.delete()
    return [each.app_id for each in (live, deleting, closed, gone, all_gone)]


def test_one_of_another_account_is_refused_in_words_that_do_not_tell_what_became_of_it(client, ada, environment):
    for app_id in taken():
        response = create_project(client, environment, app_id)

        assert errors(response) == [REFUSED]
    assert not Project.objects.filter(name="Blog").exists()


def test_ones_own_is_named(client, ada, environment):
    response = create_project(client, environment, environment.app_id)

    assert errors(response) == [f"It is the app_id of {environment.project.name} › Production."]


def test_ones_own_is_free_again_once_it_is_deleted(client, ada, environment, monkeypatch):
    monkeypatch.setattr(steps, "SETTLE", timedelta(0))
    staging = EnvironmentFactory(project=environment.project, name="Staging", is_production=False, app_id="757684585")
    asked = actions.delete_environment(environment=staging, by=ada)
    meanwhile = create_project(client, environment, "757684585")
    assert removal.run(asked.pk, seconds=60)

    response = create_project(client, environment, "757684585")

    assert "is being deleted. It is free when that is done" in errors(meanwhile)[0]
    assert response.status_code == 302
    assert Project.objects.get(name="Blog").environments.get().app_id == "757684585"


@pytest.mark.django_db(transaction=True)
def test_of_two_accounts_that_take_it_at_once_one_gets_it():
    places = [ProjectFactory(), ProjectFactory()]

    raised = both_at_once(
        *(lambda place=place: EnvironmentFactory(project=place, app_id="757684585") for place in places)
    )

    assert sorted(type(each) for each in raised if each) == [IntegrityError]
    assert Environment.objects.filter(app_id="757684585").count() == 1


@pytest.mark.django_db(transaction=True)
def test_one_that_is_taken_while_the_form_is_sent_is_refused_at_its_field(client, environment):
    client.force_login(MembershipFactory(account=environment.project.account).user)
    elsewhere, answers = ProjectFactory(), []
    sending = threading.Thread(
        target=lambda: (answers.append(create_project(client, environment, "757684585")), connection.close())
    )

    with transaction.atomic():
        EnvironmentFactory(project=elsewhere, app_id="757684585")
        sending.start()  # does not see the row yet; its own waits for this transaction
        waits_for_a_lock()
    sending.join(timeout=30)

    assert errors(answers[0]) == [REFUSED]
    assert not Project.objects.filter(name="Blog").exists()


def waits_for_a_lock():
    """Return when a statement waits for another transaction."""
    for _ in range(600):
        with connection.cursor() as cursor:
            cursor.execute("select pg_stat_clear_snapshot(), pg_sleep(0.05)")
            cursor.execute(
                "select count(*) from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()"
            )
            if cursor.fetchone()[0]:
                return
    raise AssertionError("nothing waited")


def test_createaccount_takes_one_too(capsys, environment):
    def create(email, app_id):
        call_command(
            "createaccount", "--json", email=email, password="correct horse battery", account="Shop", app_id=app_id
        )

    create("ada@shop.example", "757684585")

    assert json.loads(capsys.readouterr().out)["environments"][0]["app_id"] == "757684585"
    for app_id, words in (("757684585", "not free"), (environment.app_id, "not free"), ("0x1", "digits alone")):
        with pytest.raises(CommandError, match=words):
            create("bob@shop.example", app_id)
