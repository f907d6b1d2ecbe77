"""The forms of definitions and segments: reading what was typed, and showing it again."""

from dataclasses import dataclass, field
from typing import Generic, TypeVar

from analytics.definitions.bodies import ClauseGroup, DefinitionBody, SegmentBody
from analytics.forms.choices import Choices
from analytics.forms.controls import Control, Select, plain
from analytics.forms.rows import (
    MATCHES,
    GroupRows,
    SelectionRow,
    flat_group_rows,
    next_number,
    selection_row,
    selection_rows,
)
from analytics.questions.conditions import Condition, Group, Match
from analytics.questions.parameters import Pairs, Reader, write_group, write_selection
from analytics.questions.query import Comparison, Did

MAX_NAME = 200
MAX_NOTES = 10_000
COMPARISONS = plain([(Comparison.AT_LEAST.value, "at least"), (Comparison.AT_MOST.value, "at most")])
Body = TypeVar("Body", DefinitionBody, SegmentBody)


@dataclass(frozen=True)
class Read(Generic[Body]):
    """A form that was read. `body` is None if it could not be read; `raw.errors` says why."""

    raw: Reader
    name: str
    notes: str
    body: Body | None

    @property
    def sound_body(self) -> Body | None:
        """The body, or None if anything in the form is wrong."""
        return None if self.raw.errors else self.body


def read_definition(raw: Reader, *, named: bool = True) -> Read[DefinitionBody]:
    """Read the form. Unless `named`, the name may be missing (for a preview)."""
    selections = tuple(
        selection for prefix in raw.numbered("any") if (selection := raw.selection(prefix, None)) is not None
    )
    body = raw.attempt("any", lambda: DefinitionBody(selections))
    return Read(raw, *name_and_notes(raw, named=named), body)


def read_segment(raw: Reader, *, named: bool = True) -> Read[SegmentBody]:
    groups = tuple(group for prefix in raw.numbered("group") if (group := _clause_group(raw, prefix)).clauses)
    match = raw.choice("match", Match, Match.ALL)
    body = raw.attempt("group", lambda: SegmentBody(groups, match))
    return Read(raw, *name_and_notes(raw, named=named), body)


def name_and_notes(raw: Reader, *, named: bool = True) -> tuple[str, str]:
    """The values of the fields `name` and `notes`. Errors are added to `raw.errors`."""
    name, notes = raw.text("name").strip(), raw.text("notes").strip()
    if named and not name:
        raw.wrong("name", "Give it a name.")
    if len(name) > MAX_NAME or "\0" in name:
        raw.wrong("name", f"A name has at most {MAX_NAME} characters.")
    if len(notes) > MAX_NOTES or "\0" in notes:
        raw.wrong("notes", f"Notes have at most {MAX_NOTES:,} characters.")
    return name, notes


def _clause_group(raw: Reader, prefix: str) -> ClauseGroup:
    where = raw.group(f"{prefix}.where")
    if where.groups:
        raw.wrong(f"{prefix}.where", "Make a group of the segment of each group of conditions.")
    conditions = where.conditions
    dids = tuple(did for each in raw.numbered(f"{prefix}.did") if (did := _did(raw, each)) is not None)
    return ClauseGroup((*conditions, *dids), raw.choice(f"{prefix}.match", Match, Match.ALL))


def _did(raw: Reader, prefix: str) -> Did | None:
    selection = raw.selection(prefix, None)
    comparison = raw.choice(f"{prefix}.comparison", Comparison, Comparison.AT_LEAST)
    times = raw.integer(f"{prefix}.times", 1)
    days = raw.integer(f"{prefix}.days", 0) or None
    if selection is None:
        return None
    return raw.attempt(f"{prefix}.times", lambda: Did(selection, comparison, times, days))


def write_definition(name: str, notes: str, body: DefinitionBody) -> Pairs:
    """The parameters from which `read_definition` reads the same definition."""
    pairs = [("name", name), ("notes", notes)]
    for number, each in enumerate(body.alternatives):
        pairs += write_selection(each, f"any.{number}")
    return pairs


def write_segment(name: str, notes: str, body: SegmentBody) -> Pairs:
    pairs = [("name", name), ("notes", notes), ("match", body.match.value)]
    for number, group in enumerate(body.groups):
        prefix = f"group.{number}"
        pairs.append((f"{prefix}.match", group.match.value))
        conditions = tuple(each for each in group.clauses if isinstance(each, Condition))
        pairs += write_group(Group(conditions), f"{prefix}.where")
        for place, did in enumerate(each for each in group.clauses if isinstance(each, Did)):
            pairs += _write_did(did, f"{prefix}.did.{place}")
    return pairs


def _write_did(did: Did, prefix: str) -> Pairs:
    return [
        *write_selection(did.selection, prefix),
        (f"{prefix}.comparison", did.comparison.value),
        (f"{prefix}.times", str(did.times)),
        (f"{prefix}.days", str(did.days or "")),
    ]


# --- Arranged for the templates --------------------------------------------------------------------------------------


@dataclass(frozen=True)
class DidRow:
    """How often a person did something, and within how many days."""

    prefix: str
    selection: SelectionRow
    comparison: Select
    times: Control
    days: Control


@dataclass(frozen=True)
class ClauseGroupRows:
    """Conditions on the person and on what they did, of which all or any must hold."""

    prefix: str
    match: Select
    where: GroupRows
    dids: tuple[DidRow, ...]
    spare_did: DidRow


@dataclass(frozen=True)
class KeptForm:
    """Name and notes, and the rows of a definition (`any`) or of a segment (`groups`)."""

    name: Control
    notes: Control
    error: str = ""
    any: tuple[SelectionRow, ...] = ()
    spare_any: SelectionRow | None = None
    match: Select | None = None
    groups: tuple[ClauseGroupRows, ...] = ()
    spare_group: ClauseGroupRows | None = None
    errors: dict[str, str] = field(default_factory=dict)


def definition_form(raw: Reader, choices: Choices) -> KeptForm:
    rows, spare = selection_rows(raw, "any", choices.without_session(), "Event", least=1)
    return KeptForm(
        _name(raw), _notes(raw), error=raw.errors.get("any", ""), any=rows, spare_any=spare, errors=raw.errors
    )


def segment_form(raw: Reader, choices: Choices) -> KeptForm:
    used = raw.numbered("group")
    used = [each for each in used if _is_used(raw, each)] or ["group.0"]
    return KeptForm(
        _name(raw),
        _notes(raw),
        error=raw.errors.get("group", ""),
        match=_match(raw, "match", "How many groups must hold"),
        groups=tuple(_group_rows(raw, each, choices) for each in used),
        spare_group=_group_rows(Reader({}), f"group.{next_number(used)}", choices),
        errors=raw.errors,
    )


def _is_used(raw: Reader, prefix: str) -> bool:
    """Whether anything was chosen in the group. Browsers also send the empty spare groups."""
    fields = (f"{each}.field" for each in raw.numbered(f"{prefix}.where"))
    events = (f"{each}.event" for each in raw.numbered(f"{prefix}.did"))
    return any(raw.text(name) for name in (*fields, *events))


def _group_rows(raw: Reader, prefix: str, choices: Choices) -> ClauseGroupRows:
    used = [each for each in raw.numbered(f"{prefix}.did") if raw.text(f"{each}.event")]
    return ClauseGroupRows(
        prefix,
        _match(raw, f"{prefix}.match", "How many of these must hold"),
        flat_group_rows(raw, f"{prefix}.where", choices.people_fields),
        tuple(_did_row(raw, each, choices) for each in used),
        _did_row(Reader({}), f"{prefix}.did.{next_number(used)}", choices),
    )


def _did_row(raw: Reader, prefix: str, choices: Choices) -> DidRow:
    return DidRow(
        prefix,
        selection_row(raw, prefix, choices, "Event"),
        Select(f"{prefix}.comparison", "How often", raw.text(f"{prefix}.comparison", "at_least"), groups=COMPARISONS),
        Control(
            f"{prefix}.times",
            "Times",
            raw.text(f"{prefix}.times", "1"),
            raw.errors.get(f"{prefix}.times", ""),
            type="number",
        ),
        Control(
            f"{prefix}.days",
            "In the last … days",
            raw.text(f"{prefix}.days"),
            raw.errors.get(f"{prefix}.days", ""),
            type="number",
            placeholder="ever",
        ),
    )


def _match(raw: Reader, name: str, label: str) -> Select:
    return Select(name, label, raw.text(name, Match.ALL.value), groups=MATCHES)


def _name(raw: Reader) -> Control:
    return Control("name", "Name", raw.text("name"), raw.errors.get("name", ""))


def _notes(raw: Reader) -> Control:
    return Control("notes", "Notes", raw.text("notes"), raw.errors.get("notes", ""))
