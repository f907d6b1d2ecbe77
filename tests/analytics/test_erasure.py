"""Deleting one person: confirmed by name, done by a job, to the last row, and no other person's rows."""

from datetime import timedelta

import pytest
from django.db import connection
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import Activity
from analytics.erasure import erase
from tests.analytics.rows import add_event, add_person, merge
from tests.factories import EnvironmentFactory


@pytest.fixture
def ada(environment) -> int:
    """A person with events under their identity, and as the visitor they were before."""
    add_person(environment, -7, identity="ada@shop.example", properties={"plan": "gold"})
    merge(environment, 42, -7)
    add_event(environment, actor_id=42, ago=timedelta(days=2))
    add_event(environment, actor_id=-7)
    return -7


def delete(client, environment, actor_id, confirm):
    return client.post(reverse("analytics:person_delete", args=[environment.app_id, actor_id]), {"confirm": confirm})


def rows(environment) -> dict[str, int]:
    counts = {}
    with connection.cursor() as cursor:
        for table in ("events", "merges", "people"):
            cursor.execute(f"select count(*) from {table} where environment_id = %s", [environment.pk])
            counts[table] = cursor.fetchone()[0]
    return counts


def test_the_name_must_be_typed(environment, full, ada):
    response = delete(full, environment, ada, "somebody")

    assert "exactly as it is written" in response.content.decode()
    assert not ProcrastinateJob.objects.exists()


def test_a_job_deletes_what_was_asked_for(environment, full, ada):
    delete(full, environment, ada, "ada@shop.example")
    job = ProcrastinateJob.objects.get(task_name="analytics.erase_person")

    erase(**job.args)

    assert rows(environment) == {"events": 0, "merges": 0, "people": 0}


def test_the_receipt_counts_the_rows_and_names_nobody(environment, full, ada):
    erase(environment.pk, ada, full.user.pk)

    receipt = Activity.objects.get(verb="person.deleted")
    assert (receipt.by, receipt.target) == (full.user, "a person")
    assert {key: receipt.details[key] for key in ("events", "merges", "people")} == {
        "events": 2,
        "merges": 1,
        "people": 1,
    }
    assert "ada" not in str(receipt.details)


def test_others_stay_here_and_elsewhere(environment, full, ada):
    elsewhere = EnvironmentFactory()
    add_person(elsewhere, -7, identity="ada@shop.example")
    add_event(elsewhere, actor_id=-7)
    add_person(environment, 43)
    add_event(environment, actor_id=43)

    erase(environment.pk, ada, full.user.pk)

    assert rows(environment) == {"events": 1, "merges": 0, "people": 1}
    assert rows(elsewhere) == {"events": 1, "merges": 0, "people": 1}


def test_a_second_run_finds_nobody_and_leaves_no_second_receipt(environment, full, ada):
    erase(environment.pk, ada, full.user.pk)

    assert erase(environment.pk, ada, full.user.pk) == {}
    assert Activity.objects.filter(verb="person.deleted").count() == 1


def test_an_environment_that_is_gone_is_no_error(db):
    assert erase(10**9, 7, None) == {}
