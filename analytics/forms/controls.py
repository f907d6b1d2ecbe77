"""Single controls of a form: a name, a value and an error."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

from analytics.questions.conditions import Source
from analytics.questions.query import PAGEVIEW, SESSION, RefersTo

Option = tuple[str, str]  # value, label
AN_EVENT_FIELD, A_PERSON_FIELD = f"{Source.EVENT}:path", f"{Source.PERSON}:identity"


@dataclass(frozen=True)
class Options:
    """A group of options in a drop-down. Without a title, its options belong to no group."""

    title: str
    options: tuple[Option, ...]


class Pickable(StrEnum):
    """What a drop-down offers a search over (analytics/forms/search.py)."""

    EVENTS = "events"
    EVENTS_ALONE = "events_alone"  # without sessions
    EVENT_FIELDS = "event_fields"
    PEOPLE_FIELDS = "people_fields"
    FIELDS = "fields"  # both

    @property
    def is_of_events(self) -> bool:
        return self in (Pickable.EVENTS, Pickable.EVENTS_ALONE)

    @property
    def has_sessions(self) -> bool:
        return self is Pickable.EVENTS

    @property
    def has_event_fields(self) -> bool:
        return self in (Pickable.EVENT_FIELDS, Pickable.FIELDS)

    @property
    def has_people_fields(self) -> bool:
        return self in (Pickable.PEOPLE_FIELDS, Pickable.FIELDS)

    @property
    def prefix(self) -> str:
        """What a name is that was typed."""
        if self.is_of_events:
            return RefersTo.CUSTOM.value
        return (Source.PROPERTY if self.has_event_fields else Source.USER).value

    @classmethod
    def of(cls, groups: Iterable[Options]) -> "Pickable | None":
        """What these options are some of; None if they are all there is."""
        offered = {value for group in groups for value, _ in group.options}
        if str(PAGEVIEW) in offered:
            return cls.EVENTS if str(SESSION) in offered else cls.EVENTS_ALONE
        has_event_fields, has_people_fields = AN_EVENT_FIELD in offered, A_PERSON_FIELD in offered
        if has_event_fields:
            return cls.FIELDS if has_people_fields else cls.EVENT_FIELDS
        return cls.PEOPLE_FIELDS if has_people_fields else None


@dataclass(frozen=True)
class Control:
    """An input with a name and a value. `suggestions` is the id of a datalist, or the URL that fills one."""

    name: str
    label: str
    value: str = ""
    error: str = ""
    type: str = "text"
    placeholder: str = ""
    label_hidden: bool = False

    @property
    def id(self) -> str:
        return f"id-{self.name}"


@dataclass(frozen=True)
class Select(Control):
    """A drop-down. A value that is not among the options (a property no longer sent) is added to them."""

    groups: tuple[Options, ...] = ()
    missing: str = "{value}"  # the label of such a value

    @property
    def picks(self) -> Pickable | None:
        """What it searches; None for a drop-down that has all there is."""
        return Pickable.of(self.groups)

    @property
    def all_groups(self) -> tuple[Options, ...]:
        if any(value == self.value for group in self.groups for value, _ in group.options):
            return self.groups
        label = self.missing.replace("{value}", self.value.partition(":")[2] or self.value)
        return (Options("", ((self.value, label),)), *self.groups)


@dataclass(frozen=True)
class Check:
    """One of several checkboxes with the same name."""

    name: str
    value: str
    label: str
    checked: bool

    @property
    def id(self) -> str:
        return f"id-{self.name}-{self.value}"


def plain(options: Iterable[Option]) -> tuple[Options, ...]:
    return (Options("", tuple(options)),)


def with_nothing(label: str, groups: tuple[Options, ...]) -> tuple[Options, ...]:
    """The same groups, after an empty choice."""
    return (Options("", (("", label),)), *groups)
