"""Many rules in few words."""

from collections.abc import Sequence


def named(rules: Sequence[str], most: int) -> str:
    """The first `most` of them, and how many there are besides."""
    more = len(rules) - most
    return ", ".join(rules[:most]) + (f" and {more:,} more" if more > 0 else "")
