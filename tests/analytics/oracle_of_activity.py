"""Who was active when, by plain loops over events, written independently of the SQL (see oracle.py)."""

from collections import defaultdict

from analytics.kinds.stickiness import Stickiness
from analytics.questions.query import Selection
from analytics.questions.spans import Bucket
from tests.analytics.oracle import World, between, occurrences


def stickiness(world: World, asked: Stickiness, cut: tuple[Bucket, ...]) -> list[int]:
    """How many people were active in exactly 1, 2, … of the buckets."""
    world = world.asked_by(asked)
    found = occurrences(world, Selection(asked.event), asked.where, asked.segments)
    times = defaultdict(int)
    for bucket in cut:
        for person in {world.who(event) for event in between(found, bucket.start, bucket.end)}:
            times[person] += 1
    return [list(times.values()).count(n) for n in range(1, len(cut) + 1)]
