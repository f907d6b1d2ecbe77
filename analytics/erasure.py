"""Deleting all collected data of one person. The receipt is a row of the account's activity."""

from django.db import transaction

from accounts.models import User
from analytics import actions
from analytics.store.current import event_store
from analytics.store.people import ActivityCounts, KnownPerson
from common import jobs
from events import erasure
from projects.models import Environment

TARGET = "a person"  # a receipt must not identify the person


@transaction.atomic
def ask(*, environment: Environment, person: KnownPerson, done: ActivityCounts | None, by: User) -> None:
    """Start a job that deletes this person. `done` is what they did so far; None if that could not be counted."""
    actions.note(environment, by, "person.delete", TARGET, {"events": done.events} if done else {})
    jobs.defer("analytics.erase_person", environment_id=environment.pk, actor_id=person.actor_id, by_id=by.pk)


def erase(environment_id: int, actor_id: int, by_id: int | None) -> dict[str, int]:
    """Delete the events, merges and rows of the person and of their former visitors. Returns rows by table.

    The receipt is written in the same transaction, so its counts are exact. Nothing happens if the environment or the
    person is already gone.
    """
    environment = Environment.objects.select_related("project__account").filter(pk=environment_id).first()
    with transaction.atomic():
        person = event_store().known_person(environment_id, actor_id) if environment else None
        if environment is None or person is None:
            return {}
        gone = erasure.erase(environment_id, [actor_id]).rows
        by = User.objects.filter(pk=by_id).first() if by_id is not None else None
        actions.note(environment, by, "person.deleted", TARGET, gone)
    return gone
