"""The oracle for the SQL: the rules of identity (docs/collection-api.md), applied call by call in dictionaries."""

from dataclasses import dataclass, field

from events.records import EventRecord, Identified, PersonChange


@dataclass
class Naive:
    people: dict = field(default_factory=dict)  # actor: properties
    merges: dict = field(default_factory=dict)  # visitor: actor
    events: list = field(default_factory=list)  # (actor as sent, name)

    def apply(self, record):
        match record:
            case EventRecord():
                self.events.append((record.actor_id, record.name))
                self.people.setdefault(self.whose(record.actor_id), {})
            case PersonChange():
                self.people.setdefault(self.whose(record.actor_id), {}).update(record.properties)
            case Identified() if record.visitor not in self.merges:
                self.merges[record.visitor] = record.actor_id
                visitors = self.people.pop(record.visitor, {})
                self.people[record.actor_id] = visitors | self.people.get(record.actor_id, {})

    def whose(self, actor):
        return self.merges.get(actor, actor)
