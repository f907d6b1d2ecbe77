"""The filter of the live view and of a person's timeline: an event and conditions, with the parameters of questions."""

from dataclasses import dataclass
from typing import Any

from django.http import HttpRequest, QueryDict

from analytics.forms.choices import choices
from analytics.forms.questions import select, stray
from analytics.forms.rows import group_rows
from analytics.questions.parameters import Reader, write_group
from analytics.questions.query import ANY_EVENT, Selection
from projects.models import Environment


@dataclass(frozen=True)
class EventFilter:
    """`only` is None without a filter, and where there are errors, which `raw` has."""

    raw: Reader
    only: Selection | None

    @property
    def link(self) -> str:
        """The filter as parameters of a URL, each with an ampersand before it."""
        if self.only is None:
            return ""
        parameters = QueryDict(mutable=True)
        for name, value in [("event", str(self.only.event)), *write_group(self.only.where)]:
            parameters.appendlist(name, value)
        return f"&{parameters.urlencode()}"

    def form(self, environment: Environment) -> dict[str, Any]:
        """The context of analytics/event_filter.html."""
        offered = choices(environment, self.raw).without_session()
        return {
            "event": select(self.raw, "event", "Event", offered.events, str(ANY_EVENT)),
            "where": group_rows(self.raw, "where", offered.event_fields),
            "errors": stray(self.raw, "where"),
            "is_on": self.only is not None or bool(self.raw.errors),
        }


def read_filter(request: HttpRequest) -> EventFilter:
    raw = Reader(request.GET)
    event = raw.event("event", None)
    where = raw.group()
    if event and event.is_session:
        raw.wrong("event", "A session is not an event.")
    if any(each.field.is_of_people for each in where.every()):
        raw.wrong("where", "Events can be filtered by what is known of them, not of people.")
    if raw.errors or (event in (None, ANY_EVENT) and not where):
        return EventFilter(raw, None)
    return EventFilter(raw, Selection(event or ANY_EVENT, where))
