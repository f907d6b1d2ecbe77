"""Comparing what two environments keep: the same, different, or on one side only. Pure: no database access.

Pairs are found by lineage first, because copies keep it; then, for things made by hand on both sides, by name and body,
by body, and by name. Bodies are equal if their references lead to counterparts.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from enum import StrEnum
from functools import cached_property
from typing import Any
from uuid import UUID

import orjson

from analytics.definitions.lineages import NOUNS, LineageKey, rewrite


@dataclass(frozen=True)
class Thing:
    """A definition, a segment, a report or a dashboard as it is stored. Only reports have a `kind`."""

    noun: str
    lineage: UUID
    name: str
    notes: str
    body: Any = field(hash=False)
    kind: str = ""
    tags: tuple[str, ...] = ()

    @property
    def key(self) -> LineageKey:
        return LineageKey(self.noun, self.lineage)


class PairState(StrEnum):
    SAME = "same"
    DIFFERS = "differs"
    THERE = "there"  # only in the other environment; it can be carried over
    HERE = "here"  # only in this one


@dataclass(frozen=True)
class Pair:
    """A thing `there`, in the other environment, and its counterpart `here`. One of them may be missing."""

    there: Thing | None
    here: Thing | None
    state: PairState

    @property
    def thing(self) -> Thing:
        """The thing that gives the pair its name."""
        thing = self.there or self.here
        assert thing is not None
        return thing


@dataclass(frozen=True)
class EnvironmentComparison:
    """All pairs, by noun and name."""

    pairs: list[Pair]

    def in_state(self, state: PairState) -> list[Pair]:
        return [pair for pair in self.pairs if pair.state is state]

    @cached_property
    def by_key(self) -> dict[LineageKey, Pair]:
        """The pair of each thing there, by its key."""
        return {pair.there.key: pair for pair in self.pairs if pair.there}

    @cached_property
    def mapping(self) -> dict[LineageKey, LineageKey]:
        """From the keys of things there to the keys of their counterparts here."""
        return {pair.there.key: pair.here.key for pair in self.pairs if pair.there and pair.here}


def compare(there: Iterable[Thing], here: Iterable[Thing]) -> EnvironmentComparison:
    """Pair the things there with the things here, in linear time."""
    matches = _Matches(list(there), list(here))
    for noun in NOUNS:
        matches.match(noun, lambda thing, mapping: thing.lineage)
        matches.match(noun, lambda thing, mapping: (thing.name, _content(thing, mapping)))
        matches.match(noun, _content)
        matches.match(noun, lambda thing, mapping: (thing.name, thing.kind))
    pairs = [_pair(one, other, matches.mapping) for one, other in matches.found()]
    pairs.sort(key=lambda pair: (NOUNS.index(pair.thing.noun), pair.thing.name.lower(), str(pair.thing.lineage)))
    return EnvironmentComparison(pairs)


Mapping = dict[LineageKey, LineageKey]
Trait = Callable[[Thing, Mapping], Any]


class _Matches:
    """The pairs so far, and the unpaired things of each side."""

    def __init__(self, there: list[Thing], here: list[Thing]) -> None:
        self.mapping: Mapping = {}
        self.pairs: list[tuple[Thing, Thing]] = []
        self.there = {noun: [thing for thing in there if thing.noun == noun] for noun in NOUNS}
        self.here = {noun: [thing for thing in here if thing.noun == noun] for noun in NOUNS}

    def match(self, noun: str, trait: Trait) -> None:
        """Pair the unpaired things that share a trait, in order."""
        waiting: dict[Any, list[Thing]] = defaultdict(list)
        for thing in reversed(self.here[noun]):
            waiting[trait(thing, {})].append(thing)
        taken, left, known = set(), [], dict(self.mapping)
        for thing in self.there[noun]:
            if others := waiting.get(trait(thing, known)):
                other = others.pop()
                taken.add(other.lineage)
                self.pairs.append((thing, other))
                self.mapping[thing.key] = other.key
            else:
                left.append(thing)
        self.there[noun] = left
        self.here[noun] = [thing for thing in self.here[noun] if thing.lineage not in taken]

    def found(self) -> list[tuple[Thing | None, Thing | None]]:
        pairs: list[tuple[Thing | None, Thing | None]] = [*self.pairs]
        for noun in NOUNS:
            pairs += [(thing, None) for thing in self.there[noun]]
            pairs += [(None, thing) for thing in self.here[noun]]
        return pairs


def _pair(there: Thing | None, here: Thing | None, mapping: Mapping) -> Pair:
    if there is None or here is None:
        return Pair(there, here, PairState.HERE if there is None else PairState.THERE)
    told = (there.name, there.notes, there.tags) == (here.name, here.notes, here.tags)
    same = told and _content(there, mapping) == _content(here, {})
    return Pair(there, here, PairState.SAME if same else PairState.DIFFERS)


def _content(thing: Thing, mapping: Mapping) -> tuple[str, bytes]:
    """The content of a thing as a hashable value, with its references replaced by `mapping`."""
    return thing.kind, orjson.dumps(rewrite(thing.body, mapping), option=orjson.OPT_SORT_KEYS)
