"""Addresses beyond ASCII are stored in one spelling, whoever sent them: that of browsers (common/web_addresses.py)."""

from msgspec import structs

from common.web_addresses import sent_behind_host, sent_path
from events.records import EventRecord

SENT = (
    ("path", sent_path),
    ("query", sent_path),
    ("hash", sent_path),
    ("referrer", sent_behind_host),
    ("target_href", sent_behind_host),
)


def in_one_spelling(record: EventRecord) -> EventRecord:
    """The event with its addresses as browsers send them. Most are, and cost a look. Hosts stay as they were sent."""
    if record.path is record.query is record.hash is record.referrer is record.target_href is None:  # of a server
        return record
    changed = {
        column: spelled
        for column, sent in SENT
        if (text := getattr(record, column)) is not None and (spelled := sent(text)) != text
    }
    return structs.replace(record, **changed) if changed else record
