"""Single controls of a form: a name, a value and an error."""

from collections.abc import Iterable
from dataclasses import dataclass

Option = tuple[str, str]  # value, label


@dataclass(frozen=True)
class Options:
    """A group of options in a drop-down. Without a title, its options belong to no group."""

    title: str
    options: tuple[Option, ...]


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
