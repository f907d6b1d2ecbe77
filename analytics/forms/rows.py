"""Rows that repeat: conditions, groups of them, and selections (an event with conditions)."""

from dataclasses import dataclass, replace

from analytics.forms.choices import Choices
from analytics.forms.controls import Control, Options, Select, plain, with_nothing
from analytics.questions.conditions import Match, Operator
from analytics.questions.parameters import Reader

OPERATORS = plain((each.value, f"{each.label} (a, b, …)" if each.takes_list else each.label) for each in Operator)
MATCHES = plain([(Match.ALL.value, "all"), (Match.ANY.value, "any one")])


@dataclass(frozen=True)
class ConditionRow:
    """Field, operator, value."""

    prefix: str
    field: Select
    operator: Select
    value: Control

    @property
    def errors(self) -> list[str]:
        return [each.error for each in (self.field, self.operator, self.value) if each.error]


@dataclass(frozen=True)
class GroupRows:
    """Conditions, and groups of them, of which all or any must hold. The last of each is an empty spare.

    A group in a group has no groups, and no spare one.
    """

    prefix: str
    match: Select
    rows: tuple[ConditionRow, ...]
    spare: ConditionRow
    error: str
    groups: tuple["GroupRows", ...] = ()
    spare_group: "GroupRows | None" = None

    @property
    def has_several(self) -> bool:
        """Whether it matters if all of them must hold, or any one."""
        return len(self.rows) + len(self.groups) > 1


@dataclass(frozen=True)
class SelectionRow:
    """An event and its conditions."""

    prefix: str
    number: int
    event: Select
    where: GroupRows


def condition_row(raw: Reader, prefix: str, fields: tuple[Options, ...]) -> ConditionRow:
    return ConditionRow(
        prefix,
        Select(
            f"{prefix}.field",
            "Property",
            raw.text(f"{prefix}.field"),
            raw.errors.get(f"{prefix}.field", ""),
            label_hidden=True,
            groups=with_nothing("Choose a property", fields),
        ),
        Select(
            f"{prefix}.op",
            "Comparison",
            raw.text(f"{prefix}.op", Operator.IS.value),
            raw.errors.get(f"{prefix}.op", ""),
            label_hidden=True,
            groups=OPERATORS,
        ),
        Control(
            f"{prefix}.value",
            "Value",
            raw.text(f"{prefix}.value"),
            raw.errors.get(f"{prefix}.value", ""),
            label_hidden=True,
        ),
    )


def group_rows(raw: Reader, prefix: str, fields: tuple[Options, ...]) -> GroupRows:
    """The rows and groups that have a field, and a spare one each. Those without a field are earlier spares."""
    inner = f"{prefix}.group"
    used = [each for each in raw.numbered(inner) if _used_rows(raw, each)]
    return replace(
        flat_group_rows(raw, prefix, fields),
        groups=tuple(flat_group_rows(raw, each, fields) for each in used),
        spare_group=flat_group_rows(Reader({}), f"{inner}.{next_number(used)}", fields),
    )


def _used_rows(raw: Reader, prefix: str) -> list[str]:
    return [each for each in raw.numbered(prefix) if raw.text(f"{each}.field")]


def flat_group_rows(raw: Reader, prefix: str, fields: tuple[Options, ...]) -> GroupRows:
    """The same without groups in it."""
    used = _used_rows(raw, prefix)
    rows = tuple(condition_row(raw, each, fields) for each in used)
    spare = condition_row(Reader({}), f"{prefix}.{next_number(used)}", fields)
    match = Select(
        f"{prefix}.match", "of these must hold", raw.text(f"{prefix}.match", Match.ALL.value), groups=MATCHES
    )
    return GroupRows(prefix, match, rows, spare, raw.errors.get(prefix, ""))


def selection_row(
    raw: Reader, prefix: str, choices: Choices, label: str, number: int = 0, default: str = ""
) -> SelectionRow:
    event = Select(
        f"{prefix}.event",
        label,
        raw.text(f"{prefix}.event", default),
        raw.errors.get(f"{prefix}.event", ""),
        groups=choices.events if default else with_nothing("Choose an event", choices.events),
        missing="{value} (no longer there)",
    )
    return SelectionRow(prefix, number, event, group_rows(raw, f"{prefix}.where", choices.event_fields))


def selection_rows(
    raw: Reader, prefix: str, choices: Choices, label: str, least: int = 0
) -> tuple[tuple[SelectionRow, ...], SelectionRow]:
    """The rows "<prefix>.N" that have an event, at least `least` of them, and a spare one."""
    used = [each for each in raw.numbered(prefix) if raw.text(f"{each}.event")]
    while len(used) < least:
        used.append(f"{prefix}.{next_number(used)}")
    rows = tuple(
        selection_row(raw, each, choices, f"{label} {place}", place) for place, each in enumerate(used, start=1)
    )
    spare_number = len(used) + 1
    spare = selection_row(Reader({}), f"{prefix}.{next_number(used)}", choices, f"{label} {spare_number}", spare_number)
    return rows, spare


def next_number(prefixes: list[str]) -> int:
    """A number N that no "<prefix>.N" in `prefixes` has."""
    return max((int(each.rpartition(".")[2]) for each in prefixes), default=-1) + 1
