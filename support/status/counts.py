"""What the collectors counted lately (collector/counts/last_hour.py), for the status page."""

from datetime import UTC, datetime

from django.conf import settings

from collector.counts.last_hour import FILE_NAME, Counted, LastHour, Slot
from support.status.readings import Reading
from support.status.verdicts import of_minute

MINUTE_SECONDS = 60


def counted(now: datetime) -> Counted:
    """The requests of the last minute."""
    return _file().counted(now.timestamp())


def by_minute(now: datetime) -> dict[datetime, Reading]:
    """How collection went in each minute of the last hour in which something came."""
    totals: dict[int, Slot] = {}
    for slot in _file().slots(now.timestamp()):
        minute = slot.at // MINUTE_SECONDS
        totals[minute] = totals.get(minute, Slot(0)).plus(slot)
    readings = {minute: of_minute(Counted(*total[1:])) for minute, total in totals.items()}
    return {
        datetime.fromtimestamp(minute * MINUTE_SECONDS, UTC): reading
        for minute, reading in readings.items()
        if reading.state is not None
    }


def _file() -> LastHour:
    return LastHour(settings.DATA_DIR / FILE_NAME)
