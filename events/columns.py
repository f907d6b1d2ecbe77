"""The columns of an event. The fields of events.records.EventRecord are the one list of them.

The SQL repeats the names because migrations are frozen. The labels of pages and the parameters of beacons repeat them
too. tests/test_event_columns.py compares all of these with this list.
"""

from msgspec import structs

from events.records import EventRecord

KEPT_ELSEWHERE = ("identity", "key")  # sent with an event, kept in `people` and `idempotency_keys`
GIVEN = ("id",)  # sent with an event that is imported; else filled in by the database

SENT = tuple(field.name for field in structs.fields(EventRecord) if field.name not in KEPT_ELSEWHERE + GIVEN)
TEXTS = tuple(
    field.name
    for field in structs.fields(EventRecord)
    if field.name in SENT and field.type == str | None and field.name != "long_name"  # which is read as the name
)
TARGET = tuple(name for name in TEXTS if name.startswith("target_"))
UTM = tuple(name for name in TEXTS if name.startswith("utm_"))
