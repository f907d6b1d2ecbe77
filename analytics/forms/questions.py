"""The parts of question forms that the kinds of questions share (analytics/kinds)."""

from collections.abc import Iterable
from dataclasses import dataclass

from analytics.forms.choices import Choices
from analytics.forms.controls import Check, Control, Option, Options, Select, plain, with_nothing
from analytics.forms.rows import GroupRows
from analytics.questions.before import Before
from analytics.questions.parameters import EVERYONE, Reader
from analytics.questions.periods import PAST, RUNNING, Period
from analytics.questions.spans import PRESETS, Unit
from common.counted import counted

CUSTOM = "custom"
UNITS = plain((each.value, f"by {each.value}") for each in Unit)
BEFORE = with_nothing("nothing", plain((each.value, each.label) for each in Before))
UNITS_OF_DAYS = plain((each.value, f"by {each.value}") for each in Unit if each is not Unit.HOUR)


@dataclass(frozen=True)
class SpanControls:
    """Controls for a span: last days, a named period, or a first and a last day; and without what is not over."""

    days: Select
    first: Control
    last: Control
    over: Check
    before: Select | None = None  # what it is compared with, where it can be


@dataclass(frozen=True)
class ChecksMenu:
    """Checkboxes behind one button. `help` is a line above them."""

    label: str
    help: str
    checks: tuple[Check, ...]

    @property
    def chosen(self) -> int:
        return sum(each.checked for each in self.checks)


@dataclass(frozen=True)
class QuestionForm:
    """The parts that every question's form has. Each kind adds its own controls."""

    span: SpanControls | None  # beside the sentence; None if the question has no range
    where: GroupRows
    menus: tuple[ChecksMenu, ...]
    errors: tuple[str, ...]  # errors that belong to no control


def select(raw: Reader, name: str, label: str, groups: tuple[Options, ...], default: str | None = None) -> Select:
    if default is None:
        default = groups[0].options[0][0]
    return Select(name, label, raw.text(name) or default, raw.errors.get(name, ""), groups=groups)


def control(raw: Reader, name: str, label: str, default: str = "", type_: str = "text") -> Control:
    return Control(name, label, raw.text(name, default), raw.errors.get(name, ""), type=type_)


def span_controls(raw: Reader, default: int, *, compares: bool = False) -> SpanControls:
    presets: list[Option] = [(str(days), f"last {days} days") for days in PRESETS]
    days = raw.text("days") or str(default)
    if days != CUSTOM and days.isdecimal() and int(days) not in PRESETS:
        presets.append((days, "today" if int(days) == 1 else f"last {counted(int(days), 'day')}"))
    groups = (
        Options("Up to today", tuple(presets)),
        Options("Of now", tuple((each.value, each.label) for each in RUNNING)),
        Options("Before", tuple((each.value, each.label) for each in PAST)),
        Options("Others", ((Period.ALL.value, Period.ALL.label), (CUSTOM, "from … to …"))),
    )
    return SpanControls(
        Select("days", "Range", days, raw.errors.get("days", ""), groups=groups),
        control(raw, "from", "From", type_="date"),
        control(raw, "to", "To", type_="date"),
        Check("over", "1", "Leave out what is not over", bool(raw.text("over"))),
        select(raw, "before", "Compare with", BEFORE) if compares else None,
    )


def menus(raw: Reader, choices: Choices, *, compare: bool) -> tuple[ChecksMenu, ...]:
    """Menus of segments to filter by and, with `compare`, to compare. Without segments there are no menus."""
    if not choices.segments:
        return ()
    people = _checks("segment", choices.segments, raw)
    found = [ChecksMenu("Only people in", "Only people in all of these segments", people)]
    if compare:
        sides = _checks("compare", [(EVERYONE, "Everyone"), *choices.segments], raw)
        found.append(ChecksMenu("Compare", "Compare up to four segments", sides))
    return tuple(found)


def _checks(name: str, options: Iterable[Option], raw: Reader) -> tuple[Check, ...]:
    chosen = raw.all(name)
    return tuple(Check(name, value, label, value in chosen) for value, label in options)


def stray(raw: Reader, *names: str) -> tuple[str, ...]:
    """Errors of the question as a whole, or of a control that cannot show them."""
    return tuple(raw.errors[name] for name in ("", *names) if name in raw.errors)
