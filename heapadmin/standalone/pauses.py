"""How long to wait before what has died is started again."""

FIRST_PAUSE_SECONDS = 0.5
LONGEST_PAUSE_SECONDS = 30.0
HEALTHY_AFTER_SECONDS = 60.0  # after running this long, a service counts as having no earlier failures


def pause_seconds(failures: int) -> float:
    """The pause after so many failures in a row before this one: each is twice the one before."""
    return min(LONGEST_PAUSE_SECONDS, FIRST_PAUSE_SECONDS * 2.0 ** min(failures, 30))
