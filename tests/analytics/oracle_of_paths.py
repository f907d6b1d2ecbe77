"""Paths by plain loops over events, written independently of the SQL (see oracle.py)."""

import re
from collections import Counter, defaultdict
from datetime import datetime, timedelta

from analytics.kinds.paths.question import Direction, Paths
from tests.analytics.oracle import FakeEvent, World, between, group_holds, in_segment, occurrences

Step = tuple[str, str | None]  # kind and value
Tree = list[tuple]  # (step, ... for others or None for an end; people; the tree below)

WITHIN = {"30m": 30, "1h": 60, "1d": 24 * 60, "7d": 7 * 24 * 60, "30d": 30 * 24 * 60}
ID = re.compile(r"[0-9]+|[0-9a-f]{16,}|[0-9a-f]{8}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", re.IGNORECASE)


def paths(world: World, asked: Paths, start: datetime, end: datetime, most: int) -> tuple[int, Tree]:
    """How many people have a path, and the tree of the paths, with the `most` largest branches of each node."""
    world = world.asked_by(asked)
    first: dict[int, FakeEvent] = {}
    for event in between(occurrences(world, asked.anchor, asked.where, asked.segments), start, end):
        first.setdefault(world.who(event), event)
    ways = [way(world, asked, person, event) for person, event in first.items()]
    return len(ways), tree(ways, asked.steps, most)


def way(world: World, asked: Paths, person: int, anchor: FakeEvent) -> list[Step]:
    """The steps of one person, the nearest first."""
    is_after, is_session = asked.direction is Direction.AFTER, asked.anchor.event.is_session
    near = sorted(world.events, key=lambda each: each.place, reverse=not is_after)
    found: list[Step | None] = [None if is_session else step(asked, anchor)]  # what the first step may repeat
    for event in near:
        if (
            world.who(event) != person
            or event.kind not in asked.along
            or abs(event.time - anchor.time) > timedelta(minutes=WITHIN[asked.within])
            or not group_holds(world, asked.where, event, person)
            or not all(in_segment(world, each, person) for each in asked.segments)
        ):
            continue
        if event.place == anchor.place:
            follows = is_session and is_after
        else:
            follows = event.place > anchor.place if is_after else event.place < anchor.place
        if follows and step(asked, event) != found[-1]:
            found.append(step(asked, event))
    return found[1 : asked.steps + 1]


def step(asked: Paths, event: FakeEvent) -> Step | None:
    """None for an event of a kind that is no step."""
    if event.kind not in asked.along:
        return None
    if event.kind == "custom":
        return event.kind, event.name
    if event.kind != "pageview":
        return event.kind, event.columns.get("target_text")
    path = event.columns.get("path")
    return event.kind, cleaned(path) if asked.clean and path is not None else path


def cleaned(path: str) -> str:
    return "/".join("*" if ID.fullmatch(segment) else segment for segment in path.split("/"))


def tree(ways: list[list[Step]], left: int, most: int) -> Tree:
    """The branches in order of size ("no value" first among equals, then the lesser text), others, the end."""
    if not left or not ways:
        return []
    following = defaultdict(list)
    for each in ways:
        following[each[0] if each else None].append(each[1:])
    ended = following.pop(None, [])
    sizes = Counter({key: len(each) for key, each in following.items()})
    order = sorted(sizes, key=lambda key: (-sizes[key], key[0], key[1] is not None, key[1]))
    branches: Tree = [(key, sizes[key], tree(following[key], left - 1, most)) for key in order[:most]]
    if others := sum(sizes[key] for key in order[most:]):
        branches.append((..., others, []))
    if ended:
        branches.append((None, len(ended), []))
    return branches
