"""The forms of the four questions."""

from collections.abc import Iterable
from dataclasses import dataclass

from analytics.forms.choices import Choices
from analytics.forms.controls import Check, Control, Option, Options, Select, plain, with_nothing
from analytics.forms.rows import GroupRows, SelectionRow, group_rows, selection_row, selection_rows
from analytics.questions.parameters import EVERYONE, Reader
from analytics.questions.query import PAGEVIEW, Counts
from analytics.questions.spans import PRESETS, Unit
from analytics.questions.words import COUNTED

CUSTOM = "custom"
COUNTS = [(each.value, COUNTED[each]) for each in Counts]
UNITS = [(each.value, f"by {each.value}") for each in Unit]
CHARTS = [("line", "as lines"), ("bar", "as bars"), ("table", "as a table")]
WINDOWS = [("minute", "minutes"), ("hour", "hours"), ("day", "days")]


@dataclass(frozen=True)
class SpanControls:
    """The last so many days, or two days of one's own."""

    days: Select
    first: Control
    last: Control


@dataclass(frozen=True)
class Question:
    """What every question has; parts that a kind lacks are None."""

    kind: str
    where: GroupRows
    segments: tuple[Check, ...]
    span: SpanControls | None = None
    compare: tuple[Check, ...] = ()
    counts: Select | None = None
    event: Select | None = None
    by: Select | None = None
    unit: Select | None = None
    chart: Select | None = None
    steps: tuple[SelectionRow, ...] = ()
    spare_step: SelectionRow | None = None
    within: Control | None = None
    within_unit: Select | None = None
    start: SelectionRow | None = None
    returning: SelectionRow | None = None
    search: Control | None = None
    errors: tuple[str, ...] = ()  # those that belong to no control

    @property
    def segments_chosen(self) -> int:
        return sum(each.checked for each in self.segments)

    @property
    def compare_chosen(self) -> int:
        return sum(each.checked for each in self.compare)


def question(kind: str, raw: Reader, choices: Choices) -> Question:
    """The form of this kind, filled with what `raw` holds; `raw.errors` is what parsing found wrong."""
    return BUILDERS[kind](raw, choices)


def _graph(raw: Reader, choices: Choices) -> Question:
    return Question(
        kind="graph",
        counts=_select(raw, "counts", "Measure", plain(COUNTS)),
        event=_select(raw, "event", "Event", choices.events, str(PAGEVIEW)),
        by=_select(raw, "by", "Group by", with_nothing("nothing", choices.all_fields)),
        unit=_select(raw, "unit", "Unit", plain(UNITS), Unit.DAY.value),
        chart=_select(raw, "chart", "Show", plain(CHARTS)),
        span=_span(raw, 30),
        where=group_rows(raw, "where", choices.all_fields),
        segments=_segments(raw, choices),
        compare=_compare(raw, choices),
        errors=_stray(raw, "segment", "compare"),
    )


def _funnel(raw: Reader, choices: Choices) -> Question:
    steps, spare = selection_rows(raw, "step", choices, "Step", least=2)
    return Question(
        kind="funnel",
        steps=steps,
        spare_step=spare,
        within=_control(raw, "within", "Conversion window", "7", "number"),
        within_unit=_select(raw, "within_unit", "Unit", plain(WINDOWS), "day"),
        span=_span(raw, 30),
        where=group_rows(raw, "where", choices.all_fields),
        segments=_segments(raw, choices),
        compare=_compare(raw, choices),
        errors=_stray(raw, "segment", "compare", "step"),
    )


def _retention(raw: Reader, choices: Choices) -> Question:
    units = [(each.value, f"by {each.value}") for each in Unit if each is not Unit.HOUR]
    return Question(
        kind="retention",
        start=selection_row(raw, "start", choices, "They first did", default=str(PAGEVIEW)),
        returning=selection_row(raw, "return", choices, "and came back to do", default=str(PAGEVIEW)),
        unit=_select(raw, "unit", "Unit", plain(units), Unit.WEEK.value),
        span=_span(raw, 90),
        where=group_rows(raw, "where", choices.all_fields),
        segments=_segments(raw, choices),
        errors=_stray(raw, "segment"),
    )


def _users(raw: Reader, choices: Choices) -> Question:
    return Question(
        kind="users",
        search=Control("search", "Identity contains", raw.text("search"), type="search", placeholder="ada@"),
        where=group_rows(raw, "where", choices.people_fields),
        segments=_segments(raw, choices),
        errors=_stray(raw, "segment", "after"),
    )


BUILDERS = {"graph": _graph, "funnel": _funnel, "retention": _retention, "users": _users}


def _select(raw: Reader, name: str, label: str, groups: tuple[Options, ...], default: str | None = None) -> Select:
    if default is None:
        default = groups[0].options[0][0]
    return Select(name, label, raw.text(name) or default, raw.errors.get(name, ""), groups=groups)


def _control(raw: Reader, name: str, label: str, default: str = "", type_: str = "text") -> Control:
    return Control(name, label, raw.text(name, default), raw.errors.get(name, ""), type=type_)


def _span(raw: Reader, default: int) -> SpanControls:
    presets: list[Option] = [(str(days), f"last {days} days") for days in PRESETS]
    days = raw.text("days") or str(default)
    if days != CUSTOM and days.isdecimal() and int(days) not in PRESETS:
        presets.append((days, f"last {int(days):,} days"))
    return SpanControls(
        Select("days", "Range", days, raw.errors.get("days", ""), groups=plain([*presets, (CUSTOM, "from … to …")])),
        _control(raw, "from", "From", type_="date"),
        _control(raw, "to", "To", type_="date"),
    )


def _segments(raw: Reader, choices: Choices) -> tuple[Check, ...]:
    return _checks("segment", choices.segments, raw.all("segment"))


def _compare(raw: Reader, choices: Choices) -> tuple[Check, ...]:
    """Everyone and the segments; nothing to choose where there are no segments."""
    if not choices.segments:
        return ()
    return _checks("compare", [(EVERYONE, "Everyone"), *choices.segments], raw.all("compare"))


def _checks(name: str, options: Iterable[Option], chosen: list[str]) -> tuple[Check, ...]:
    return tuple(Check(name, value, label, value in chosen) for value, label in options)


def _stray(raw: Reader, *names: str) -> tuple[str, ...]:
    """What is wrong with the question as a whole, or with a control that cannot show it."""
    return tuple(raw.errors[name] for name in ("", *names) if name in raw.errors)
