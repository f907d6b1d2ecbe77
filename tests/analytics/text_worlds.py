"""Small worlds written as texts, and random ones like them, for examples."""

import re
from datetime import UTC, datetime, timedelta

from analytics.definitions.glossary import Glossary
from analytics.kinds.registry import kind_of
from analytics.questions.conditions import Field
from analytics.questions.query import EventReference, RefersTo, Selection
from analytics.sql.context import QueryContext
from analytics.sql.dialect import POSTGRESQL
from tests.analytics.oracle import FakeEvent, World
from tests.analytics.random_worlds import ask

START = datetime(2026, 3, 2, tzinfo=UTC)  # a Monday
NOW = START + timedelta(days=20)
A, B, C, X = (Selection(EventReference(RefersTo.CUSTOM, name)) for name in "ABCX")
ANY = Selection(EventReference(RefersTo.BUILTIN, "any"))
PLAN = Field.parse("property:plan")


def world(*people):
    """People, each a text of events: "A1 B4(x) /a5 click6" happen after 1, 4, 5, 6 hours, B with the plan x."""
    events = []
    for actor, text in enumerate(people, 1):
        for found in re.finditer(r"(\S+?)([\d.]+)(?:\((\w*)\))?(?=\s|$)", text):
            name, hours, plan = found.groups()
            at = START + timedelta(hours=float(hours))
            properties = {} if plan is None else {"plan": plan}
            kind = {"/": "pageview", "c": "click"}.get(name[0], "custom")
            columns = {"path": name} if kind == "pageview" else {}
            stored = name if kind == "custom" else ""
            events.append(FakeEvent(at, len(events) + 1, actor, None, kind, stored, columns, properties))
    return World(events, {}, {}, Glossary({}, {}, False), NOW)


def answer(query, there, now=NOW):
    return kind_of(query).answer(query, QueryContext(query.scope, there.glossary, now, POSTGRESQL, ask))


def person(dice, first, hours):
    """Up to ten random events, in these hours after the first."""
    return " ".join(
        f"{dice.choice(['A', 'B', 'C', 'X', '/a', '/b', '/c', 'click'])}{first + dice.randrange(hours)}"
        f"{dice.choice(['', '()', '(x)', '(y)', '(z)'])}"
        for _ in range(dice.randint(1, 10))
    )
