"""How many bytes of requests' bodies a worker holds, while they arrive and while their requests wait for a turn.

Anybody may send a large body and hold back its end, over as many connections as there are. Knows no threads.
"""

from collections import Counter

SMALL_BYTES = 2**16  # of a body that is always taken: a form. Connections are counted by others
MOST_BYTES = 128 * 2**20
MOST_BYTES_OF_ADDRESS = 40 * 2**20  # four imports


class TooMuchHeld(Exception):
    """There is no room for a body of this size now."""


class HeldBodies:
    def __init__(self) -> None:
        self.bytes = 0
        self._of: Counter[str] = Counter()

    def grow(self, address: str, before: int, size: int) -> None:
        """A body from `address` grows to `size` bytes. Raises TooMuchHeld; then it counts as it was before."""
        more = size - before
        is_full = self.bytes + more > MOST_BYTES or self._of[address] + more > MOST_BYTES_OF_ADDRESS
        if size > SMALL_BYTES and is_full:
            raise TooMuchHeld
        self.bytes += more
        self._of[address] += more

    def release(self, address: str, size: int) -> None:
        self.bytes -= size
        self._of[address] -= size
        if not self._of[address]:
            del self._of[address]
