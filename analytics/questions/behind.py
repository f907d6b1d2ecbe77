"""Where a number stands in an answer, and what stands behind it: people, sessions or events. Pure.

Its parameters, beside those of the question, whose dates are absolute (kinds/behind.py):

behind.as_of   the moment of the answer; what arrived later is hidden
behind.group   repeated: the groups that the answer shows, each as its digest (`group_digest`), largest first
behind.at      the place of the number, in the kind's own words, and after a "~" the number as it was shown
behind.list    people, sessions or events, if not what is counted
behind.after   the last row of the page before
"""

import hashlib
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any

from django.utils.dateparse import parse_datetime

from analytics.questions.conditions import BadQuery
from analytics.questions.parameters import Reader

PREFIX = "behind."
AT = f"{PREFIX}at"
NUMBER_AFTER = "~"
MAX_GROUPS = 100
LONGEST = 250  # characters of a place or a number; "everything else" of paths has 212
DIGEST = re.compile("[0-9a-f]{32}")
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LARGEST = 2**63
MICROSECOND = timedelta(microseconds=1)
ALL, REST = "all", "rest"  # groups of a place that have no number of their own
NO_PLACE = "There is no such number in this answer."


class BehindList(StrEnum):
    PEOPLE = "people"
    SESSIONS = "sessions"
    EVENTS = "events"

    @property
    def noun(self) -> str:
        return {BehindList.PEOPLE: "person", BehindList.SESSIONS: "session", BehindList.EVENTS: "event"}[self]


class NoPlace(BadQuery):
    """The answer has no such number."""

    def __init__(self) -> None:
        super().__init__(NO_PLACE, AT)


@dataclass(frozen=True)
class NumberPlace:
    """Where a number stands, as its kind wrote it, and the digests of the groups that the answer shows."""

    text: str
    groups: tuple[str, ...] = ()

    def parts(self, count: int) -> list[str]:
        """The parts between dots. Raises NoPlace unless there are so many."""
        found = self.text.split(".")
        if len(found) != count:
            raise NoPlace
        return found

    def check_group(self, group: str, *, is_grouped: bool) -> None:
        """A group is its number among those that the answer shows, REST for everything else, ALL for all together.

        Raises NoPlace.
        """
        if group not in (ALL, REST):
            index(group, len(self.groups) if is_grouped else 0)
        elif group == REST and not is_grouped:
            raise NoPlace


def index(text: str, length: int) -> int:
    """The text as a number from 0 to before `length`. Raises NoPlace."""
    if not (text.isascii() and text.isdecimal() and len(text) < 7 and int(text) < length):
        raise NoPlace
    return int(text)


def check_digests(texts: Iterable[str]) -> None:
    """Raises NoPlace if one of them is nothing that `group_digest` makes."""
    if not all(DIGEST.fullmatch(each) for each in texts):
        raise NoPlace


@dataclass(frozen=True)
class BehindCursor:
    """The two columns of a list's last row by which it is ordered; a moment is microseconds since 1970."""

    first: int
    second: int

    def __str__(self) -> str:
        return f"{self.first}_{self.second}"

    @classmethod
    def of(cls, first: Any, second: int) -> "BehindCursor":
        return cls((first - EPOCH) // MICROSECOND if isinstance(first, datetime) else int(first), second)

    @property
    def moment(self) -> datetime:
        """`first` as a moment. Raises NoPlace if there is no such moment."""
        try:
            return EPOCH + self.first * MICROSECOND
        except OverflowError:
            raise NoPlace from None


@dataclass(frozen=True)
class Looking:
    """What is looked for behind which number of an answer, page by page. `number` is how it was shown, or ""."""

    place: NumberPlace
    as_of: datetime
    number: str = ""
    listed: BehindList | None = None  # None: what is counted
    after: BehindCursor | None = None
    limit: int = 50

    def parameters(self) -> Iterator[tuple[str, str]]:
        yield from pinned(self.as_of, self.place.groups)
        yield AT, self.place.text + (f"{NUMBER_AFTER}{self.number}" if self.number else "")
        if self.listed:
            yield f"{PREFIX}list", self.listed.value
        if self.after:
            yield f"{PREFIX}after", str(self.after)


def pinned(as_of: datetime, groups: Iterable[str]) -> Iterator[tuple[str, str]]:
    """The parameters that all numbers of one answer share."""
    yield f"{PREFIX}as_of", as_of.isoformat()
    yield from ((f"{PREFIX}group", each) for each in groups)


def read_looking(reader: Reader, now: datetime) -> Looking:
    """Reads the parameters. Raises NoPlace, and BadQuery for a moment or a page that makes no sense."""
    place, _, number = reader.text(AT).partition(NUMBER_AFTER)
    groups = tuple(reader.all(f"{PREFIX}group"))
    listed = reader.text(f"{PREFIX}list")
    if not place or len(place) > LONGEST or len(groups) > MAX_GROUPS or (listed and listed not in set(BehindList)):
        raise NoPlace
    check_digests(groups)
    return Looking(
        NumberPlace(place, groups),
        min(_moment(reader, now), now),
        number[:LONGEST],
        BehindList(listed) if listed else None,
        _cursor(reader.text(f"{PREFIX}after")),
    )


def _moment(reader: Reader, now: datetime) -> datetime:
    text = reader.text(f"{PREFIX}as_of")
    try:
        found = parse_datetime(text.replace(" ", "+")) if text else now  # an unquoted + in a URL reads as a space
    except ValueError:
        found = None
    if found is None or found.tzinfo is None or not 2000 <= found.year < 2200:
        raise BadQuery("There is no such moment.", f"{PREFIX}as_of")
    return found


def _cursor(text: str) -> BehindCursor | None:
    first, _, second = text.partition("_")
    try:
        found = BehindCursor(int(first), int(second)) if text and len(text) < 50 else None
    except ValueError:
        found = None
    if text and (found is None or not all(-LARGEST <= each < LARGEST for each in (found.first, found.second))):
        raise BadQuery("There is no such page.", f"{PREFIX}after")
    return found


def group_digest(keys: Iterable[str]) -> str:
    """Names a group by the encoded values of its properties, however long they are, in 32 characters.

    As SQL: sql/behind.py. Of several values, the digests are put together and digested again.
    """
    digests = [_digest(each) for each in keys]
    return digests[0] if len(digests) == 1 else _digest("".join(digests))


def _digest(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()[:32]
