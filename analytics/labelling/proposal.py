"""From one element to the conditions of a definition, neither too narrow nor too wide. Pure.

What stays the same over builds and visits goes first: id, name, href, text, a telling class. The first of these that
the element has is ticked, with its tag; the others are offered. All hold for the element itself.
"""

import re
from collections.abc import Iterator
from dataclasses import dataclass

from analytics.labelling.elements import Element, Level, PagePlace
from analytics.labelling.generated import counted, is_made_up, is_telling_class, varies
from analytics.questions.conditions import Condition, Field, Operator, Source, read_value
from common.bidi import unturned

REDACTED = "****"
LONGEST_TEXT = 80  # characters that are likely to stay the same
MOST_CLASSES = 3
MOST_LEVELS = 3  # of the hierarchy, where nothing else tells
MAX_VALUE = 1024
MAX_NAME = 80
LISTED = {"this": "This page", "like": "Pages like this", "all": "All pages"}
DEEDS = {"click": "Click on", "change": "Change of", "submit": "Submit of"}


@dataclass(frozen=True)
class Offered:
    """A condition to be ticked. `is_strong`: it tells the element from all others, on whichever page."""

    condition: Condition
    ticked: bool = False
    is_strong: bool = False


@dataclass(frozen=True)
class PageScope:
    """On which pages: `name` is a key of LISTED."""

    name: str
    words: str
    conditions: tuple[Condition, ...] = ()


@dataclass(frozen=True)
class Proposal:
    name: str
    offered: tuple[Offered, ...]
    scopes: tuple[PageScope, ...]
    scope: str

    @property
    def conditions(self) -> tuple[Condition, ...]:
        """What is ticked, with the conditions of the proposed scope."""
        [scope] = [each for each in self.scopes if each.name == self.scope]
        return (*(each.condition for each in self.offered if each.ticked), *scope.conditions)


def propose(kind: str, element: Element, page: PagePlace) -> Proposal:
    """`kind` is a key of DEEDS."""
    found = list(_telling(element))
    best = next((each for each in found if each.is_strong), found[0] if found else None)
    tag = [Offered(_is("target_tag", element.tag), ticked=True)] if element.tag else []
    offered = [*tag, *(Offered(each.condition, each is best, each.is_strong) for each in found)]
    offered += [Offered(_is("domain", page.domain))] if page.domain else []
    scopes = tuple(_scopes(page))
    is_strong = best is not None and best.is_strong
    varied = any(varies(each) for each in (page.route or page.path).split("/"))
    names = [each.name for each in scopes]
    wanted = "all" if is_strong else "like" if varied and "like" in names else "this"
    return Proposal(_name(kind, element), tuple(offered), scopes, wanted if wanted in names else "all")


# --- The element ------------------------------------------------------------------------------------------------------
def _telling(element: Element) -> Iterator[Offered]:
    """What tells this element from others, the strongest first."""
    levels = element.levels
    own = levels[-1] if levels else Level(element.tag)
    if element.id and len(element.id) < MAX_VALUE:
        yield from _by_id(element.id)
    name = own.attributes.get("name", "")
    if name and not is_made_up(name):
        yield Offered(_contains("target_hierarchy", f"[name={name}];"), is_strong=True)
    yield from _by_href(element.href)
    yield from _by_text(element.text)
    classes = [each for each in element.classes.split() if is_telling_class(each)]
    yield from (Offered(_contains("target_class", each)) for each in sorted(classes, key=_length)[:MOST_CLASSES])
    around = next((each.id for each in reversed(levels[:-1]) if each.id and not is_made_up(each.id)), "")
    if around and counted(around) is None:
        yield Offered(_contains("target_hierarchy", f"#{around};"))
    if len(levels) > 1:
        yield Offered(_matches("target_hierarchy", "*" + "".join(f"@{each.tag};*|" for each in levels[-MOST_LEVELS:])))


def _length(name: str) -> tuple[int, str]:
    return -len(name), name


def _by_id(name: str) -> Iterator[Offered]:
    if (sort := counted(name)) is not None:
        yield Offered(_matches("target_id", sort))
    elif not is_made_up(name):
        yield Offered(_is("target_id", name), is_strong=True)


def _by_href(href: str) -> Iterator[Offered]:
    """A link leads to one thing (strong), or to one of many."""
    if not href or href.startswith("#") or len(href) >= MAX_VALUE:
        return
    rest, mark, _ = href.partition("?")
    host = re.match(r"(?:[A-Za-z][A-Za-z0-9+.-]*:)?//[^/?#]*", rest)
    start = host[0] if host else ""
    pattern = start + wildcard(rest[len(start) :]) + (f"{mark}*" if mark else "")
    if pattern == href:
        yield Offered(_is("target_href", href), is_strong=True)
    elif re.search("[A-Za-z0-9]", pattern[len(start) :]):
        yield Offered(_matches("target_href", pattern))


def _by_text(text: str) -> Iterator[Offered]:
    """Numbers in a text change. A text without letters says nothing."""
    if text == REDACTED or len(text) > LONGEST_TEXT or not any(each.isalpha() for each in text):
        return
    pattern = re.sub(r"[0-9]+(?:[.,:][0-9]+)*", "*", text)
    yield Offered(_is("target_text", text) if pattern == text else _matches("target_text", pattern))


# --- The pages --------------------------------------------------------------------------------------------------------
def _scopes(page: PagePlace) -> Iterator[PageScope]:
    column, place = ("hash", page.route) if page.route else ("path", page.path)
    if place:
        yield _scope("this", _is(column, place), page)
        if (pattern := siblings(place)) is not None:
            yield _scope("like", _matches(column, pattern), page)
    yield PageScope("all", LISTED["all"])


def _scope(name: str, condition: Condition, page: PagePlace) -> PageScope:
    conditions = (condition, *([_is("path", page.path)] if page.route and page.path else []))
    shown = unturned(read_value(condition.field, condition.value))
    return PageScope(name, f"{LISTED[name]}: {shown}", conditions)


def wildcard(path: str) -> str:
    """The path with a * for each part that names one of many things."""
    return "/".join("*" if varies(each) else each for each in path.split("/"))


def siblings(path: str) -> str | None:
    """The pattern of pages like this one; None if that would be this page alone, or all pages."""
    pattern = wildcard(path)
    if pattern != path:
        return pattern
    head, _, tail = path.rstrip("/").rpartition("/")
    if not tail or not re.search("[A-Za-z0-9]", head):
        return None
    return f"{head}/*" + ("/" if path.endswith("/") else "")


# --- Words ------------------------------------------------------------------------------------------------------------
def _name(kind: str, element: Element) -> str:
    text = "" if element.text == REDACTED else element.text
    named = element.levels[-1].attributes.get("name", "") if element.levels else ""
    shown = text or named or element.id or element.href or element.tag
    return f"{DEEDS[kind]} {unturned(shown) or 'an element'}"[:MAX_NAME].strip()


def words(condition: Condition) -> str:
    """As in "Target text is “Buy”"."""
    head = f"{condition.field.label} {condition.operator.label}"
    if not condition.operator.takes_value:
        return head
    return f"{head} “{unturned(read_value(condition.field, condition.value))}”"


# --- Conditions -------------------------------------------------------------------------------------------------------
def _is(column: str, value: str) -> Condition:
    return Condition(Field(Source.EVENT, column), Operator.IS, value)


def _contains(column: str, value: str) -> Condition:
    return Condition(Field(Source.EVENT, column), Operator.CONTAINS, value)


def _matches(column: str, value: str) -> Condition:
    return Condition(Field(Source.EVENT, column), Operator.MATCHES, value)
