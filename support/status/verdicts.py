"""The state of each part, from what is known: a look at the database, its disk, counted requests, regular checks.

Pure functions, so that every case is tried without one. What nothing tells is "not known".
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from collector.counts.last_hour import Counted
from support.status.database import DatabaseCondition
from support.status.models import Component, State
from support.status.readings import NOT_KNOWN, Reading, worse

STORED_SECONDS = 10.0  # if no event was stored for longer, while others are refused, collection counts as down
PROOF_SECONDS = {  # an event that was stored within that time proves that the next one would be as well
    DatabaseCondition.ANSWERS: 70.0,
    DatabaseCondition.SLOW: 70.0,
    DatabaseCondition.READ_ONLY: STORED_SECONDS,
    DatabaseCondition.FAILING: STORED_SECONDS,
    DatabaseCondition.FULL_UP: STORED_SECONDS,
    DatabaseCondition.SILENT: STORED_SECONDS,
    DatabaseCondition.STARTING: 0.0,
    DatabaseCondition.GONE: 0.0,
}
SILENT_SECONDS = 30.0  # a database that says nothing for longer counts as down, since no page could wait for it

THE_DATABASE = {
    DatabaseCondition.GONE: "The database does not answer",
    DatabaseCondition.STARTING: "The database starts or stops",
    DatabaseCondition.SILENT: "The database has not answered for {seconds:,.0f} seconds",
}
REFUSED = "{refused:,} of {all:,} requests of the last minute were refused with 503, to be sent again."
OF_MINUTE = "{refused:,} of {all:,} requests were refused with 503, to be sent again."
LATEST_ACCEPTED = " The latest were accepted."
READ_ONLY = {
    Component.CONSOLE: "The database takes no changes at the moment; pages can be read.",
    Component.COLLECTION: "The database takes no changes at the moment. Events are refused with 503, to be sent again.",
}
SLOW = "The database answers slowly."
FAILING = "The database answers with errors."
BUSY = "The database is too busy to answer in time. Events are stored all the same."
FULL_UP = "All connections of the database are in use."
MAY_FAIL = {Component.CONSOLE: "Pages may fail.", Component.QUERIES: "Questions may fail."}
CANNOT = {
    Component.CONSOLE: "so pages cannot be shown.",
    Component.QUERIES: "so nothing can be asked of it.",
}
WOULD_BE_REFUSED = "Events would be refused with 503, to be sent again."
NOTHING_CAME = "No event came lately, so nobody knows whether one would be stored."
NOTHING_REPORTED = "No collector reports here, and the regular checks have not reported lately."
ABOUT_ITS_MINUTE = (*(words.partition("{")[0] for words in THE_DATABASE.values()), FULL_UP, BUSY, SLOW)


@dataclass(frozen=True)
class Evidence:
    """What is known at `now`.

    `silent_seconds` is for how long the database has not answered, `disk` a sentence if there is no room on it.
    `checked` has the readings of the last regular checks, unless they are old.
    """

    now: datetime
    condition: DatabaseCondition
    counted: Counted = field(default_factory=Counted)
    silent_seconds: float = 0.0
    disk: str = ""
    checked: Mapping[Component, Reading] | None = None

    @property
    def is_down(self) -> bool:
        """Whether nothing can be asked of the database."""
        silent = self.condition is DatabaseCondition.SILENT and self.silent_seconds >= SILENT_SECONDS
        return silent or self.condition in (DatabaseCondition.GONE, DatabaseCondition.STARTING)

    @property
    def database_words(self) -> str:
        """The beginning of a sentence."""
        return THE_DATABASE[self.condition].format(seconds=self.silent_seconds)

    def stored_within(self, seconds: float) -> bool:
        """Whether an event was stored, so that the database must be there."""
        return self.counted.last_accepted_at > self.now.timestamp() - seconds


def verdicts(known: Evidence) -> list[Reading]:
    """The reading of every part."""
    found = [_of_pages(Component.CONSOLE, known), _collection(known), _of_pages(Component.QUERIES, known)]
    return [_with_warning(_with_disk(reading, known.disk), known) for reading in found]


def of_minute(counted: Counted) -> Reading:
    """How collection went in a minute that is over, by what was counted; not known if nothing came."""
    if not counted.refused:
        return Reading(Component.COLLECTION, State.UP if counted.accepted else NOT_KNOWN)
    words = OF_MINUTE.format(refused=counted.refused, all=counted.accepted + counted.refused)
    return Reading(Component.COLLECTION, State.DEGRADED if counted.accepted else State.DOWN, words)


def _of_pages(component: Component, known: Evidence) -> Reading:
    """Of the console and of queries: they need answers of the database."""
    if known.is_down:
        return Reading(component, State.DOWN, f"{known.database_words}, {CANNOT[component]}")
    if known.condition is DatabaseCondition.SILENT:
        if known.stored_within(min(known.silent_seconds, STORED_SECONDS)):
            return Reading(component, State.DEGRADED, BUSY)
        return Reading(component, NOT_KNOWN, f"{known.database_words}: it is busy, or hangs.")
    found = Reading(component, State.UP)
    if known.condition is DatabaseCondition.READ_ONLY and component in READ_ONLY:
        found = Reading(component, State.DEGRADED, READ_ONLY[component])
    elif known.condition is DatabaseCondition.SLOW:
        found = Reading(component, State.DEGRADED, SLOW)
    elif known.condition is DatabaseCondition.FULL_UP:
        found = Reading(component, State.DEGRADED, f"{FULL_UP} {MAY_FAIL[component]}")
    elif known.condition is DatabaseCondition.FAILING:
        found = Reading(component, State.DEGRADED, f"{FAILING} {MAY_FAIL[component]}")
    checked = _checked(component, known)
    return worse(found, checked) if checked else found


def _collection(known: Evidence) -> Reading:
    """What came in the last minute decides; if nothing came, what would become of an event."""
    if known.counted.refused:
        return _refusals(known)
    if known.stored_within(PROOF_SECONDS[known.condition]):
        checked = _checked(Component.COLLECTION, known)
        is_slow = checked is not None and checked.state == State.DEGRADED  # "down" is older, or of the way to here
        return checked if checked and is_slow else Reading(Component.COLLECTION, State.UP)
    return _of_quiet_collection(known)


def _refusals(known: Evidence) -> Reading:
    counted = known.counted
    words = REFUSED.format(refused=counted.refused, all=counted.accepted + counted.refused)
    if counted.last_accepted_at > counted.last_refused_at:
        return Reading(Component.COLLECTION, State.DEGRADED, words + LATEST_ACCEPTED)
    return Reading(Component.COLLECTION, State.DEGRADED if known.stored_within(STORED_SECONDS) else State.DOWN, words)


def _of_quiet_collection(known: Evidence) -> Reading:
    """No event came since the database is as it is."""
    component, checked = Component.COLLECTION, _checked(Component.COLLECTION, known)
    if not known.counted.is_reported:
        return checked or Reading(component, NOT_KNOWN, NOTHING_REPORTED)
    if known.is_down:
        return Reading(component, State.DOWN, f"{known.database_words}. {WOULD_BE_REFUSED}")
    if known.condition is DatabaseCondition.SILENT:
        return Reading(component, NOT_KNOWN, f"{known.database_words}. {NOTHING_CAME}")
    if known.condition in (DatabaseCondition.FULL_UP, DatabaseCondition.FAILING):
        words = FULL_UP if known.condition is DatabaseCondition.FULL_UP else FAILING
        return Reading(component, NOT_KNOWN, f"{words} {NOTHING_CAME}")
    if known.condition is DatabaseCondition.READ_ONLY:
        return Reading(component, State.DOWN, READ_ONLY[component])
    slow = known.condition is DatabaseCondition.SLOW
    found = Reading(component, State.DEGRADED, SLOW) if slow else Reading(component, State.UP)
    return worse(found, checked) if checked else found


def _checked(component: Component, known: Evidence) -> Reading | None:
    """What the regular checks found, unless that was about the database at that time: it was looked at just now."""
    reading = (known.checked or {}).get(component)
    if reading is None or reading.reason.startswith(ABOUT_ITS_MINUTE) or "refused with 503" in reading.reason:
        return None
    return reading


def _with_disk(reading: Reading, disk: str) -> Reading:
    """Without room nothing can be kept, whatever was found so far. Questions need none."""
    if not disk or (reading.component is Component.QUERIES and reading.state == State.UP):
        return reading
    state = worse(reading, Reading(reading.component, State.DEGRADED)).state
    return Reading(reading.component, state, f"{reading.reason} {disk}".strip())


def _with_warning(reading: Reading, known: Evidence) -> Reading:
    """What the regular checks warn of although all works: room.py."""
    checked = (known.checked or {}).get(reading.component)
    if reading.state == State.UP and checked is not None and checked.state == State.UP and not reading.reason:
        return checked
    return reading


def by_component(readings: Sequence[Reading]) -> dict[Component, Reading]:
    return {reading.component: reading for reading in readings}
