"""PostgreSQL as an EventStore: this module has every operation of analytics/store/protocol.py, under its name there."""

from analytics.sql.dialect import POSTGRESQL
from analytics.store.postgresql.catalogue import catalogue_state, known_events, known_properties
from analytics.store.postgresql.counted_days import (
    count_days,
    counted_cohorts,
    counted_times,
    counting_lag,
    environments_to_count,
    forget_days,
    replica_state,
)
from analytics.store.postgresql.elements import busy_pages, counts_on_page, elements_of, meanings_of, newest_of
from analytics.store.postgresql.exports import export_page, person_page
from analytics.store.postgresql.live import events_at, newest_events
from analytics.store.postgresql.names import (
    daily_events,
    events_with,
    last_seen,
    monthly_values,
    properties_of,
    values_of,
)
from analytics.store.postgresql.people import count_done, has_person, known_person, merged_into
from analytics.store.postgresql.previews import last_match, preview_definition, preview_segment
from analytics.store.postgresql.snapshot import cancel, snapshot
from analytics.store.postgresql.suggestions import event_names, field_values, property_names
from analytics.store.postgresql.usage import bytes_used, count_before, events_per_day, probe, span, usage

dialect = POSTGRESQL

__all__ = [
    "busy_pages",
    "bytes_used",
    "cancel",
    "catalogue_state",
    "count_before",
    "count_days",
    "count_done",
    "counted_cohorts",
    "counted_times",
    "counting_lag",
    "counts_on_page",
    "daily_events",
    "dialect",
    "elements_of",
    "environments_to_count",
    "event_names",
    "events_at",
    "events_per_day",
    "events_with",
    "export_page",
    "field_values",
    "forget_days",
    "has_person",
    "known_events",
    "known_person",
    "known_properties",
    "last_match",
    "last_seen",
    "meanings_of",
    "merged_into",
    "monthly_values",
    "newest_events",
    "newest_of",
    "person_page",
    "preview_definition",
    "preview_segment",
    "probe",
    "properties_of",
    "property_names",
    "replica_state",
    "snapshot",
    "span",
    "usage",
    "values_of",
]
