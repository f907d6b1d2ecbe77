"""What was captured on one page, as a tree of its elements. Pure.

Names that programs made up are left out, so that two builds of a page are one tree. Elements for which the same
definition would be proposed are one.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlencode

from analytics.labelling.elements import Element, Level, PagePlace
from analytics.labelling.generated import is_made_up, is_telling_class
from analytics.labelling.picture import Picture, of_element
from analytics.labelling.proposal import Proposal, propose, words
from analytics.questions.conditions import Group
from analytics.questions.parameters import write_selection
from analytics.questions.query import EventReference, RefersTo, Selection
from common.bidi import unturned

MOST_DEPTH = 8  # then the levels that are left are one
MOST_WORDS = 60  # characters of a level


@dataclass
class Captured:
    """An element with what is proposed for it, and how often this happened to it."""

    kind: str
    proposal: Proposal
    picture: Picture
    events: int = 0

    @property
    def name(self) -> str:
        return self.proposal.name

    @property
    def words(self) -> str:
        """The conditions that are proposed."""
        return ", ".join(words(each) for each in self.proposal.conditions)

    @property
    def definition(self) -> str:
        """The form of a new definition, filled in: the part of its URL after the question mark."""
        return urlencode([("name", self.name), *write_selection(self._selection, "any.0")])

    @property
    def graph(self) -> str:
        """The same of a graph."""
        return urlencode([*write_selection(self._selection, "series.0"), ("days", "30")])

    @property
    def _selection(self) -> Selection:
        return Selection(EventReference(RefersTo.KIND, self.kind), Group(self.proposal.conditions))


@dataclass
class Branch:
    """Elements inside each other. `events` are those of all that is in it."""

    words: str
    events: int = 0
    branches: list["Branch"] = field(default_factory=list)
    captured: list[Captured] = field(default_factory=list)


def tree(kind: str, page: PagePlace, elements: Iterable[tuple[Element, int]]) -> Branch:
    """The root, without words. `elements` with how often `kind` happened to each; the most frequent come first."""
    root = _Node()
    for element, events in elements:
        proposal = propose(kind, element, page)
        levels = [_words(each) for each in element.levels[:-1]]
        root.at(levels).add(Captured(kind, proposal, of_element(element)), events)
    return root.branch("", 0)


class _Node:
    """A level while the tree grows."""

    def __init__(self) -> None:
        self.inner: dict[str, _Node] = {}
        self.captured: dict[tuple[object, ...], Captured] = {}

    def at(self, levels: list[str]) -> "_Node":
        node = self
        for each in levels:
            node = node.inner.setdefault(each, _Node())
        return node

    def add(self, captured: Captured, events: int) -> None:
        key = (captured.picture, *(each.condition for each in captured.proposal.offered if each.ticked))
        self.captured.setdefault(key, captured).events += events

    def branch(self, words: str, depth: int) -> Branch:
        """Levels with nothing but one other level in them are one with it."""
        if depth >= MOST_DEPTH:
            made = Branch(words, captured=list(self._all()))
        else:
            inner = [_short(each, node) for each, node in self.inner.items()]
            made = Branch(words, captured=list(self.captured.values()))
            made.branches = [node.branch(each, depth + 1) for each, node in inner]
        made.captured.sort(key=lambda each: -each.events)
        made.branches.sort(key=lambda each: -each.events)
        made.events = sum(each.events for each in made.captured) + sum(each.events for each in made.branches)
        return made

    def _all(self) -> Iterator[Captured]:
        waiting = [self]
        while waiting:
            node = waiting.pop()
            yield from node.captured.values()
            waiting += node.inner.values()


def _short(says: str, node: _Node) -> tuple[str, _Node]:
    """The levels from this one down to the first that has more than one thing in it, in one line."""
    passed = [says]
    while not node.captured and len(node.inner) == 1:
        [(inner, node)] = node.inner.items()
        passed.append(inner)
    shown = passed if len(passed) <= 4 else [passed[0], "…", *passed[-2:]]
    return " › ".join(shown), node


def _words(level: Level) -> str:
    """As a selector: `form#order`, `div.cart`."""
    says = level.tag
    if level.id and not is_made_up(level.id):
        says += f"#{level.id}"
    else:
        says += "".join(f".{each}" for each in level.classes if is_telling_class(each))[: MOST_WORDS // 2]
    says = unturned(says)
    return says if len(says) <= MOST_WORDS else f"{says[: MOST_WORDS - 1]}…"
