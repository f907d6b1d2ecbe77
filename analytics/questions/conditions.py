"""Conditions on events and people (one field, one operator, one value or a list), and groups of conditions."""

import csv
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass
from enum import StrEnum

from common import web_addresses
from common.bidi import unturned
from common.numbers import NUMBER

MAX_CONDITIONS = 20
MAX_VALUE = 1024
MAX_LISTED = 100  # values in a list
MAX_LIST = 8_000  # characters of it; a longer one would not fit into a URL


class BadQuery(Exception):
    """A question that makes no sense. The message is for people. `at` names the URL parameter, if it is known."""

    def __init__(self, message: str, at: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.at = at


def read_value(field: "Field", value: str) -> str:
    """A value of the field as people read it."""
    return web_addresses.read(field.key, value) if field.source is Source.EVENT else value


class Source(StrEnum):
    """Where a field's value is found."""

    EVENT = "event"  # a column that every event has
    PROPERTY = "property"  # sent with the event
    USER = "user"  # property of the person, with its present value
    PERSON = "person"  # known of every person: their identity


EVENT_FIELDS = {  # column: label
    "name": "Event name",
    "path": "Path",
    "title": "Title",
    "domain": "Domain",
    "query": "Query",
    "hash": "Hash",
    "referrer": "Referrer",
    "target_text": "Target text",
    "target_href": "Href",
    "target_id": "Element id",
    "target_class": "Element class",
    "target_tag": "Element tag",
    "target_hierarchy": "Hierarchy",
    "platform": "Platform",
    "browser": "Browser",
    "os": "Operating system",
    "device": "Device",
    "utm_source": "UTM source",
    "utm_medium": "UTM medium",
    "utm_campaign": "UTM campaign",
    "utm_term": "UTM term",
    "utm_content": "UTM content",
    "kind": "Kind",
}
PERSON_FIELDS = {"identity": "Identity"}


@dataclass(frozen=True)
class Field:
    """A value of events or people. Its text form is `<source>:<key>`: "event:path", "property:plan", "user:plan"."""

    source: Source
    key: str

    def __post_init__(self) -> None:
        known = {Source.EVENT: EVENT_FIELDS, Source.PERSON: PERSON_FIELDS}.get(self.source)
        if not self.key or len(self.key) > MAX_VALUE or "\0" in self.key or (known and self.key not in known):
            raise BadQuery(f"There is no field “{self.key}”.")

    def __str__(self) -> str:
        return f"{self.source}:{self.key}"

    @classmethod
    def parse(cls, text: str) -> "Field":
        source, _, key = text.partition(":")
        try:
            return cls(Source(source), key)
        except ValueError as error:
            raise BadQuery("Choose a field.") from error

    @property
    def label(self) -> str:
        """The name that people see."""
        labels = EVENT_FIELDS if self.source is Source.EVENT else PERSON_FIELDS
        return labels.get(self.key) or unturned(self.key)

    @property
    def is_of_people(self) -> bool:
        return self.source in (Source.USER, Source.PERSON)


class Operator(StrEnum):
    """All compare text exactly, with capitals. For a missing value, only those hold whose name says NOT or NONE."""

    IS = "is"
    IS_NOT = "is_not"
    ONE_OF = "one_of"  # is any of the values in a list
    NONE_OF = "none_of"
    CONTAINS = "contains"
    NOT_CONTAINS = "not_contains"
    MATCHES = "matches"  # matches the whole text; * stands for any characters
    EXISTS = "exists"
    NOT_EXISTS = "not_exists"
    GREATER = "greater"  # compares numbers; a text that is a number counts as a number
    LESS = "less"

    @property
    def label(self) -> str:
        return OPERATOR_LABELS[self]

    @property
    def takes_value(self) -> bool:
        return self not in (Operator.EXISTS, Operator.NOT_EXISTS)

    @property
    def takes_list(self) -> bool:
        return self in (Operator.ONE_OF, Operator.NONE_OF)

    @property
    def is_numeric(self) -> bool:
        return self in (Operator.GREATER, Operator.LESS)


OPERATOR_LABELS = {
    Operator.IS: "is",
    Operator.IS_NOT: "is not",
    Operator.ONE_OF: "is one of",
    Operator.NONE_OF: "is none of",
    Operator.CONTAINS: "contains",
    Operator.NOT_CONTAINS: "does not contain",
    Operator.MATCHES: "matches (with *)",
    Operator.EXISTS: "exists",
    Operator.NOT_EXISTS: "does not exist",
    Operator.GREATER: "is greater than",
    Operator.LESS: "is less than",
}


@dataclass(frozen=True)
class Condition:
    """`value` is one value, or several as `read_list` reads them."""

    field: Field
    operator: Operator
    value: str = ""

    def __post_init__(self) -> None:
        if not self.operator.takes_value:
            object.__setattr__(self, "value", "")
        if self.operator.takes_list:
            listed = read_list(_short_enough(self.value))
            if not listed:
                raise BadQuery(f"{self.field.label} {self.operator.label}: give values, with commas between them.")
            if len(listed) > MAX_LISTED:
                raise BadQuery(f"A list has at most {MAX_LISTED} values.")
            object.__setattr__(self, "value", _short_enough(write_list(listed)))  # so that it reads back
        if any(len(each) > MAX_VALUE or "\0" in each for each in self.values):
            raise BadQuery(f"A value has at most {MAX_VALUE:,} characters.")
        if self.operator.is_numeric and not re.fullmatch(NUMBER, self.value):
            raise BadQuery(f"{self.field.label} {self.operator.label}: give a number.")

    @property
    def values(self) -> tuple[str, ...]:
        return read_list(self.value) if self.operator.takes_list else (self.value,)

    @property
    def spellings(self) -> tuple[str, ...]:
        """Its values, in all the ways in which they may be stored: addresses beyond ASCII have several."""
        if self.field.source is not Source.EVENT:
            return self.values
        return tuple(
            dict.fromkeys(each for value in self.values for each in web_addresses.spellings(self.field.key, value))
        )


def _short_enough(text: str) -> str:
    if len(text) > MAX_LIST:
        raise BadQuery(f"A list has at most {MAX_LIST:,} characters.")
    return text


def read_list(text: str) -> tuple[str, ...]:
    """The values of a list that somebody typed, each once: `a, b, "c, d"` are three. Empty ones are left out."""
    rows = csv.reader(io.StringIO(text, newline=""), skipinitialspace=True)
    return tuple(dict.fromkeys(value for row in rows for each in row if (value := each.strip())))


def write_list(values: tuple[str, ...]) -> str:
    """The text from which `read_list` reads these values."""
    return ", ".join(_quoted(each) if re.search('[",\r\n]', each) else each for each in values)


def _quoted(value: str) -> str:
    doubled = value.replace('"', '""')
    return f'"{doubled}"'


class Match(StrEnum):
    ALL = "all"
    ANY = "any"


@dataclass(frozen=True)
class Group:
    """Conditions, and groups of conditions, of which all or any must hold. An empty group lets everything pass.

    The groups in it are one level deep. Empty ones are dropped.
    """

    conditions: tuple[Condition, ...] = ()
    match: Match = Match.ALL
    groups: tuple["Group", ...] = ()

    def __post_init__(self) -> None:
        object.__setattr__(self, "groups", tuple(each for each in self.groups if each))
        if any(each.groups for each in self.groups):
            raise BadQuery("Groups of conditions are one level deep.", "where")
        if len(list(self.every())) > MAX_CONDITIONS:
            raise BadQuery(f"At most {MAX_CONDITIONS} conditions.", "where")
        if not self:
            object.__setattr__(self, "match", Match.ALL)

    def __bool__(self) -> bool:
        return bool(self.conditions or self.groups)

    def every(self) -> Iterator[Condition]:
        """All its conditions, those in its groups among them."""
        yield from self.conditions
        for group in self.groups:
            yield from group.conditions
