"""Undoing a carry-over (carry.py), once."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from django.db import transaction
from django.utils import timezone

from accounts.models import User
from analytics.definitions.lineages import LineageKey, unreferenced
from analytics.environments.carry import MAX_NAMES, note, rows_of, save, things
from analytics.models import MODELS, Carry
from projects.models import Environment


class Undone(Exception):
    """It has already been undone."""


@dataclass(frozen=True)
class UndoReceipt:
    """How many things were deleted or restored, and which ones stay because they changed since or others use them."""

    undone: int
    left: list[str]


@transaction.atomic
def undo(*, carried: Carry, by: User) -> UndoReceipt:
    """Undo what was carried over. Things that were changed since, or that others use, stay as they are.

    Raises Undone if it has already been undone.
    """
    locked = Carry.objects.select_for_update(of=("self",)).select_related("environment__project__account")
    carried = locked.get(pk=carried.pk)
    if carried.undone_at is not None:
        raise Undone
    environment = carried.environment
    Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)
    changes = {LineageKey(each["noun"], UUID(each["lineage"])): each for each in carried.changes}
    there = _locked_rows(environment, changes)
    unchanged = {key for key, row in there.items() if _is_as_carried(row, changes[key])}
    before = {key: changes[key]["before"] for key in unchanged if changes[key]["before"] is not None}
    new = _unused(environment, unchanged - set(before), before)
    left = sorted(row.name for key, row in there.items() if key not in before and key not in new)
    _restore([(key, there[key]) for key in before], before, by)
    _remove([(key, there[key]) for key in new])
    carried.undone_at = timezone.now()
    carried.save(update_fields=["undone_at"])
    receipt = UndoReceipt(len(before) + len(new), left)
    details = {"from": carried.source_name, "undone": receipt.undone, "left": left[:MAX_NAMES]}
    note(environment, by, "environment.carry_undo", details)
    return receipt


def _is_as_carried(row: Any, change: dict[str, Any]) -> bool:
    return bool(row.version == change["version"] and row.tags == change.get("tags", row.tags))


def _locked_rows(environment: Environment, keys: Iterable[LineageKey]) -> dict[LineageKey, Any]:
    """The rows that still exist, locked."""
    found = {}
    for noun in MODELS:
        lineages = [key.lineage for key in keys if key.noun == noun]
        found.update(
            {LineageKey(noun, row.lineage): row for row in rows_of(noun, environment, lineages).select_for_update()}
        )
    return found


def _unused(environment: Environment, new: set[LineageKey], before: dict[LineageKey, Any]) -> set[LineageKey]:
    """Those of `new` that no remaining thing refers to, once the bodies in `before` are restored."""
    bodies = {thing.key: thing.body for thing in things(environment)}
    return unreferenced(new, bodies | {key: content["body"] for key, content in before.items()})


def _restore(rows: list[tuple[LineageKey, Any]], before: dict[LineageKey, Any], by: User) -> None:
    for noun in MODELS:
        contents = {key.lineage: before[key] for key, _ in rows if key.noun == noun}
        save(noun, [row for key, row in rows if key.noun == noun], contents, by)


def _remove(rows: list[tuple[LineageKey, Any]]) -> None:
    for noun, model in MODELS.items():
        model._default_manager.filter(pk__in=[row.pk for key, row in rows if key.noun == noun]).delete()
