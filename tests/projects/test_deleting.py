"""Deleting environments and projects: asked for by name, closed at once, removed in steps, with a receipt."""

import threading
from datetime import timedelta

import pytest
from django.db import connection, transaction
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import Account, Activity
from analytics.models import Definition, Segment
from collector.environments.known_environments import ENVIRONMENTS_SQL
from common import steps
from events.models import Event, Person
from ipfilter.models import ExcludedIP, ExcludedIPList
from projects import actions, delete_question, jobs, removal
from projects.forms import EnvironmentForm
from projects.models import Environment, Project, Removal
from projects.tables import read_schema
from tests.factories import ApiKeyFactory, EnvironmentFactory, MembershipFactory
from tests.together import both_at_once

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def nothing_is_on_its_way(monkeypatch):
    monkeypatch.setattr(steps, "SETTLE", timedelta(0))


@pytest.fixture
def production():
    return EnvironmentFactory()


@pytest.fixture
def staging(production):
    return EnvironmentFactory(project=production.project, name="Staging", is_production=False)


@pytest.fixture
def ada(client, production):
    user = MembershipFactory(account=production.project.account).user
    client.force_login(user)
    return user


def fill(environment, events: int = 3) -> None:
    """Give an environment some of everything."""
    now = timezone.now()
    rows = [
        Event(environment_id=environment.pk, time=now - timedelta(days=31 * n), id=n, actor_id=n, name="E")
        for n in range(events)
    ]
    Event.objects.bulk_create(rows)
    Person.objects.create(environment_id=environment.pk, actor_id=1, first_seen_at=now, last_seen_at=now)
    Definition.objects.create(environment=environment, name="Signed up")
    for name in ("New", "Old"):
        Segment.objects.create(environment=environment, name=name)
    own = ExcludedIPList.objects.create(account=environment.project.account, environment=environment, text="10.1.*")
    ExcludedIP.objects.create(list=own, canonical="10.1.0.0/16", source="10.1.*", position=0)


def rows_left(*, environments: list[int], projects: list[int]) -> list[str]:
    """Every table that still has a row of them. It asks for columns by name alone, unlike what is tested."""
    ids = {"environment_id": environments, "project_id": projects}
    left = []
    with connection.cursor() as cursor:
        cursor.execute(
            "select table_name, column_name from information_schema.columns join information_schema.tables "
            "using (table_schema, table_name) where table_schema = current_schema() and table_type = 'BASE TABLE' "
            "and column_name in ('environment_id', 'project_id') and data_type in ('bigint', 'integer') "
            "union values ('projects_environment', 'id'), ('projects_project', 'id')"
        )
        places = cursor.fetchall()
        assert len(places) > 20
        for table, column in places:
            known = ids.get(column) or (environments if table == "projects_environment" else projects)
            cursor.execute(f"select count(*) from {table} where {column} = any(%s)", [known])
            if cursor.fetchone()[0]:
                left.append(table)
    return left


def test_the_page_says_what_goes_with_counts(client, ada, production, staging):
    fill(staging)

    page = client.get(reverse("projects:environment_delete", args=[staging.app_id])).content.decode()

    assert "1 environment: Staging" in page
    assert "1 definition" in page
    assert "2 segments" in page
    assert "0 reports" in page
    assert "1 excluded IP<" in page
    assert "4 rows of events, people" in page
    assert "API key" not in page


def test_the_page_of_a_project_counts_all_environments_and_api_keys(client, ada, production, staging):
    account_list = ExcludedIPList.objects.create(account=production.project.account, text="192.0.2.7")
    ExcludedIP.objects.create(list=account_list, canonical="192.0.2.7", source="192.0.2.7", position=0)
    fill(production)
    fill(staging)
    for _ in range(2):
        ApiKeyFactory(project=production.project)
    ApiKeyFactory()

    page = client.get(reverse("projects:project_delete", args=[production.project_id])).content.decode()

    assert "4 segments" in page
    assert "2 excluded IPs" in page
    assert "2 API keys" in page


TOLD = {
    "analytics_definition",
    "analytics_report",
    "analytics_segment",
    "ipfilter_excludedip",
    "projects_apikey",
    "projects_apitoken",
    "projects_environment",
}
UNTOLD = {  # tables whose rows go without being named in the question, and why nobody misses the number
    **dict.fromkeys(
        ("analytics_alert", "analytics_alert_webhooks", "analytics_alertrecipient", "analytics_webhook"),
        "who is told of the collected data",
    ),
    **dict.fromkeys(("analytics_alertchange", "analytics_alertdelivery"), "the log of a month of what alerts told"),
    "analytics_carry": "what can be undone, of definitions, segments and reports that go",
    "analytics_dashboard": "where reports that go are shown",
    "analytics_expiry": "receipts of what went before; the account's activity keeps a line",
    "analytics_note": "what was noted beside the collected data",
    "analytics_namenote": "what is said of names of the collected data",
    "analytics_confirmedsite": "where people label; the account's activity keeps a line",
    "analytics_labelticket": "half an hour of labelling",
    **dict.fromkeys(("analytics_sharedlink", "analytics_sharedlinkviews"), "where reports that go are shown"),
    "analytics_segmentmember": "the list of a segment that goes",
    **dict.fromkeys(("analytics_sending", "analytics_subscription"), "who gets the collected data by mail"),
    "analytics_pin": "the place of a report that goes",
    **dict.fromkeys(
        ("catalogue_counts", "catalogue_keys", "catalogue_left_out", "catalogue_marks", "catalogue_names"),
        "counts of the collected data",
    ),
    "collector_collectedhour": "counts of requests",
    "collector_deletionrequest": "the receipt of what an API key asked for; the account's activity keeps a line",
    "collector_deletiontarget": "people still to be deleted, who go as well",
    "ipfilter_excludediplist": "its rules are told",
    "ipfilter_keptout": "counts of requests",
    "projects_projectrole": "who reached the project that goes",
    "rollup_counts": "counts of the collected data",
    "rollup_days": "counts of the collected data",
    "rollup_marks": "counts of the collected data",
    "rollup_positions": "counts of the collected data",
    "rollup_values": "counts of the collected data",
    "support_message": "stays, and no longer says which environment was looked at",
    "support_reply": "stays with its message",
}


def test_every_table_that_loses_rows_is_told_or_left_out_for_a_reason():
    schema = read_schema()
    goes = {"projects_project"}
    while more := {key.table for key in schema.keys if key.is_sufficient and key.parent in goes} - goes:
        goes |= more
    counted = {rows.table for rows in removal.loose_rows({"environment_id": [], "project_id": []})}

    assert goes - counted - {"projects_project"} == TOLD | set(UNTOLD)


@pytest.mark.parametrize("typed", ["", "staging", "Staging2"])
def test_another_name_deletes_nothing(client, ada, production, staging, typed):
    response = client.post(reverse("projects:environment_delete", args=[staging.app_id]), {"confirm": typed})

    assert "Type Staging exactly" in response.content.decode()
    assert Environment.objects.live().filter(pk=staging.pk).exists()


def test_a_deleted_environment_is_gone_at_once_for_people_and_programs(client, ada, production, staging):
    client.post(reverse("projects:environment_delete", args=[staging.app_id]), {"confirm": "Staging"})

    with connection.cursor() as cursor:
        cursor.execute(ENVIRONMENTS_SQL)
        refuses = {row[0]: row[4] for row in cursor.fetchall()}
    assert refuses == {production.app_id: False, staging.app_id: True}
    assert client.get(reverse("projects:install", args=[staging.app_id])).status_code == 404
    [group] = client.get(reverse("projects:install", args=[production.app_id])).context["switcher_projects"]
    assert [each["environment"] for each in group["environments"]] == [production]


def test_a_job_is_planned_in_the_same_transaction(client, ada, production, staging):
    client.post(reverse("projects:environment_delete", args=[staging.app_id]), {"confirm": "Staging"})

    job = ProcrastinateJob.objects.filter(task_name="projects.remove").latest("id")
    assert job.args == {"removal_id": Removal.objects.get().pk}


def test_its_name_can_be_used_again_at_once(ada, production, staging):
    actions.delete_environment(environment=staging, by=ada)

    added = actions.add_environment(project=production.project, name="Staging", source=production, by=ada)

    assert added.environment.pk != staging.pk


def test_a_removal_leaves_no_row_and_a_receipt(ada, production, staging):
    fill(staging, events=5)
    fill(production)
    before = Event.objects.filter(environment_id=production.pk).count()
    asked = actions.delete_environment(environment=staging, by=ada)

    assert removal.run(asked.pk, seconds=60, step_rows=2)

    assert rows_left(environments=[staging.pk], projects=[]) == []
    asked.refresh_from_db()
    assert (asked.rows["events"], asked.rows["people"], asked.rows["projects_environment"]) == (5, 1, 1)
    assert Activity.objects.get(verb="environment.removed").details["rows"] == asked.rows
    assert Event.objects.filter(environment_id=production.pk).count() == before


def test_a_table_that_somebody_adds_tomorrow_is_emptied_too(ada, production, staging):
    with connection.cursor() as cursor:
        cursor.execute('create table "Added" (environment_id bigint) partition by list (environment_id)')
        cursor.execute('create table "Added rest" partition of "Added" default')
        cursor.execute('insert into "Added" values (%s), (%s), (%s)', [staging.pk, staging.pk, production.pk])
    asked = actions.delete_environment(environment=staging, by=ada)

    assert asked.expected == 2
    assert removal.run(asked.pk, seconds=60, step_rows=1)

    with connection.cursor() as cursor:
        cursor.execute('select environment_id from "Added"')
        assert cursor.fetchall() == [(production.pk,)]
    asked.refresh_from_db()
    assert asked.rows["Added"] == 2


def test_a_removal_that_is_stopped_goes_on_where_it_was(ada, production, staging):
    fill(staging, events=5)
    asked = actions.delete_environment(environment=staging, by=ada)

    assert not removal.run(asked.pk, seconds=-1)
    removal._step(asked.pk, removal.loose_rows(asked.scope)[-1], 1)
    removal.run(asked.pk, seconds=60, step_rows=1)
    removal.run(asked.pk, seconds=60)

    asked.refresh_from_db()
    assert (asked.rows["events"], asked.done_at is not None) == (5, True)


def test_what_arrives_late_is_removed_too(ada, production, staging, monkeypatch):
    monkeypatch.setattr(steps, "SETTLE", timedelta(hours=1))
    asked = actions.delete_environment(environment=staging, by=ada)
    assert not removal.run(asked.pk, seconds=60)
    Event.objects.create(environment_id=staging.pk, time=timezone.now(), id=1, actor_id=1)
    monkeypatch.setattr(steps, "SETTLE", timedelta(0))

    assert removal.run(asked.pk, seconds=60)

    assert rows_left(environments=[staging.pk], projects=[]) == []


def test_nothing_is_removed_while_the_account_is_closed_and_it_goes_on_once_reopened(ada, production, staging):
    fill(staging, events=5)
    asked = actions.delete_environment(environment=staging, by=ada)
    Account.objects.update(closed_at=timezone.now())

    jobs.remove(removal_id=asked.pk)
    assert Event.objects.filter(environment_id=staging.pk).count() == 5

    ProcrastinateJob.objects.all().delete()
    Account.objects.update(closed_at=None)
    jobs.removals(timestamp=0)
    job = ProcrastinateJob.objects.get(task_name="projects.remove")
    jobs.remove(**job.args)
    assert not Environment.objects.filter(pk=staging.pk).exists()


def test_the_receipt_is_not_written_while_a_row_is_left(ada, production, staging):
    fill(staging)
    asked = actions.delete_environment(environment=staging, by=ada)

    assert removal._finish(asked.pk) is False

    asked.refresh_from_db()
    assert asked.done_at is None
    assert Environment.objects.filter(pk=staging.pk).exists()


def test_a_project_goes_with_all_its_environments(client, ada, production, staging):
    fill(production)
    fill(staging)
    ApiKeyFactory(project=production.project)
    other = actions.create_project(account=production.project.account, name="Other", by=ada)
    project = production.project

    client.post(reverse("projects:project_delete", args=[project.pk]), {"confirm": project.name})
    assert removal.run(Removal.objects.get().pk, seconds=60)

    assert rows_left(environments=[production.pk, staging.pk], projects=[project.pk]) == []
    assert list(Project.objects.all()) == [other]


def test_the_last_environment_of_a_project_stays(client, ada, production):
    response = client.post(reverse("projects:environment_delete", args=[production.app_id]), {"confirm": "Production"})

    assert "is the only environment" in response.content.decode()
    assert Environment.objects.live().exists()


def test_the_last_project_of_an_account_stays(client, ada, production):
    project = production.project

    response = client.post(reverse("projects:project_delete", args=[project.pk]), {"confirm": project.name})

    assert "is the only project" in response.content.decode()
    assert Project.objects.live().exists()


def test_progress_is_shown_and_asks_again_until_it_is_done(client, ada, production, staging):
    fill(staging)
    asked = actions.delete_environment(environment=staging, by=ada)
    url = reverse("projects:removals", args=[asked.account_id])
    running = client.get(url).content.decode()
    removal.run(asked.pk, seconds=60)

    done = client.get(url).content.decode()

    assert "0 of about 4 rows" in running
    assert "hx-get" in running
    assert "rows removed" in done
    assert "hx-get" not in done


@pytest.mark.django_db(transaction=True)
@pytest.mark.parametrize("what", ["environment", "project"])
def test_two_at_once_do_not_delete_the_last(what):
    first = EnvironmentFactory()
    account = first.project.account
    ada = MembershipFactory(account=account).user
    if what == "environment":
        second = EnvironmentFactory(project=first.project, name="Staging", is_production=False)
        tries = [lambda each=each: actions.delete_environment(environment=each, by=ada) for each in (first, second)]
    else:
        second = actions.create_project(account=account, name="Other", by=ada)
        tries = [lambda each=each: actions.delete_project(project=each, by=ada) for each in (first.project, second)]

    errors = both_at_once(*tries)

    assert [type(error) for error in errors if error] == [actions.LastOne]
    assert (Environment if what == "environment" else Project).objects.live().count() == 1


def test_the_second_of_two_clicks_deletes_nothing_more(ada, production, staging):
    actions.delete_environment(environment=staging, by=ada)
    actions.create_project(account=production.project.account, name="Other", by=ada)
    actions.delete_project(project=production.project, by=ada)

    for again in (
        lambda: actions.delete_environment(environment=staging, by=ada),
        lambda: actions.delete_project(project=production.project, by=ada),
    ):
        with pytest.raises(actions.BeingDeleted):
            again()

    assert Removal.objects.count() == 2


@pytest.mark.parametrize("what", ["environment_delete", "project_delete"])
def test_the_second_of_two_clicks_that_got_in_before_the_first_was_done_is_told(
    client, ada, production, staging, monkeypatch, what
):
    def is_faster(*args):
        actions.create_project(account=production.project.account, name="Other", by=ada)
        actions.delete_project(project=Project.objects.get(pk=production.project_id), by=ada)
        return ""

    monkeypatch.setattr(delete_question.DeleteQuestion, "problem", is_faster)
    argument = staging.app_id if what == "environment_delete" else production.project_id

    assert client.post(reverse(f"projects:{what}", args=[argument])).status_code == 404
    assert Removal.objects.count() == 1


def test_nothing_is_added_to_a_project_that_is_being_deleted(client, ada, production, monkeypatch):
    project = production.project
    actions.create_project(account=project.account, name="Other", by=ada)
    clean = EnvironmentForm.clean

    def is_faster(form):
        actions.delete_project(project=project, by=ada)
        return clean(form)

    monkeypatch.setattr(EnvironmentForm, "clean", is_faster)
    url = reverse("projects:environment_add", args=[project.pk])

    assert client.post(url, {"name": "Late", "source": production.pk}).status_code == 404
    assert not Environment.objects.filter(name="Late").exists()


@pytest.mark.django_db(transaction=True)
def test_an_environment_that_is_being_added_goes_with_its_project():
    """Else its events would stay behind: nothing but the removal's scope says whose they are."""
    production = EnvironmentFactory()
    project = production.project
    ada = MembershipFactory(account=project.account).user
    actions.create_project(account=project.account, name="Other", by=ada)
    added, deleted = threading.Event(), threading.Event()

    def add():
        with transaction.atomic():
            actions.add_environment(project=project, name="Late", source=production, by=ada)
            added.set()
            assert not deleted.wait(timeout=1)  # deleting waits for this transaction

    def delete():
        added.wait(timeout=10)
        actions.delete_project(project=project, by=ada)
        deleted.set()

    assert both_at_once(add, delete) == [None, None]

    late = Environment.objects.get(name="Late")
    assert late.deleting_at is not None
    assert set(Removal.objects.get().scope["environment_id"]) == {production.pk, late.pk}


def test_home_does_not_lead_into_what_is_being_deleted(client, ada, production, staging, settings):
    client.get(reverse("projects:install", args=[staging.app_id]))
    actions.delete_environment(environment=staging, by=ada)

    response = client.get(reverse("projects:home"))

    assert response.url == reverse(settings.ENVIRONMENT_LANDING, args=[production.app_id])
