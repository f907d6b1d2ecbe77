"""Funnels by brute force: every choice of events that could be an attempt is looked at."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime, timedelta
from fractions import Fraction
from statistics import median
from typing import Any

from analytics.kinds.funnel.question import Asks, Funnel, FunnelResult, Order
from analytics.questions.query import EventReference, RefersTo
from analytics.questions.spans import Bucket
from tests.analytics.oracle import FakeEvent, World, between, group_holds, in_segment, occurrences, value_of

Reached = tuple[int, FakeEvent, FakeEvent]  # a step (from 1), the event that reached it, the start of this attempt
BINS = [timedelta(minutes=n) for n in (1, 5, 30, 60, 360, 1440, 3 * 1440, 7 * 1440, 30 * 1440)]


Side = tuple[Any, list[int], list[tuple], list[list[int]]]  # which, the counts of steps, times, counts by bucket


def sides(world: World, asked: Funnel, cut: tuple[Bucket, ...], most: int) -> list[Side]:
    """Every side of the answer: which segments are compared, or everybody (None) and then the `most` largest groups.

    A group is (its value,), and the rest `...`, followed by how many groups it is.
    """
    found = []
    for compared in asked.compare or [None]:
        segments = asked.segments + ((compared.segment,) if compared and compared.segment else ())
        every = tried(world, asked, cut, segments)
        reached = attempts(world, every)
        found.append((compared, *numbers(asked, reached), trend(world, asked, cut, every)))
    if asked.by is None:
        return found
    members = defaultdict(dict)
    for person, levels in reached.items():
        _, begun = levels[max(levels)]
        members[value_of(world.asked_by(asked), asked.by, begun, person)][person] = levels
    order = sorted(members, key=lambda key: (-len(members[key]), key is not None, key))
    found += [((key,), *numbers(asked, members[key]), []) for key in order[:most]]
    if others := order[most:]:
        rest = {person: levels for key in others for person, levels in members[key].items()}
        found.append(((..., len(others)), *numbers(asked, rest), []))
    return found


def before(world: World, asked: Funnel, part: tuple[Bucket, ...], known_until: datetime | None) -> list[list[int]]:
    """The counts of each side in the part that is compared, as they were at a moment."""
    found = []
    for compared in asked.compare or [None]:
        segments = asked.segments + ((compared.segment,) if compared and compared.segment else ())
        every = tried(world, asked, part, segments) if known_until else []
        found.append(counts(asked, attempts(world, [each for each in every if each[1].time < known_until])))
    return found


def answered(result: FunnelResult) -> list[Side]:
    """The sides of an answer, to compare them with these."""
    found = []
    for side in result.sides:
        which: Any = side.compared
        if side.is_group:
            which = (..., int(side.label[len("everything else (") : -1])) if side.is_rest else (side.key,)
        times = [(each.median, list(each.bins)) for each in side.times]
        found.append((which, list(side.counts), times, [list(counts) for counts in side.trend]))
    return found


def numbers(asked: Funnel, reached: dict[int, dict[int, Any]]) -> tuple[list[int], list[tuple]]:
    """How many people reached each step, and their times, if these are asked for."""
    return counts(asked, reached), times(asked, reached) if asked.asks is Asks.TIMES else []


def counts(asked: Funnel, reached: dict[int, dict[int, Any]]) -> list[int]:
    return [sum(step in levels for levels in reached.values()) for step in range(1, len(asked.steps) + 1)]


def times(asked: Funnel, found: dict[int, dict[int, Any]]) -> list[tuple]:
    """For each step after the first: the median seconds since the start, and how many times are in each bin."""
    took = {step: [] for step in range(2, len(asked.steps) + 1)}
    for levels in found.values():
        for step in levels.keys() & took:
            event, begun = levels[step]
            took[step].append(event.time - begun.time)
    return [(_seconds(each), _bins(each)) for each in took.values()]


def _seconds(took: list[timedelta]) -> float | None:
    microseconds = [Fraction(each // timedelta(microseconds=1)) for each in took]
    return float(round(median(microseconds) / 1_000_000, 6)) if took else None


def _bins(took: list[timedelta]) -> list[int]:
    found = [0] * (len(BINS) + 1)
    for each in took:
        found[sum(each >= edge for edge in BINS)] += 1
    return found


def trend(world: World, asked: Funnel, cut: tuple[Bucket, ...], found: list[Reached]) -> list[list[int]]:
    """The funnel of those who begin in each bucket, if this is asked for."""
    buckets = cut if asked.asks is Asks.TREND else ()
    return [
        counts(asked, attempts(world, [each for each in found if bucket.start <= each[2].time < bucket.end]))
        for bucket in buckets
    ]


def tried(world: World, asked: Funnel, cut: tuple[Bucket, ...], segments: tuple) -> list[Reached]:
    """All that any choice of events reaches."""
    choose = any_order if asked.order is Order.ANY else in_order
    return list(choose(world.asked_by(asked), asked, cut[0].start, cut[-1].end, segments))


def attempts(world: World, found: list[Reached]) -> dict[int, dict[int, tuple[FakeEvent, FakeEvent]]]:
    """{person: {step: (the first event that reached it, the last start from which it is reached)}}."""
    kept: dict[int, dict[int, tuple[FakeEvent, FakeEvent]]] = defaultdict(dict)
    for step, event, begun in found:
        best = kept[world.who(begun)].get(step)
        is_better = best is None or event.place < best[0].place or (event == best[0] and begun.place > best[1].place)
        if is_better:
            kept[world.who(begun)][step] = event, begun
    return kept


def in_order(world: World, asked: Funnel, start: datetime, end: datetime, segments: tuple) -> Iterator[Reached]:
    steps = [occurrences(world, step, asked.where, segments) for step in asked.steps]
    excluded = [(each.after, occurrences(world, each.selection, asked.where, segments)) for each in asked.without]
    looked_at = seen(world, asked, segments) if asked.order is Order.STRICT else []

    def longer(chain: tuple[FakeEvent, ...]) -> Iterator[Reached]:
        yield len(chain), chain[-1], chain[0]
        if len(chain) == len(steps):
            return
        forbidden = [*looked_at, *(event for after, events in excluded if after == len(chain) for event in events)]
        for event in steps[len(chain)]:
            is_later = event.place > chain[-1].place and event.time <= chain[0].time + asked.within
            if world.who(event) != world.who(chain[0]) or not is_later:
                continue
            if not any(chain[-1].place < each.place < event.place for each in forbidden if is_of(each, event)):
                yield from longer((*chain, event))

    def is_of(event: FakeEvent, other: FakeEvent) -> bool:
        return world.who(event) == world.who(other)

    for first in between(steps[0], start, end):
        yield from longer((first,))


def seen(world: World, asked: Funnel, segments: tuple) -> list[FakeEvent]:
    """The events of the kinds and names that the steps look at, whatever the conditions of the steps."""
    return [
        event
        for event in world.events
        if any(looks_at(world, step.event, event) for step in asked.steps)
        and group_holds(world, asked.where, event, world.who(event))
        and all(in_segment(world, lineage, world.who(event)) for lineage in segments)
    ]


def looks_at(world: World, reference: EventReference, event: FakeEvent) -> bool:
    if reference.lineage:
        body = world.glossary.definitions[reference.lineage].body
        return any(looks_at(world, each.event, event) for each in body.alternatives)
    if reference.to is RefersTo.CUSTOM:
        return (event.kind, event.name) == ("custom", reference.key)
    if reference.to is RefersTo.KIND:
        return event.kind == reference.key
    return event.kind == "pageview" or reference.key != "pageview"


def any_order(world: World, asked: Funnel, start: datetime, end: datetime, segments: tuple) -> Iterator[Reached]:
    steps = [occurrences(world, step, asked.where, segments) for step in asked.steps]
    meant: list[tuple[int, FakeEvent]] = []  # each event with the first step that means it
    for number, events in enumerate(steps):
        meant += [(number, event) for event in events if not any(event in earlier for earlier in steps[:number])]
    for begun in between([event for _, event in meant], start, end):
        own = [(number, event) for number, event in meant if world.who(event) == world.who(begun)]
        for _, event in own:
            if event.time > begun.time + asked.within:
                continue
            done = {number for number, each in own if begun.place <= each.place <= event.place}
            for step in range(1, len(done) + 1):
                yield step, event, begun
