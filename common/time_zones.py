"""The time zones that can be chosen."""

from zoneinfo import available_timezones

NO_PLACES = {"Factory", "localtime"}  # a placeholder, and the server's own, by a name that PostgreSQL does not know


def time_zones() -> list[tuple[str, str]]:
    """Choices for a form: (IANA name, the name for people)."""
    return [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones() - NO_PLACES)]
