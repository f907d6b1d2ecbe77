"""Leaves out the properties that are too many or too large for an event.

Those of people and customers are left out by the database, which knows what they have already.
"""

from collections.abc import Sequence
from itertools import islice

import msgspec

from collector.protocol.limits import MAX_PROPERTIES, MAX_PROPERTIES_BYTES
from events.records import EventRecord, Properties, Record

ALWAYS_FIT = 5  # the longest names and texts there are

_encode = msgspec.json.Encoder().encode


def leave_out(records: Sequence[Record]) -> int:
    """Leave the first properties of each event, as far as the limits allow. Returns how many were taken out."""
    left_out = 0
    for record in records:
        if isinstance(record, EventRecord) and len(record.properties) > ALWAYS_FIT:
            given = record.properties
            record.properties = _within_limits(given)
            left_out += len(given) - len(record.properties)
    return left_out


def _within_limits(properties: Properties) -> Properties:
    if len(properties) <= MAX_PROPERTIES and len(_encode(properties)) <= MAX_PROPERTIES_BYTES:
        return properties
    kept: Properties = {}
    room = MAX_PROPERTIES_BYTES - 1
    for each in islice(properties.items(), MAX_PROPERTIES):
        room -= len(_encode(each)) - 1  # ["name",value] has a byte more than "name":value,
        if room < 0:
            break
        kept[each[0]] = each[1]
    return kept
