"""Retention by plain loops: who entered which cohort with which event, and in which periods they came back."""

from collections import Counter

from analytics.kinds.retention.question import CohortEntry, Retention, RetentionResult, Return
from analytics.questions.spans import Bucket
from tests.analytics.oracle import FakeEvent, World, occurrences, value_of

Entered = tuple[int, int, FakeEvent]  # who, in the cohort of which bucket, with which event
People = dict[tuple[int, int], int]  # {(the cohort's bucket, period): people}; period 0 is the cohort's size


def retention(world: World, asked: Retention, cut: tuple[Bucket, ...]) -> People:
    world = world.asked_by(asked)
    return counted(world, asked, cut, entries(world, asked, cut))


def groups(world: World, asked: Retention, cut: tuple[Bucket, ...], most: int) -> list[tuple]:
    """((key,), people) of the `most` largest groups, and ((..., how many), people) of the others."""
    assert asked.by is not None
    world = world.asked_by(asked)
    members: dict[str | None, list[Entered]] = {}
    for entered in entries(world, asked, cut):
        person, _, event = entered
        members.setdefault(value_of(world, asked.by, event, person), []).append(entered)
    order = sorted(members, key=lambda key: (-len(members[key]), key is not None, key))
    found = [((key,), counted(world, asked, cut, members[key])) for key in order[:most]]
    rest = [entered for key in order[most:] for entered in members[key]]
    return [*found, ((..., len(order[most:])), counted(world, asked, cut, rest))] if rest else found


def entries(world: World, asked: Retention, cut: tuple[Bucket, ...]) -> list[Entered]:
    found: dict[tuple, Entered] = {}
    for event in occurrences(world, asked.start, asked.where, asked.segments):
        person, bucket = world.who(event), place_of(event, cut)
        if asked.entry is CohortEntry.EVER:  # the first one that is stored, wherever it is
            found.setdefault((person,), (person, -1 if bucket is None else bucket, event))
        elif bucket is not None:
            found.setdefault(
                (person, bucket) if asked.entry is CohortEntry.EVERY else (person,), (person, bucket, event)
            )
    return [each for each in found.values() if each[1] >= 0]


def counted(world: World, asked: Retention, cut: tuple[Bucket, ...], entered: list[Entered]) -> People:
    returns = [
        (world.who(event), place_of(event, cut))
        for event in occurrences(world, asked.returning, asked.where, asked.segments)
    ]
    people: Counter[tuple[int, int]] = Counter()
    for person, cohort, _ in entered:
        people[cohort, 0] += 1
        came = {place - cohort for who, place in returns if who == person and place is not None and place > cohort}
        for period in range(1, len(cut) - cohort):
            is_later = asked.counts_as is Return.OR_AFTER and any(each > period for each in came)
            people[cohort, period] += period in came or is_later
    return dict(people)


def place_of(event: FakeEvent, cut: tuple[Bucket, ...]) -> int | None:
    return next((place for place, each in enumerate(cut) if each.start <= event.time < each.end), None)


def check(result: RetentionResult, world: World, asked: Retention, cut: tuple[Bucket, ...], most: int) -> None:
    """Every cell of everybody's triangle, and of each group's."""
    sides = [(None, result.cohorts, retention(world, asked, cut))]
    if asked.by:
        expected = groups(world, asked, cut, most)
        labels = [(..., int(each.label[17:-1])) if each.is_rest else (each.key,) for each in result.groups]
        assert labels == [which for which, _ in expected], asked
        sides += [(label, each.cohorts, people) for each, (label, people) in zip(result.groups, expected, strict=True)]
    for label, cohorts, people in sides:
        for index, cohort in enumerate(cohorts):
            assert cohort.size == people.get((index, 0), 0), (label, asked)
            for period, came in enumerate(cohort.returned):
                if came is not None:
                    assert came == people.get((index, period), 0), (label, asked)
                else:
                    assert index + period >= len(cut) or cut[index + period].start > world.now
