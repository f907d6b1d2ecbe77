"""Deletes the people that a program names, with all their data, in all environments of its API key's project.

Works in steps (common/steps.py): the next run continues with the people who are not erased yet.
"""

import uuid
from collections.abc import Sequence
from contextlib import AbstractContextManager

from django.db import transaction
from django.utils import timezone

from accounts import activity
from collector.models import DeletionRequest, DeletionTarget
from common import jobs, steps
from common.counted import counted
from events.erasure import erase
from events.identity import actor_of
from projects.models import ApiKey, Environment

PEOPLE_AT_ONCE = 500
EVENTS_AT_ONCE = 5_000


@transaction.atomic
def ask(*, key: ApiKey, identities: Sequence[str]) -> DeletionRequest:
    """Request the deletion of these people, whether or not they are known here. Each identity counts once."""
    each_once = list(dict.fromkeys(identities))
    request = DeletionRequest.objects.create(api_key=key, people=len(each_once))
    DeletionTarget.objects.bulk_create(DeletionTarget(request=request, identity=identity) for identity in each_once)
    _note(request, "person.delete_by_api")
    jobs.defer_once("collector.delete_people", request_id=str(request.pk))
    return request


def run(request_id: uuid.UUID, *, seconds: float) -> bool:
    """Continue a deletion for about `seconds`. True if it is done, or was itself deleted with its project.

    Several runs at once are safe.
    """
    try:
        return steps.run([lambda: not _step(request_id)], seconds=seconds)
    except DeletionRequest.DoesNotExist:
        return True


def _step(request_id: uuid.UUID) -> bool:
    """Erase the next people, or some of their events. True if no people are left."""
    targets = list(DeletionTarget.objects.filter(request=request_id).order_by("pk")[:PEOPLE_AT_ONCE])
    if not targets:
        return _finish(request_id)
    environments = Environment.objects.filter(project__api_keys__deletion_requests=request_id).order_by("pk")
    for environment_id in list(environments.values_list("pk", flat=True)):
        people = [actor_of(environment_id, target.identity) for target in targets]
        if not _erase(request_id, environment_id, people):
            return False
    DeletionTarget.objects.filter(pk__in=[target.pk for target in targets]).delete()
    return False


def _erase(request_id: uuid.UUID, environment_id: int, people: Sequence[int]) -> bool:
    """Erase people in one environment, and count the deleted rows. False if they still have events."""
    with _locked(request_id) as request:
        erased = erase(environment_id, people, most_events=EVENTS_AT_ONCE)
        steps.count_in(request.rows, erased.rows)
        request.started_at = request.started_at or timezone.now()
        request.save(update_fields=["rows", "started_at"])
    return erased.is_complete


def _finish(request_id: uuid.UUID) -> bool:
    with _locked(request_id) as request:
        if request.done_at is None:
            request.done_at = timezone.now()
            request.started_at = request.started_at or request.done_at
            request.save(update_fields=["started_at", "done_at"])
            _note(request, "person.deleted_by_api")
    return True


def _locked(request_id: uuid.UUID) -> AbstractContextManager[DeletionRequest]:
    """Raises DeletionRequest.DoesNotExist."""
    return steps.locked(DeletionRequest.objects.select_related("api_key__project__account"), request_id)


def _note(request: DeletionRequest, verb: str) -> None:
    """Record the deletion in the account's activity, with numbers but no identities."""
    project = request.api_key.project
    activity.record(
        account=project.account,
        by=None,
        program=f"API key {request.api_key.name}",
        verb=verb,
        target=counted(request.people, "person"),
        details={"project": project.name, "request": str(request.pk)} | request.rows,
        project_number=project.pk,
    )
