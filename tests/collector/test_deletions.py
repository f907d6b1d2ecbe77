"""Deleting people as programs asked: in steps that can stop anywhere, each counted once, and never forgotten."""

import base64
import uuid

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import Activity
from collector import deletions, jobs
from collector.models import DeletionRequest, DeletionStatus
from events.blocking_writer import store
from events.identity import actor_of
from tests.events.making import event, identified, merges, people, rows
from tests.factories import ApiKeyFactory, EnvironmentFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def environment():
    return EnvironmentFactory()


@pytest.fixture
def staging(environment):
    return EnvironmentFactory(project=environment.project, name="Staging", is_production=False)


@pytest.fixture
def key(environment):
    return ApiKeyFactory(project=environment.project, secret="hak_a-secret")


def collect(environment, *names):
    store([event(name, environment_id=environment.pk) for name in names])


def finish(request) -> DeletionRequest:
    assert deletions.run(request.pk, seconds=60)
    request.refresh_from_db()
    return request


def jobs_of(request):
    return ProcrastinateJob.objects.filter(task_name="collector.delete_people", args={"request_id": str(request.pk)})


def events_left() -> int:
    return rows("select count(*) from events")[0][0]


# --- Steps --------------------------------------------------------------------------------------------------------


def test_a_job_is_planned_in_the_transaction_of_the_request(key):
    request = deletions.ask(key=key, identities=["ann"])

    assert jobs_of(request).count() == 1
    assert request.status == DeletionStatus.PENDING


def test_people_go_in_batches_and_are_dropped_with_each(environment, staging, key, monkeypatch):
    monkeypatch.setattr(deletions, "PEOPLE_AT_ONCE", 2)
    names = [f"person {number}" for number in range(5)]
    collect(environment, *names)
    collect(staging, *names)
    request = deletions.ask(key=key, identities=names)

    left = []
    while not deletions._step(request.pk):
        request.refresh_from_db()
        left.append((request.targets.count(), request.status, events_left()))

    request.refresh_from_db()
    running = DeletionStatus.IN_PROGRESS
    assert left == [(3, running, 6), (1, running, 2), (0, running, 0)]
    assert request.status == DeletionStatus.COMPLETE
    assert request.rows == {"events": 10, "people": 10, "merges": 0}


def test_many_events_of_one_person_go_in_steps(environment, key, monkeypatch):
    monkeypatch.setattr(deletions, "EVENTS_AT_ONCE", 3)
    collect(environment, *["ann"] * 7)
    request = deletions.ask(key=key, identities=["ann"])

    deletions._step(request.pk)
    after_one = (events_left(), request.targets.count())

    assert after_one == (4, 1)
    assert finish(request).rows == {"events": 7, "people": 1, "merges": 0}


def test_a_run_whose_time_is_over_goes_on_by_another_job(environment, key, monkeypatch):
    collect(environment, "ann")
    request = deletions.ask(key=key, identities=["ann"])
    jobs_of(request).delete()
    monkeypatch.setattr(jobs, "SLICE_SECONDS", -1)

    jobs.delete_people(str(request.pk))

    assert events_left() == 1
    assert jobs_of(request).count() == 1


def test_a_run_that_is_killed_between_two_environments_has_counted_what_is_gone(environment, staging, key, monkeypatch):
    collect(environment, "ann", "ann")
    collect(staging, "ann")
    request = deletions.ask(key=key, identities=["ann"])
    erase = deletions.erase

    def killed(environment_id, *args, **kwargs):
        erased = erase(environment_id, *args, **kwargs)
        if environment_id == staging.pk:
            raise KeyboardInterrupt
        return erased

    monkeypatch.setattr(deletions, "erase", killed)
    with pytest.raises(KeyboardInterrupt):
        deletions.run(request.pk, seconds=60)
    request.refresh_from_db()
    before = (request.rows, request.targets.count(), events_left())
    monkeypatch.setattr(deletions, "erase", erase)

    assert before == ({"events": 2, "people": 1, "merges": 0}, 1, 1)
    assert finish(request).rows == {"events": 3, "people": 2, "merges": 0}


def test_a_deletion_whose_job_was_lost_goes_on(environment, key):
    collect(environment, "ann")
    request = deletions.ask(key=key, identities=["ann"])
    jobs_of(request).delete()

    jobs.unfinished(0)
    jobs.delete_people(**jobs_of(request).get().args)
    jobs_of(request).delete()
    jobs.unfinished(0)

    assert events_left() == 0
    assert not jobs_of(request).exists()


def test_two_jobs_of_one_deletion_change_nothing_twice(environment, key):
    collect(environment, "ann")
    request = finish(deletions.ask(key=key, identities=["ann"]))
    done_at = request.done_at
    collect(environment, "ann")

    jobs.delete_people(str(request.pk))

    request.refresh_from_db()
    assert (request.done_at, events_left()) == (done_at, 1)
    assert Activity.objects.filter(verb="person.deleted_by_api").count() == 1


def test_a_deletion_that_is_gone_with_its_project_is_no_error(environment, key):
    request = deletions.ask(key=key, identities=["ann"])
    environment.project.delete()

    jobs.delete_people(str(request.pk))
    jobs.delete_people(str(uuid.uuid4()))

    assert not DeletionRequest.objects.exists()


# --- What comes beside --------------------------------------------------------------------------------------------


def test_what_came_after_the_request_and_before_its_turn_goes_too(environment, key):
    request = deletions.ask(key=key, identities=["ann"])
    collect(environment, "ann")
    store([event(42, environment_id=environment.pk), identified(42, "ann", environment_id=environment.pk)])

    finish(request)

    assert (events_left(), people(), merges()) == (0, {}, {})


def test_what_comes_after_their_turn_stays_though_the_deletion_still_runs(environment, key, monkeypatch):
    monkeypatch.setattr(deletions, "PEOPLE_AT_ONCE", 1)
    collect(environment, "ann", "bea")
    request = deletions.ask(key=key, identities=["ann", "bea"])
    deletions._step(request.pk)

    collect(environment, "ann")
    finish(request)

    assert list(people()) == [actor_of(environment.pk, "ann")]


# --- Ten thousand -------------------------------------------------------------------------------------------------


def test_asking_for_ten_thousand_takes_as_many_statements_as_for_one(key):
    counts = []
    for number in (1, 10_000):
        with CaptureQueriesContext(connection) as captured:
            deletions.ask(key=key, identities=[f"person {n}" for n in range(number)])
        counts.append(len(captured))

    assert counts[0] == counts[1]


def test_a_batch_takes_as_many_statements_for_all_its_people_as_for_one(environment, staging, key):
    counts = []
    for names in (["ann"], [f"person {n}" for n in range(deletions.PEOPLE_AT_ONCE)]):
        collect(environment, *names)
        collect(staging, *names)
        request = deletions.ask(key=key, identities=names)
        with CaptureQueriesContext(connection) as captured:
            deletions._step(request.pk)
        assert not request.targets.exists()
        counts.append(len(captured))

    assert counts[0] == counts[1]
    assert events_left() == 0


def test_ten_thousand_people_are_gone_to_the_last(environment, key):
    names = [f"person {n}" for n in range(10_000)]
    collect(environment, *names, "somebody else")

    request = finish(deletions.ask(key=key, identities=names))

    assert request.rows == {"events": 10_000, "people": 10_000, "merges": 0}
    assert (events_left(), len(people())) == (1, 1)


# --- The other shell ----------------------------------------------------------------------------------------------


def test_under_wsgi_all_three_answer_alike(client, environment, key):
    collect(environment, "ann")
    login = base64.b64encode(f"{environment.app_id}:hak_a-secret".encode()).decode()
    token = client.post("/api/public/v0/auth_token", headers={"Authorization": f"Basic {login}"}).json()
    headers = {"Authorization": f"Bearer {token['access_token']}"}
    asked = client.post(
        "/api/public/v0/user_deletion", {"users": [{"identity": "ann"}]}, "application/json", headers=headers
    )
    request_id = asked.json()["deletion_request_id"]
    assert deletions.run(uuid.UUID(request_id), seconds=60)

    answer = client.get(f"/api/public/v0/deletion_status/{request_id}", headers=headers)

    assert (asked.status_code, answer.status_code) == (201, 200)
    assert answer.json()["rows_deleted"] == {"events": 1, "people": 1, "merges": 0}
