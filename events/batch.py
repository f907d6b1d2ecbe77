"""A batch of records as the arguments of the SQL function `collect` (events/migrations/sql)."""

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from itertools import islice
from typing import Any, TypeVar

import msgspec
from django.conf import settings

from events.addresses import in_one_spelling
from events.names import SURELY_SHORT, stored_name
from events.records import CustomerChange, EventRecord, Identified, PersonChange, Record, Stored

STATEMENT = "select collect(%s, %s, %s, %s, %s, %s::integer, %s::integer)::text"

SMALL_CHANGE = 5  # properties
Arguments = tuple[str | None, ...]
Told = str | None
"""What `STATEMENT` returns, as JSON: `repeats`, digests of events; names left out of `people` and `customers`."""
Change = TypeVar("Change", PersonChange, CustomerChange)

_encode = msgspec.json.Encoder().encode
_decode = msgspec.json.Decoder(dict[str, Any]).decode


def arguments(records: Iterable[Record]) -> Arguments:
    """Return the arguments with which `STATEMENT` writes all `records`, in their order.

    If several events have the same idempotency key, only the first is written.
    """
    events: list[EventRecord] = []
    keys: dict[tuple[int, str], None] = {}
    changes: list[PersonChange | Identified] = []
    customers: list[CustomerChange] = []
    concern_visitors = False
    room = _Room()
    for record in records:
        if isinstance(record, EventRecord):
            if record.key is not None:
                key = (record.environment_id, record.key)
                if key in keys:
                    continue
                keys[key] = None
            events.append(_as_stored(record))
        elif isinstance(record, CustomerChange):
            customers.append(room.cut(record))
        else:
            changes.append(record if isinstance(record, Identified) else room.cut(record))
            concern_visitors = concern_visitors or isinstance(record, Identified) or record.actor_id >= 0
    return (
        _json(events),
        _json([{"environment_id": environment, "digest": digest} for environment, digest in sorted(keys)]),
        None if concern_visitors else _json(_last_wins(changes, "actor_id")),
        _json(changes) if concern_visitors else None,
        _json(_last_wins(customers, "account_id")),
        str(settings.PERSON_PROPERTIES),
        str(settings.PERSON_BYTES),
    )


def _as_stored(record: EventRecord) -> EventRecord:
    spelled = in_one_spelling(record)
    return spelled if len(spelled.name) <= SURELY_SHORT else _with_short_name(spelled)


def _with_short_name(record: EventRecord) -> EventRecord:
    name = stored_name(record.name)
    return record if name == record.name else msgspec.structs.replace(record, name=name, long_name=record.name)


def stored(requests: Iterable[Iterable[Record]], told: Told) -> list[Stored]:
    """What each request of a batch learns. `told` is what `STATEMENT` returned."""
    found = _decode(told) if told else {}
    seen = {digest.replace("-", "") for digest in found.get("repeats") or ()}
    room = _Room()
    lost = _LeftOut([*(found.get("people") or ()), *(found.get("customers") or ())])
    learnt = []
    for records in requests:
        repeats = left_out = 0
        for record in records:
            if not isinstance(record, EventRecord):
                left_out += lost.count(record, room)
            elif record.key is not None:
                repeats += record.key in seen
                seen.add(record.key)
        learnt.append(Stored(repeats, left_out))
    return learnt


class _Room:
    """How many properties one batch may set for each person and customer: twice as many as they may have.

    More would cost the database much and come to nothing. Small changes are never cut: they may update what is there.
    """

    def __init__(self) -> None:
        self._room: dict[tuple[int, int | str], int] = {}

    def cut(self, change: Change) -> Change:
        """The change with its first properties, as far as there is room."""
        fits = self.fits(change)
        if fits == len(change.properties):
            return change
        return msgspec.structs.replace(change, properties=dict(islice(change.properties.items(), fits)))

    def fits(self, change: PersonChange | CustomerChange) -> int:
        """How many of its properties there is room for."""
        count = len(change.properties)
        if count <= SMALL_CHANGE:
            return count
        whose = _whose(change)
        room: int = self._room.get(whose, 2 * settings.PERSON_PROPERTIES)
        self._room[whose] = max(0, room - count)
        return min(count, room)


class _LeftOut:
    """The names of properties that the database has left out of a batch, by whom they were sent for."""

    def __init__(self, told: Iterable[Mapping[str, Any]]) -> None:
        self._names: defaultdict[tuple[int, int | str], set[str]] = defaultdict(set)
        self._visitors: dict[tuple[int, int], int] = {}  # who became somebody: how many of theirs were lost
        for each in told:
            environment_id, names = each["environment_id"], each["names"]
            if "visitor" in each:
                self._visitors[environment_id, each["visitor"]] = len(names)
            else:
                whose = each["account_id"] if "account_id" in each else each["actor_id"]
                self._names[environment_id, whose].update(names)

    def count(self, record: PersonChange | Identified | CustomerChange, room: _Room) -> int:
        """How many of its properties are not stored. What a visitor lost counts for the first to identify them."""
        if isinstance(record, Identified):
            return self._visitors.pop((record.environment_id, record.visitor), 0)
        fits = room.fits(record)
        names = self._names.get(_whose(record))
        told = sum(name in names for name in islice(record.properties, fits)) if names else 0
        return told + len(record.properties) - fits


def _whose(change: PersonChange | CustomerChange) -> tuple[int, int | str]:
    """An account_id is a text and an actor_id a number, so that people and customers are never taken for each other."""
    return change.environment_id, change.account_id if isinstance(change, CustomerChange) else change.actor_id


def _last_wins(changes: Iterable[Change], whose: str) -> list[Change]:
    """One change per person or customer, with all their properties. Sorted, because rows are locked in this order."""
    by_key: dict[tuple[int, Any], Change] = {}
    several: set[tuple[int, Any]] = set()  # those whose properties are a copy that may grow
    for change in changes:
        key = (change.environment_id, getattr(change, whose))
        known = by_key.get(key)
        if known is None:
            by_key[key] = change
            continue
        if key not in several:
            several.add(key)
            by_key[key] = known = msgspec.structs.replace(known, properties=dict(known.properties))
        known.properties.update(change.properties)
        known.at = max(known.at, change.at)
    return [by_key[key] for key in sorted(by_key)]


def _json(rows: Sequence[Any]) -> str | None:
    return _encode(rows).decode() if rows else None
