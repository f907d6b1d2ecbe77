"""Single controls: a name, what is in it, and what is wrong with it."""

from collections.abc import Iterable
from dataclasses import dataclass

Option = tuple[str, str]  # value, label


@dataclass(frozen=True)
class Options:
    """A group of a drop-down; without a title its options stand on their own."""

    title: str
    options: tuple[Option, ...]


@dataclass(frozen=True)
class Control:
    """Anything with a name and a value. `suggestions` is the id of a datalist or the URL that fills one."""

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
    """A drop-down. A value that is not offered (a property nobody sends any more) is offered as well."""

    groups: tuple[Options, ...] = ()
    missing: str = "{value}"  # how such a value is called

    @property
    def all_groups(self) -> tuple[Options, ...]:
        if any(value == self.value for group in self.groups for value, _ in group.options):
            return self.groups
        label = self.missing.replace("{value}", self.value.partition(":")[2] or self.value)
        return (Options("", ((self.value, label),)), *self.groups)


@dataclass(frozen=True)
class Check:
    """One box of several with the same name."""

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
    """The same, after an empty choice."""
    return (Options("", (("", label),)), *groups)
