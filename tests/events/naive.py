"""The oracle for the SQL: the rules of identity (docs/collection-api.md), applied call by call in dictionaries."""

import json
from dataclasses import dataclass, field
from itertools import islice

from events.records import EventRecord, Identified, PersonChange

MOST, MOST_BYTES = 1_000, 65_536  # PERSON_PROPERTIES, PERSON_BYTES


@dataclass
class Naive:
    """What is more than a person may have is left out; each request is taken for a batch of its own."""

    people: dict = field(default_factory=dict)  # actor: properties
    merges: dict = field(default_factory=dict)  # visitor: actor
    events: list = field(default_factory=list)  # (actor as sent, name)
    times: list = field(default_factory=list)  # of the events, in the same order

    def apply(self, record):
        match record:
            case EventRecord():
                self.events.append((record.actor_id, record.name))
                self.times.append(record.time)
                self.people.setdefault(self.whose(record.actor_id), {})
            case PersonChange():
                whose = self.whose(record.actor_id)
                self.people[whose] = changed(self.people.get(whose, {}), record.properties)
            case Identified() if record.visitor not in self.merges:
                self.merges[record.visitor] = record.actor_id
                visitors = self.people.pop(record.visitor, {})
                known = self.people.get(record.actor_id, {})
                self.people[record.actor_id] = bounded(known, visitors | known)

    def whose(self, actor):
        return self.merges.get(actor, actor)

    def seen(self):
        """{actor: when they did something first and last, or None twice}"""
        found = {actor: [] for actor in self.people}
        for (actor, _), time in zip(self.events, self.times, strict=True):
            found[self.whose(actor)].append(time)
        return {actor: (min(times, default=None), max(times, default=None)) for actor, times in found.items()}


def changed(known, given):
    """The properties of somebody to whom one request gives so many."""
    return bounded(known, dict(islice(given.items(), 2 * MOST)))


def size(properties):
    return sum(property_size(*each) for each in properties.items())


def property_size(name, value):
    return len(json.dumps(name, ensure_ascii=False).encode()) + len(json.dumps(value, ensure_ascii=False).encode()) + 4


def bounded(known, given, most=MOST, most_bytes=MOST_BYTES):
    """The known and the given properties within the limits, as `bounded` of the database puts them together."""
    whole = known | given
    if len(whole) <= most and max(size(whole), 2) <= most_bytes:
        return whole
    kept, taken = {}, 0
    for name in sorted(known):
        taken += property_size(name, known[name])
        if len(kept) == most or taken > most_bytes:
            break
        kept[name] = known[name]

    def growth(name):
        return property_size(name, given[name]) - property_size(name, kept[name]) if name in kept else 0

    taken = size(kept)
    for name in sorted(given, key=lambda name: (name not in kept, growth(name), name)):
        more = growth(name) if name in kept else property_size(name, given[name])
        if taken + more > most_bytes or (name not in kept and len(kept) == most):
            break
        taken += more
        kept[name] = given[name]
    return kept
