"""Addresses beyond ASCII are stored in one spelling, whoever sent them: that of browsers (common/addresses.py)."""

from msgspec import structs

from common.addresses import SPELLED
from events.records import EventRecord

SENT = tuple((column, sent) for column, (sent, _) in SPELLED.items())


def in_one_spelling(record: EventRecord) -> EventRecord:
    """The event with its addresses as browsers send them. Most are, and cost a look."""
    changed = {
        column: spelled
        for column, sent in SENT
        if (text := getattr(record, column)) is not None and (spelled := sent(text)) != text
    }
    return structs.replace(record, **changed) if changed else record
