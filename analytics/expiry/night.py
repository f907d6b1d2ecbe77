"""When events that are kept no longer are removed: at night, so that whoever shortened the time can undo it by then."""

from datetime import UTC, datetime, time, timedelta

NIGHTLY = time(3, 23, tzinfo=UTC)


def next_night(now: datetime) -> datetime:
    """The next time that events are removed."""
    today = datetime.combine(now.astimezone(UTC).date(), NIGHTLY)
    return today if now < today else today + timedelta(days=1)
