"""Token buckets, in the memory of one process: how much somebody may ask for in a while. Reads no clock."""

from math import ceil

BURST_SECONDS = 60.0  # a bucket holds the tokens of this time, which allows a busy minute or a nightly import
MOST_KEPT = 10_000  # buckets; if there are more, full ones are dropped


class Buckets:
    """The buckets of all environments, or of others with a number. Each fills by `per_second` tokens; 0 means no limit.

    A request of any size is accepted if its bucket owes nothing. If it takes more tokens than the bucket holds, the
    rest is a debt that time pays off, so no bulk request is refused for ever. Each bucket is stored as one number: the
    time when it is full.
    """

    def __init__(self, per_second: float, *, burst_seconds: float = BURST_SECONDS, most_kept: int = MOST_KEPT) -> None:
        self._per_second = per_second
        self._burst_seconds = burst_seconds
        self._most_kept = most_kept
        self._full_at: dict[int, float] = {}  # by number; a missing bucket is full
        self._latest = 0.0  # time of the last `take`

    def wait_seconds(self, number: int, now: float) -> int:
        """Whole seconds until a debt is paid; 0 if it owes nothing. Changes nothing."""
        full_at = self._full_at.get(number)
        if full_at is None or full_at - now <= self._burst_seconds or self._was_set_back(now):
            return 0
        return ceil(full_at - now - self._burst_seconds)

    def take(self, number: int, tokens: int, now: float) -> None:
        """Take `tokens` out at `now` (unix seconds)."""
        if not self._per_second or not tokens:
            return
        if now > self._latest:
            self._latest = now
        elif self._was_set_back(now):
            self._full_at.clear()
            self._latest = now
        full_at = self._full_at.get(number, now)
        self._full_at[number] = (full_at if full_at > now else now) + tokens / self._per_second
        if len(self._full_at) > self._most_kept:
            self._sweep(now)

    def _was_set_back(self, now: float) -> bool:
        """Whether the clock was set back. Then old debts would keep somebody out for the difference."""
        return now < self._latest - self._burst_seconds

    def _sweep(self, now: float) -> None:
        """Drop full buckets. If few are full, raise `_most_kept`, so that not every `take` sweeps all of them."""
        self._full_at = {key: full_at for key, full_at in self._full_at.items() if full_at > now}
        self._most_kept = max(self._most_kept, 2 * len(self._full_at))
