"""How long events are kept: so many whole months, and the month at hand. Months are in UTC, like the events' tables."""

from datetime import UTC, datetime

from django.conf import settings

from projects.models import Environment

MOST_MONTHS = 120


def months_kept(environment: Environment) -> int | None:
    """For how many months events are kept; None for ever.

    What is set for the environment counts, else what is set for its project; and never more than the installation's.
    """
    own = environment.months_kept or environment.project.months_kept
    given = [months for months in (own, settings.EVENTS_MONTHS) if months]
    return min(given, default=None)


def kept_from(months: int, now: datetime) -> datetime:
    """The beginning of the oldest month that is kept: `months` whole ones before the month of `now`."""
    today = now.astimezone(UTC)
    number = today.year * 12 + today.month - 1 - months
    return datetime(number // 12, number % 12 + 1, 1, tzinfo=UTC)
