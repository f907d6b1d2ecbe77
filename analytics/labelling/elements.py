"""An element of a page as the tracker captures it, and the page. Pure."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from functools import cached_property

from analytics.questions.conditions import BadQuery

MAX_TEXT = 1024  # characters, as the collector cuts them
MAX_HIERARCHY = 4096
MOST_LEVELS = 100  # the innermost: pages are not that deep, but everybody may send what looks like it
MOST_PARTS = 100  # of a level: id, classes, attributes


@dataclass(frozen=True)
class Level:
    """One element of a hierarchy: `@button;#buy;.btn;[type=submit];|`."""

    tag: str
    id: str = ""
    classes: tuple[str, ...] = ()
    attributes: Mapping[str, str] = field(default_factory=dict, hash=False)

    @property
    def words(self) -> str:
        """As a selector would say it, in short."""
        return self.tag + (f"#{self.id}" if self.id else "".join(f".{each}" for each in self.classes[:3]))


@dataclass(frozen=True)
class Element:
    """Its texts are empty where there are none."""

    tag: str = ""
    text: str = ""
    href: str = ""
    id: str = ""
    classes: str = ""
    hierarchy: str = ""

    @property
    def columns(self) -> dict[str, str]:
        """By the names that conditions have for them, without empty ones."""
        found = {COLUMNS[each.name]: getattr(self, each.name) for each in fields(self)}
        return {name: value for name, value in found.items() if value}

    @cached_property
    def levels(self) -> tuple[Level, ...]:
        """From the outermost to the element itself; none if the hierarchy is not known."""
        return levels(self.hierarchy)

    @classmethod
    def read(cls, sent: object) -> "Element":
        """Raises BadQuery."""
        texts = _texts(sent, "element", MAX_HIERARCHY)
        names = {"classes": "class"}
        return cls(
            **{
                each.name: texts.get(names.get(each.name, each.name), "")[
                    : MAX_HIERARCHY if each.name == "hierarchy" else MAX_TEXT
                ]
                for each in fields(cls)
            }
        )


COLUMNS = {
    "tag": "target_tag",
    "text": "target_text",
    "href": "target_href",
    "id": "target_id",
    "classes": "target_class",
    "hierarchy": "target_hierarchy",
}


@dataclass(frozen=True)
class PagePlace:
    """A page of a site. `hash` is its fragment with the #."""

    domain: str = ""
    path: str = ""
    title: str = ""
    hash: str = ""

    @property
    def route(self) -> str:
        """The fragment, where it says which page it is; else empty."""
        return self.hash if re.match("#!?/", self.hash) else ""

    @property
    def columns(self) -> dict[str, str]:
        found = {"domain": self.domain, "path": self.path, "title": self.title, "hash": self.hash}
        return {name: value for name, value in found.items() if value}

    @classmethod
    def read(cls, sent: object) -> "PagePlace":
        """Raises BadQuery."""
        texts = _texts(sent, "page", MAX_TEXT)
        return cls(*(texts.get(each.name, "") for each in fields(cls)))


def levels(hierarchy: str) -> tuple[Level, ...]:
    """In one pass, whatever somebody sent: a search for the @ of each level would begin anew at every @."""
    found = (each.partition("@")[2].partition(";") for each in hierarchy.split("|")[:-1])
    whole = [(tag, rest) for tag, mark, rest in found if mark]
    return tuple(_level(tag, rest) for tag, rest in whole[-MOST_LEVELS:])


def _level(tag: str, rest: str) -> Level:
    parts = rest.split(";")[:-1][:MOST_PARTS]
    named = (each[1:-1].partition("=") for each in parts if each.startswith("[") and each.endswith("]"))
    return Level(
        tag,
        next((each[1:] for each in parts if each.startswith("#")), ""),
        tuple(each[1:] for each in parts if each.startswith(".")),
        {name: value for name, mark, value in named if mark},
    )


def _texts(sent: object, what: str, most: int) -> dict[str, str]:
    """The texts of a JSON object as the collector stores them: without NUL and half surrogates, cut."""
    if not isinstance(sent, dict):
        raise BadQuery(f"Send the {what} as an object.", what)
    return {name: storable(value)[:most] for name, value in sent.items() if isinstance(value, str)}


def storable(text: str) -> str:
    return text.replace("\0", "").encode(errors="replace").decode()
