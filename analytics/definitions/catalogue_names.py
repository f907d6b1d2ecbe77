"""Names in the catalogue: events, properties of events and of people, each as a text such as "event:Signed up"."""

from dataclasses import dataclass
from functools import cached_property

from analytics.definitions.glossary import Glossary
from analytics.questions.conditions import BadQuery, Field, Source
from analytics.questions.query import Builtin, EventReference, RefersTo
from common.bidi import unturned
from events.names import MAX_BYTES

EVENTS = (RefersTo.CUSTOM, RefersTo.KIND, RefersTo.BUILTIN)
PROPERTIES = (Source.PROPERTY, Source.USER)
WITHOUT_DEFINITIONS = Glossary()
NOUNS = {Source.PROPERTY.value: "property", Source.USER.value: "property of people"}


@dataclass(frozen=True)
class CatalogueName:
    """An event (no definition, nor sessions or "any event"), or a property. Raises BadQuery for anything else."""

    kind: str  # one of models.NAME_KINDS
    name: str

    def __post_init__(self) -> None:
        if len(self.name.encode(errors="replace")) > MAX_BYTES or not (self.event or self.field):
            raise BadQuery("There is no such event or property.")

    @classmethod
    def parse(cls, text: str) -> "CatalogueName":
        kind, _, name = text.partition(":")
        return cls(kind, name)

    def __str__(self) -> str:
        return f"{self.kind}:{self.name}"

    @cached_property
    def event(self) -> EventReference | None:
        if self.kind not in EVENTS or (self.kind == RefersTo.BUILTIN and self.name != Builtin.PAGEVIEW):
            return None
        return EventReference.parse(str(self))

    @property
    def field(self) -> Field | None:
        return Field.parse(str(self)) if self.kind in PROPERTIES else None

    @property
    def is_of_people(self) -> bool:
        return self.kind == Source.USER

    @property
    def noun(self) -> str:
        return NOUNS.get(self.kind, "event")

    @property
    def label(self) -> str:
        return WITHOUT_DEFINITIONS.event_label(self.event) if self.event else unturned(self.name)
