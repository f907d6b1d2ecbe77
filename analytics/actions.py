"""Changes to definitions, segments, reports, notes on names. Saving an old version raises `Conflict`."""

from collections.abc import Callable, Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

from django.db import connection, transaction
from django.db.models import F
from django.utils import timezone

from accounts import activity
from accounts.models import User
from analytics.definitions import used_by
from analytics.definitions.bodies import FIXED_SEGMENT, DefinitionBody, SegmentBody
from analytics.definitions.catalogue_names import CatalogueName
from analytics.definitions.tags import changed_tags
from analytics.models import (
    MAX_MEMBERS,
    MODELS,
    MOST_MEMBERS,
    MOST_NOTES,
    Definition,
    NameNote,
    Report,
    Segment,
    SegmentMember,
)
from analytics.questions.parameters import as_lists
from analytics.questions.query import Query
from common.bidi import unturned
from projects.models import Environment

MAX_NAMES = 50  # listed in the activity
ADD_MEMBERS = """
insert into analytics_segmentmember (environment_id, lineage, actor_id)
select %s, %s, actor from unnest(%s::bigint[]) as one(actor)
"""
K = TypeVar("K", Definition, Segment, Report)


class Conflict(Exception):
    """Another person saved in the meantime. `current` is what they saved."""

    def __init__(self, current: Definition | Segment | Report) -> None:
        super().__init__(f"{current} was changed meanwhile")
        self.current = current


class Gone(Exception):
    """Another person deleted it in the meantime."""


class TooManyNotes(Exception):
    """The environment has MOST_NOTES notes on names, so there is no room for further ones."""


class TooManyMembers(Exception):
    """The fixed segments of the environment would have more than MOST_MEMBERS people."""


class InUse(Exception):
    """`users` refer to it, so deleting it needs a confirmation."""

    def __init__(self, users: used_by.UsedBy) -> None:
        super().__init__("in use")
        self.users = users


@transaction.atomic
def create_definition(
    *, environment: Environment, name: str, body: DefinitionBody, notes: str = "", by: User
) -> Definition:
    """Raises BadQuery if the body refers to anything that this environment lacks."""
    used_by.check_definition(environment, body)
    return _create(Definition(environment=environment, name=name, notes=notes, body=body.to_json()), by)


@transaction.atomic
def change_definition(
    *, definition: Definition, name: str, body: DefinitionBody, notes: str, version: int, by: User
) -> Definition:
    """`version` is the edited one. Raises Conflict, Gone and BadQuery (also if it would contain itself)."""
    _lock_definitions(definition.environment)
    used_by.check_definition(definition.environment, body, itself=definition.lineage)
    return _change(definition, version, by, name=name, notes=notes, body=body.to_json())


@transaction.atomic
def delete_definition(*, definition: Definition, by: User, although_used: bool = False) -> None:
    """Raises InUse if something refers to it, unless `although_used`."""
    _refuse_used(used_by.users_of_definition(definition), although_used)
    _delete(definition, by)


@transaction.atomic
def create_segment(*, environment: Environment, name: str, body: SegmentBody, notes: str = "", by: User) -> Segment:
    """Raises BadQuery if the body refers to anything that this environment lacks."""
    used_by.check_segment(environment, body)
    return _create(Segment(environment=environment, name=name, notes=notes, body=body.to_json()), by)


@transaction.atomic
def create_fixed_segment(
    *, environment: Environment, name: str, people: Sequence[int], notes: str = "", by: User
) -> Segment:
    """A segment of these people, at most MAX_MEMBERS, who stay in it. Raises TooManyMembers."""
    people = people[:MAX_MEMBERS]
    if SegmentMember.objects.filter(environment_id=environment.pk).count() + len(people) > MOST_MEMBERS:
        raise TooManyMembers
    saved = _create(Segment(environment=environment, name=name, notes=notes, body=FIXED_SEGMENT.to_json()), by)
    with connection.cursor() as cursor:
        cursor.execute(ADD_MEMBERS, [environment.pk, saved.lineage, list(people)])
    return saved


@transaction.atomic
def change_segment(*, segment: Segment, name: str, body: SegmentBody, notes: str, version: int, by: User) -> Segment:
    """Raises Conflict, Gone and BadQuery."""
    used_by.check_segment(segment.environment, body)
    return _change(segment, version, by, name=name, notes=notes, body=body.to_json())


@transaction.atomic
def delete_segment(*, segment: Segment, by: User, although_used: bool = False) -> None:
    """Raises InUse if a report refers to it, unless `although_used`."""
    _refuse_used(used_by.users_of_segment(segment), although_used)
    _delete(segment, by)


@transaction.atomic
def create_report(*, environment: Environment, name: str, query: Query, notes: str = "", by: User) -> Report:
    """Raises BadQuery if the query refers to anything that this environment lacks."""
    used_by.check_query(environment, query)
    report = Report(environment=environment, name=name, notes=notes, kind=query.kind, body=report_body(query))
    return _create(report, by)


@transaction.atomic
def change_report(*, report: Report, query: Query, version: int, by: User) -> Report:
    """Save another query under the same name. Raises Conflict, Gone and BadQuery."""
    used_by.check_query(report.environment, query)
    return _change(report, version, by, kind=query.kind, body=report_body(query))


@transaction.atomic
def rename_report(*, report: Report, name: str, notes: str, version: int, by: User) -> Report:
    """Raises Conflict and Gone."""
    return _change(report, version, by, name=name, notes=notes)


@transaction.atomic
def delete_report(*, report: Report, by: User) -> None:
    _delete(report, by)


@transaction.atomic
def change_tags(
    *,
    environment: Environment,
    noun: str,
    lineages: Iterable[UUID],
    add: Sequence[str] = (),
    remove: Sequence[str] = (),
    by: User,
) -> list[str]:
    """Give these definitions, segments or reports some tags, and take others away. Returns the names of the changed.

    Raises BadTags if one would have too many; then none is changed.
    """
    model: Any = MODELS[noun]._default_manager
    found = model.filter(environment=environment, lineage__in=list(lineages)).order_by("pk")
    changed = []
    for row in found.select_for_update():
        if (tags := changed_tags(row.tags, add, remove)) != row.tags:
            row.tags = tags
            changed.append(row)
    if changed:
        model.bulk_update(changed, ["tags"], batch_size=500)
        details = {"added": ", ".join(add), "taken away": ", ".join(remove)}
        _note_several(environment, by, f"{noun}.tag", changed, {what: tags for what, tags in details.items() if tags})
    return [row.name for row in changed]


@transaction.atomic
def delete_several(*, environment: Environment, noun: str, lineages: Iterable[UUID], by: User) -> used_by.BulkDeletion:
    """Delete these definitions, segments or reports, but for those that something uses which stays."""
    deletion = used_by.bulk_deletion(environment, noun, lineages)
    MODELS[noun]._default_manager.filter(environment=environment, pk__in=[row.pk for row in deletion.goes]).delete()
    if deletion.goes:
        _note_several(environment, by, f"{noun}.delete", deletion.goes)
    return deletion


@transaction.atomic
def describe_name(*, environment: Environment, name: CatalogueName, description: str, by: User) -> None:
    def is_other(note: NameNote) -> bool:
        return note.description != description

    _write_notes(environment, [name], by, "name.describe", is_other, description=description)


@transaction.atomic
def hide_names(*, environment: Environment, names: Sequence[CatalogueName], hidden: bool, by: User) -> int:
    """Offer these names nowhere, or offer them again. Returns how many were not so before."""

    def is_other(note: NameNote) -> bool:
        return note.is_hidden != hidden

    return _write_notes(environment, names, by, "name.hide" if hidden else "name.show", is_other, is_hidden=hidden)


@transaction.atomic
def verify_names(*, environment: Environment, names: Sequence[CatalogueName], verified: bool, by: User) -> int:
    """Mark these names as checked, or take the mark away. Returns how many were not so before."""

    def is_other(note: NameNote) -> bool:
        return (note.verified_at is not None) != verified

    verb, at = ("name.verify", timezone.now()) if verified else ("name.unverify", None)
    return _write_notes(environment, names, by, verb, is_other, verified_at=at, verified_by=by if verified else None)


def _write_notes(
    environment: Environment,
    names: Sequence[CatalogueName],
    by: User,
    verb: str,
    is_other: Callable[[NameNote], bool],
    **fields: Any,
) -> int:
    """Write these fields of the notes that say something else, and no others, because they may be written meanwhile.

    A note that says nothing any more goes. Returns how many changed. Raises TooManyNotes.
    """
    kept = NameNote.objects.filter(environment=environment)
    of_names = kept.filter(name__in=[name.name for name in names])
    wanted = {(name.kind, name.name) for name in names}
    new = wanted.difference(of_names.values_list("kind", "name"))
    if new and kept.count() + len(new) > MOST_NOTES:
        raise TooManyNotes
    notes = [NameNote(environment=environment, kind=name.kind, name=name.name) for name in sorted(names, key=str)]
    NameNote.objects.bulk_create(notes, ignore_conflicts=True)
    found = [note for note in of_names.order_by("pk").select_for_update() if (note.kind, note.name) in wanted]
    changed = [note for note in found if is_other(note)]
    if changed:
        of_changed = kept.filter(pk__in=[note.pk for note in changed])
        of_changed.update(**fields, changed_at=timezone.now(), changed_by=by)
        details = {"description": fields["description"]} if "description" in fields else None
        _note_several(environment, by, verb, changed, details)
    kept.filter(pk__in=[note.pk for note in found], description="", is_hidden=False, verified_at=None).delete()
    return len(changed)


def report_body(query: Query) -> dict[str, Any]:
    """The parameters of a query, as a report stores them."""
    return {"parameters": [list(pair) for pair in query.parameters()]}


def parameters_of(report: Report) -> dict[str, list[str]]:
    """The URL parameters of a report, as parameters.parse reads them."""
    return as_lists(report.body["parameters"])


def _lock_definitions(environment: Environment) -> None:
    """Lock the definitions, because two concurrent changes could form a circle that neither forms alone."""
    with connection.cursor() as cursor:
        cursor.execute("select pg_advisory_xact_lock(hashtext('definitions'), %s)", [environment.pk % 2**31])


def _create(kept: K, by: User) -> K:
    kept.created_by = kept.changed_by = by
    kept.save(force_insert=True)
    note(kept.environment, by, f"{_noun(kept)}.create", kept.name)
    return kept


def _change(kept: K, version: int, by: User, **fields: Any) -> K:
    """Write these fields if `version` is still the saved version."""
    same = type(kept).objects.filter(environment=kept.environment, pk=kept.pk)
    changed = same.filter(version=version).update(
        **fields, version=F("version") + 1, changed_by=by, changed_at=timezone.now()
    )
    current = same.select_related("environment__project__account").first()
    if current is None:
        raise Gone
    if not changed:
        raise Conflict(current)
    note(current.environment, by, f"{_noun(kept)}.change", current.name)
    return current


def _delete(kept: Definition | Segment | Report, by: User) -> None:
    if kept.pk is not None and type(kept).objects.filter(environment=kept.environment, pk=kept.pk).delete()[0]:
        note(kept.environment, by, f"{_noun(kept)}.delete", kept.name)


def _refuse_used(users: used_by.UsedBy, although_used: bool) -> None:
    if users and not although_used:
        raise InUse(users)


def _noun(kept: Definition | Segment | Report) -> str:
    return type(kept).__name__.lower()


def _note_several(
    environment: Environment,
    by: User,
    verb: str,
    rows: Sequence[Definition | Segment | Report | NameNote],
    details: dict[str, Any] | None = None,
) -> None:
    """One line of the activity for all of them, with the first names in its details."""
    name, *others = [unturned(row.name) for row in rows]
    if not others:
        return note(environment, by, verb, name, details)
    names = {"all": {"count": len(rows), "names": [name, *others][:MAX_NAMES]}}
    return note(environment, by, verb, f"{name[:200]} and {len(others):,} more", names | (details or {}))


def note(
    environment: Environment,
    by: User | None,
    verb: str,
    target: str,
    details: dict[str, Any] | None = None,
    program: str = "",
) -> None:
    """Record it in the account's activity, with the project and the environment in its details."""
    project = environment.project
    activity.record(
        account=project.account,
        by=by,
        verb=verb,
        target=target,
        details={"project": project.name, "environment": environment.name} | (details or {}),
        program=program,
        project_number=project.pk,
    )
