"""When a subscription is due. Pure: local days and hours of the project's time zone, and their moments in UTC."""

from calendar import day_name, monthrange
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from zoneinfo import ZoneInfo

from analytics.subscriptions.models import Frequency


def day_words(frequency: str, day: int) -> str:
    """ "every day", "every Monday", "every month on its last day"."""
    if frequency == Frequency.DAILY:
        return "every day"
    if frequency == Frequency.WEEKLY:
        return f"every {day_name[(day - 1) % 7]}"
    of_month = {29: "day 29 or its last", 30: "day 30 or its last", 31: "its last day"}
    return f"every month on {of_month.get(day, f'day {day}')}"


@dataclass(frozen=True)
class Schedule:
    """Daily; weekly on the weekday `day`, 1 is Monday; or monthly on `day`, or the month's last. At `hour` there."""

    frequency: str
    day: int
    hour: int
    zone: ZoneInfo

    def latest(self, now: datetime) -> tuple[date, datetime]:
        """The last interval that is due by `now`: its local day, and the moment of it."""
        day = self._on_or_before(now.astimezone(self.zone).date() + timedelta(days=1))
        while self._moment(day) > now:
            day = self._on_or_before(day - timedelta(days=1))
        return day, self._moment(day)

    def following(self, now: datetime) -> datetime:
        """The first moment after `now` at which it is due."""
        day = now.astimezone(self.zone).date() - timedelta(days=1)
        while self._on_or_before(day) != day or self._moment(day) <= now:
            day += timedelta(days=1)
        return self._moment(day)

    def words(self) -> str:
        """ "every Monday at 8:00"."""
        return f"{day_words(self.frequency, self.day)} at {self.hour}:00"

    def _on_or_before(self, day: date) -> date:
        if self.frequency == Frequency.DAILY:
            return day
        if self.frequency == Frequency.WEEKLY:
            return day - timedelta(days=(day.isoweekday() - self.day) % 7)
        this = self._in_month(day)
        return this if this <= day else self._in_month(day.replace(day=1) - timedelta(days=1))

    def _in_month(self, day: date) -> date:
        return day.replace(day=min(self.day, monthrange(day.year, day.month)[1]))

    def _moment(self, day: date) -> datetime:
        """An hour that clocks skip is the one after it; of one that comes twice, the first."""
        return datetime.combine(day, time(self.hour), self.zone).astimezone(UTC)
