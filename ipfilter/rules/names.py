"""Names many rules in a short text."""

from collections.abc import Sequence


def named(rules: Sequence[str], most: int) -> str:
    """The first `most` rules, and how many more there are."""
    more = len(rules) - most
    return ", ".join(rules[:most]) + (f" and {more:,} more" if more > 0 else "")
