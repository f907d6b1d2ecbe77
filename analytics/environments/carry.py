"""Carrying definitions, segments, reports and dashboards over from one environment of a project into another.

Their dependencies are carried along. A clash is a counterpart that differs. The choice about clashes also applies to
dependencies, so that a report carried over with "replace" means the same in both environments.
"""

import uuid
from collections.abc import Iterable
from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import Any

from django.db import transaction
from django.utils import timezone

from accounts import activity
from accounts.models import User
from analytics.dashboards.kept import OVERVIEW, saved_dashboards
from analytics.definitions.lineages import DASHBOARD, DEFINITION, REPORT, LineageKey, references, rewrite
from analytics.environments.compare import EnvironmentComparison, PairState, Thing, compare
from analytics.models import MAX_DASHBOARDS, MODELS, Carry, Dashboard, Definition, Report, Segment
from projects.models import Environment

MAX_NAME = 200
MAX_NAMES = 50  # listed in the activity
BATCH = 1000
KeptRow = Definition | Segment | Report | Dashboard


class Clash(StrEnum):
    """What to do with a counterpart that differs."""

    KEEP_BOTH = "keep_both"
    REPLACE = "replace"
    SKIP = "skip"


class NotPossible(Exception):
    """A definition would contain itself, or there would be more than MAX_DASHBOARDS. The message says so."""


@dataclass
class Receipt:
    """The names of what was done. `same`: the target already had an equal one; `skipped`: it clashed."""

    created: list[str] = field(default_factory=list)
    replaced: list[str] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    same: list[str] = field(default_factory=list)

    def __str__(self) -> str:
        """ "3 carried over, 1 replaced, 2 skipped"."""
        parts = [("carried over", self.created), ("replaced", self.replaced), ("skipped", self.skipped)]
        words = [f"{len(names):,} {what}" for what, names in parts if names]
        return ", ".join(words) or "Nothing to carry over: it is there already"


def things(environment: Environment) -> list[Thing]:
    """All definitions, segments, reports and dashboards of an environment, read with a statement for each noun."""
    found = []
    for noun, model in MODELS.items():
        columns = ["lineage", "name", "notes", "tags", "body", *(["kind"] if noun == REPORT else [])]
        rows = model._default_manager.filter(environment=environment).order_by("name", "pk").values(*columns)
        found += [Thing(noun, **row | {"tags": tuple(row["tags"])}) for row in rows]
    return found


@transaction.atomic
def carry(
    *, source: Environment, target: Environment, chosen: Iterable[LineageKey], clash: Clash, by: User
) -> tuple[Receipt, Carry | None]:
    """Carry the `chosen` things of `source`, and what they depend on, over into `target`, in one transaction.

    Returns the receipt, and the Carry that can be undone (None if nothing was done). Keys that `source` lacks are
    ignored. Raises NotPossible, and ValueError unless the environments are two of one project.
    """
    if source.project_id != target.project_id or source.pk == target.pk:
        raise ValueError("these are not two environments of one project")
    Environment.objects.select_for_update(no_key=True).get(pk=target.pk)
    plan = _Plan(compare(things(source), things(target)), source.name, clash)
    for key in chosen:
        plan.add(key)
    _make_room(target, {key.lineage for key in plan.created if key.noun == DASHBOARD})
    changes = _write(plan, target, by)
    if not changes:
        return plan.receipt, None
    _refuse_circles(target)
    done = Carry.objects.create(environment=target, source_name=source.name, changes=changes, by=by)
    note(target, by, "environment.carry_over", {"from": source.name} | _bounded(plan.receipt))
    return plan.receipt, done


class _Plan:
    """What to do with each thing. Dependencies come before the things that need them."""

    def __init__(self, comparison: EnvironmentComparison, source_name: str, clash: Clash) -> None:
        self.comparison = comparison
        self.suffix = f" (from {source_name})"
        self.clash = clash
        self.receipt = Receipt()
        self.mapping = dict(comparison.mapping)
        self.created: dict[LineageKey, Thing] = {}  # by their key in the target
        self.replaced: dict[LineageKey, Thing] = {}  # by the key of what they replace
        self._seen: set[LineageKey] = set()

    def add(self, key: LineageKey) -> None:
        """Plan this thing and what it depends on."""
        waiting = [key]
        while waiting:
            key = waiting.pop()
            pair = self.comparison.by_key.get(key)
            if key in self._seen or pair is None or pair.there is None:
                continue
            self._seen.add(key)
            self._decide(pair.there, pair.here, pair.state)
            waiting += references(pair.there.body)

    def _decide(self, thing: Thing, counterpart: Thing | None, state: PairState) -> None:
        if state is PairState.SAME:
            self.receipt.same.append(thing.name)
        elif counterpart is None:
            self.created[thing.key] = thing
            self.receipt.created.append(thing.name)
        elif self.clash is Clash.SKIP:
            self.receipt.skipped.append(thing.name)
        elif self.clash is Clash.REPLACE:
            self.replaced[counterpart.key] = thing
            self.receipt.replaced.append(thing.name)
        else:
            self._keep_both(thing)

    def _keep_both(self, thing: Thing) -> None:
        new = LineageKey(thing.noun, uuid.uuid4())
        self.mapping[thing.key] = new
        name = thing.name[: MAX_NAME - len(self.suffix)] + self.suffix
        self.created[new] = replace(thing, lineage=new.lineage, name=name)
        self.receipt.created.append(thing.name)

    def content(self, thing: Thing) -> dict[str, Any]:
        """The fields that a thing gets in the target."""
        return content_of(thing, thing.noun) | {"body": rewrite(thing.body, self.mapping)}


def content_of(kept: KeptRow | Thing, noun: str) -> dict[str, Any]:
    """The fields that are carried over, of a row or of what was read of it."""
    content = {"name": kept.name, "notes": kept.notes, "tags": list(kept.tags), "body": kept.body}
    if noun == REPORT and isinstance(kept, Report | Thing):
        content["kind"] = kept.kind
    return content


def _write(plan: _Plan, target: Environment, by: User) -> list[dict[str, Any]]:
    """Execute a plan with a few statements per table. Returns the changes as a Carry stores them."""
    changes = []
    for noun, model in MODELS.items():
        made: list[Any] = [
            model(environment=target, lineage=key.lineage, created_by=by, changed_by=by, **plan.content(thing))
            for key, thing in plan.created.items()
            if key.noun == noun
        ]
        model._default_manager.bulk_create(made, batch_size=BATCH)
        changes += [_change(noun, row, None) for row in made]
        contents = {key.lineage: plan.content(thing) for key, thing in plan.replaced.items() if key.noun == noun}
        rows = list(rows_of(noun, target, contents).select_for_update())
        befores = [content_of(row, noun) for row in rows]
        save(noun, rows, contents, by)
        changes += [_change(noun, row, before) for row, before in zip(rows, befores, strict=True)]
    return changes


def _change(noun: str, row: KeptRow, before: dict[str, Any] | None) -> dict[str, Any]:
    """As a Carry stores it. Tags change without a new version, so that they are noted beside it."""
    written = {"version": row.version, "tags": row.tags}
    return {"noun": noun, "lineage": str(row.lineage), **written, "before": before}


def rows_of(noun: str, environment: Environment, lineages: Iterable[uuid.UUID]) -> Any:
    return MODELS[noun]._default_manager.filter(environment=environment, lineage__in=list(lineages)).order_by("pk")


def save(noun: str, rows: list[Any], contents: dict[uuid.UUID, dict[str, Any]], by: User) -> None:
    """Write these fields and the next version into `rows`, which the caller has locked."""
    names = {name for content in contents.values() for name in content}
    for row in rows:
        for name, value in contents[row.lineage].items():
            setattr(row, name, value)
        row.version, row.changed_by, row.changed_at = row.version + 1, by, timezone.now()
    if rows:
        fields = [*sorted(names), "version", "changed_by", "changed_at"]
        MODELS[noun]._default_manager.bulk_update(rows, fields, batch_size=BATCH)


def _make_room(environment: Environment, new: set[uuid.UUID]) -> None:
    """Raises NotPossible if there is no room for new dashboards. The Overview that nobody has saved yet stays."""
    if new and OVERVIEW not in new:
        saved_dashboards(environment)
    if new and environment.dashboards.count() + len(new) > MAX_DASHBOARDS:
        raise NotPossible(f"There would be more than {MAX_DASHBOARDS} dashboards. Nothing was carried over.")


def _refuse_circles(environment: Environment) -> None:
    """Raises NotPossible if a definition of this environment contains itself, directly or through others."""
    made_of = {
        LineageKey(DEFINITION, lineage): [(name, key) for key in references(body)]
        for lineage, name, body in environment.definitions.values_list("lineage", "name", "body")
    }
    state: dict[LineageKey, bool] = {}  # False while it is being checked, True once it has no circle
    for start in made_of:
        path = [(start, iter(made_of[start]))]
        if start in state:
            continue
        state[start] = False
        while path:
            key, rest = path[-1]
            name, inner = next(rest, ("", None))
            if inner is None:
                state[key] = True
                path.pop()
            elif state.get(inner) is False:
                raise NotPossible(f"{name} would be made of itself. Nothing was carried over.")
            elif inner not in state:
                state[inner] = False
                path.append((inner, iter(made_of.get(inner, []))))


def _bounded(receipt: Receipt) -> dict[str, Any]:
    """The receipt for the activity, with counts and the first names of each kind."""
    found = {what: getattr(receipt, what) for what in ("created", "replaced", "skipped")}
    return {what: {"count": len(names), "names": names[:MAX_NAMES]} for what, names in found.items() if names}


def note(environment: Environment, by: User, verb: str, details: dict[str, Any]) -> None:
    """Record a carry-over, or its undoing, in the account's activity."""
    project = environment.project
    activity.record(
        account=project.account,
        by=by,
        verb=verb,
        target=f"{project.name} › {environment.name}",
        details=details,
        project_number=project.pk,
    )
