"""The time zones that people can choose in forms."""

from zoneinfo import available_timezones

NO_PLACES = {"Factory", "localtime"}  # a placeholder, and the server's zone by a name that PostgreSQL lacks


def time_zones() -> list[tuple[str, str]]:
    """Choices for a form: (IANA name, name to show)."""
    return [(zone, zone.replace("_", " ")) for zone in sorted(available_timezones() - NO_PLACES)]
