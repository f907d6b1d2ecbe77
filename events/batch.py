"""A batch of records as the arguments of the SQL function `collect` (events/migrations/sql)."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar
from uuid import UUID

import msgspec

from events.records import CustomerChange, EventRecord, Identified, PersonChange, Record

STATEMENT = "select collect(%s, %s, %s, %s, %s)"

Arguments = tuple[str | None, str | None, str | None, str | None, str | None]
Change = TypeVar("Change", PersonChange, CustomerChange)

_encode = msgspec.json.Encoder().encode


def arguments(records: Iterable[Record]) -> Arguments:
    """Return the arguments with which `STATEMENT` writes all `records`, in their order.

    If several events have the same idempotency key, only the first is written.
    """
    events: list[EventRecord] = []
    keys: dict[tuple[int, str], None] = {}
    changes: list[PersonChange | Identified] = []
    customers: list[CustomerChange] = []
    concern_visitors = False
    for record in records:
        if isinstance(record, EventRecord):
            if record.key is not None:
                key = (record.environment_id, record.key)
                if key in keys:
                    continue
                keys[key] = None
            events.append(record)
        elif isinstance(record, CustomerChange):
            customers.append(record)
        else:
            changes.append(record)
            concern_visitors = concern_visitors or isinstance(record, Identified) or record.actor_id >= 0
    return (
        _json(events),
        _json([{"environment_id": environment, "digest": digest} for environment, digest in sorted(keys)]),
        None if concern_visitors else _json(_last_wins(changes, "actor_id")),
        _json(changes) if concern_visitors else None,
        _json(_last_wins(customers, "account_id")),
    )


def repeats(requests: Iterable[Iterable[Record]], known: Iterable[UUID] | None) -> list[int]:
    """How many events of each request in a batch were already stored. `known` is the result of `STATEMENT`."""
    seen = {digest.hex for digest in known or ()}
    counts = []
    for records in requests:
        count = 0
        for record in records:
            if isinstance(record, EventRecord) and record.key is not None:
                count += record.key in seen
                seen.add(record.key)
        counts.append(count)
    return counts


def _last_wins(changes: Iterable[Change], whose: str) -> list[Change]:
    """One change per person or customer, with all their properties. Sorted, because rows are locked in this order."""
    by_key: dict[tuple[int, Any], Change] = {}
    for change in changes:
        key = (change.environment_id, getattr(change, whose))
        known = by_key.get(key)
        if known is None:
            by_key[key] = change
        else:
            properties = known.properties | change.properties
            by_key[key] = msgspec.structs.replace(known, properties=properties, at=max(known.at, change.at))
    return [by_key[key] for key in sorted(by_key)]


def _json(rows: Sequence[Any]) -> str | None:
    return _encode(rows).decode() if rows else None
