"""Whether a question, or its answer, tells who people are. Some readers may not be told: programs, shared links."""

import re
from collections.abc import Iterable

from analytics.kinds.sessions.question import Sessions
from analytics.kinds.users import Users
from analytics.questions.conditions import Source
from analytics.questions.query import Query
from analytics.questions.results import Result

LISTS = (Users, Sessions)  # whose answer has a row for each person
OF_PEOPLE = (f"{Source.USER}:", f"{Source.PERSON}:")
OF_EVENTS = f"{Source.PROPERTY}:"
PERSONAL = re.compile(  # names of properties of events that tell who somebody is: "user_id_hash", not "user_idle"
    r"e-?mail|(?<![^\W_])mail(?![^\W_])|phone|identity|login|address|"
    r"(full|first|last|middle|given|family|display|nick|sur|user|customer|client|member|person|contact)[ _.-]?"
    r"(name|id)s?(?-i:(?![a-z]))",
    re.IGNORECASE,
)
AT, DOT = r"(?:[@\uff20]|%(?:25)*40)", r"(?:[.\u3002]|%(?:25)*2e)"  # of addresses that hold addresses, escaped again
ADDRESS = re.compile(rf"[\w.+-]{AT}[\w.-]{{1,255}}?{DOT}[^\W\d]{{2}}", re.IGNORECASE)

ABOUT_PEOPLE = "This is about single people, or sorted by what is known of them."
HOLDS_ADDRESSES = "There are e-mail addresses in this answer."


def names_people(query: Query) -> bool:
    """Whether the answer lists people, or what is known of people is grouped by or filtered by.

    A filter alone would do to find out an identity, letter by letter.
    """
    return isinstance(query, LISTS) or any(value.startswith(OF_PEOPLE) for value in _named(query))


def may_tell_who(query: Query) -> bool:
    """Whether it names people, or a property of events that is called as if it told who somebody is: "user_id"."""
    personal = (value for value in _named(query) if value.startswith(OF_EVENTS) and PERSONAL.search(value))
    return names_people(query) or any(personal)


def _named(query: Query) -> Iterable[str]:
    """What its parameters say, without the values of filters."""
    return (value for name, value in query.parameters() if not name.endswith(".value"))


def has_addresses(result: Result, words: Iterable[str]) -> bool:
    """Whether an e-mail address stands in the answer or in these words, wherever it came from: a path, a value."""
    table = result.table()
    texts = (cell for row in table.rows for cell in row if isinstance(cell, str))
    return any(map(ADDRESS.search, (*words, *(column.name for column in table.columns), *texts)))
