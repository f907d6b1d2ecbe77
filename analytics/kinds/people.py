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
PERSONAL = re.compile(  # names of properties of events that tell who somebody is
    r"e-?mail|phone|identity|login|address|(full|first|last|user|customer|person|contact)[ _.-]?(name|id)\b",
    re.IGNORECASE,
)
ADDRESS = re.compile(r"[\w.+-](?:@|%40)[\w.-]{1,255}\.[^\W\d]{2}")


def names_people(query: Query) -> bool:
    """Whether the answer lists people, or what is known of people is grouped by or filtered by.

    A filter alone would do to find out an identity, letter by letter.
    """
    return isinstance(query, LISTS) or any(value.startswith(OF_PEOPLE) for value in _named(query))


def names_personal_properties(query: Query) -> bool:
    """Whether it names a property of events that is called like one that tells who somebody is: "email", "user_id"."""
    return any(value.startswith(OF_EVENTS) and PERSONAL.search(value) for value in _named(query))


def _named(query: Query) -> Iterable[str]:
    """What its parameters say, without the values of filters."""
    return (value for name, value in query.parameters() if not name.endswith(".value"))


def has_addresses(result: Result, words: Iterable[str]) -> bool:
    """Whether an e-mail address stands in the answer or in these words, wherever it came from: a path, a value."""
    table = result.table()
    texts = (cell for row in table.rows for cell in row if isinstance(cell, str))
    return any(map(ADDRESS.search, (*words, *(column.name for column in table.columns), *texts)))
