"""Days of a time zone's calendar. What "the last 7 days" means is said here, once, for every page."""

from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo


def midnight(day: date, zone: ZoneInfo) -> datetime:
    """The first moment of `day` in `zone`, in UTC. If clocks skip midnight, it is the moment when they skip it."""
    local = datetime.combine(day, time(), zone)
    return local.astimezone(UTC)


def last_days(days: int, now: datetime, zone: ZoneInfo) -> tuple[date, date]:
    """The first and the last of the last `days` days, both included: today is the last."""
    today = now.astimezone(zone).date()
    return today - timedelta(days=days - 1), today


def bounds(first: date, last: date, zone: ZoneInfo) -> tuple[datetime, datetime]:
    """The start (included) and the end (not included) of the days from `first` to `last`, in UTC."""
    return midnight(first, zone), midnight(last + timedelta(days=1), zone)
