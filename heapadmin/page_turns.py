"""Who may compute a page next. Each sender waits in a line of their own, and waits longer after much was computed.

Pages and the collector share one process, where one thread of Python runs at a time: whoever asks for many large pages
at once would hold up the events of everybody. docs/decisions/fair-pages.md has the figures. Knows no threads.

Guests, who open shared links without a login, may be many at once, each from an address of their own: all of them
together have a part of the turns.
"""

import asyncio
import re
import time
from collections import Counter, deque
from collections.abc import Hashable, Sequence
from typing import Any, NamedTuple

from django.conf import settings

from common.networks import network_of

OF_A_SENDER = 5  # pages at once: three of them may be questions (analytics/store/places.py), which take long
SHARED = "/shared/"  # the addresses of shared links (analytics/urls.py)
SPARED = 2  # turns that are left for others, whatever one address asks for
SHARE = 0.25  # of a processor: what the pages of one sender may take in the long run
BURST_SECONDS = 8.0  # that a sender may owe, which is SHARE of it computed
MOST_OWED_SECONDS = 10.0  # so nobody waits more than 2 seconds for the debts of a large export
MOST_WAITING = 100  # requests of one address
MOST_KEPT = 10_000  # debts; if there are more, paid ones are dropped


class Sender(NamedTuple):
    """Who asks: a browser's session, and the address (of IPv6, the network) it comes from.

    Anybody may claim a session, so the address has a bound of its own.
    """

    address: str
    session: bytes
    is_guest: bool = False


def sender_of(address: str, headers: Sequence[tuple[bytes, bytes]], path: str = "") -> Sender:
    """Who sends a request for this path from this address. `headers` are as ASGI gives them."""
    if path.startswith(SHARED):
        return Sender(network_of(address), b"", is_guest=True)
    pattern = rb"(?:^|;)\s*%s=([^;]*)" % re.escape(settings.SESSION_COOKIE_NAME.encode())
    cookies = (re.search(pattern, value) for name, value in headers if name == b"cookie")
    return Sender(network_of(address), next((found[1] for found in cookies if found), b""))


class PageTurns:
    """So many turns for all. Belongs to the event loop; `take` waits for a turn, and `give_back` ends it."""

    def __init__(self, count: int) -> None:
        self.free = count
        self._most_of_address = max(1, count - SPARED)
        self._most_of_guests = max(1, count // 2)
        self._lines: dict[Sender, deque[asyncio.Future[None]]] = {}  # of those who wait; the first one is next
        self._taken: Counter[Sender] = Counter()
        self._taken_from: Counter[str] = Counter()
        self._taken_by_guests = 0
        self._paid_at: dict[Sender, float] = {}  # time.monotonic()
        self._timer: asyncio.TimerHandle | None = None

    def is_full_of(self, sender: Sender) -> bool:
        """Whether too many requests of this address wait already; those of guests are counted apart."""
        same = (sender.address, sender.is_guest)
        waiting = (len(line) for who, line in self._lines.items() if (who.address, who.is_guest) == same)
        return sum(waiting) >= MOST_WAITING

    async def take(self, sender: Sender) -> None:
        turn = asyncio.get_running_loop().create_future()
        self._lines.setdefault(sender, deque()).append(turn)
        self._pass_on()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.done() and not turn.cancelled():  # it came together with the end of the request
                self.give_back(sender)
            raise

    def give_back(self, sender: Sender, seconds: float = 0.0) -> None:
        """End a turn in which a processor worked for so many `seconds`."""
        self.free += 1
        _take_out(self._taken, sender)
        _take_out(self._taken_from, sender.address)
        self._taken_by_guests -= sender.is_guest
        if seconds:
            self._charge(sender, seconds)
        self._pass_on()

    def _charge(self, sender: Sender, seconds: float) -> None:
        now = time.monotonic()
        paid_at = max(now, self._paid_at.get(sender, now)) + seconds / SHARE
        self._paid_at[sender] = min(paid_at, now + MOST_OWED_SECONDS)
        if len(self._paid_at) > MOST_KEPT:
            self._paid_at = {whose: at for whose, at in self._paid_at.items() if at > now}

    def _pass_on(self) -> None:
        """Give free turns to those who wait, in turn."""
        now = time.monotonic()
        while self.free:
            sender = next((each for each in self._lines if self._may_go(each, now)), None)
            if sender is None:
                break
            line = self._lines.pop(sender)
            turn = line.popleft()
            if line:
                self._lines[sender] = line  # at the end
            if not turn.done():  # it is, when its client has gone
                self.free -= 1
                self._taken[sender] += 1
                self._taken_from[sender.address] += 1
                self._taken_by_guests += sender.is_guest
                turn.set_result(None)
        if self.free and self._lines:
            self._look_again(now)

    def _may_go(self, sender: Sender, now: float) -> bool:
        return (
            self._taken[sender] < OF_A_SENDER
            and self._taken_from[sender.address] < self._most_of_address
            and not (sender.is_guest and self._taken_by_guests >= self._most_of_guests)
            and self._owed_too_long(sender, now) <= 0
        )

    def _owed_too_long(self, sender: Sender, now: float) -> float:
        """Seconds until the sender's debts are small enough."""
        return self._paid_at.get(sender, now) - now - BURST_SECONDS

    def _look_again(self, now: float) -> None:
        """When the first of those who wait for their debts has paid enough."""
        debts = [owed for sender in self._lines if (owed := self._owed_too_long(sender, now)) > 0]
        if self._timer is not None:
            self._timer.cancel()
        self._timer = asyncio.get_running_loop().call_later(min(debts), self._pass_on) if debts else None


def _take_out(taken: Counter[Any], key: Hashable) -> None:
    taken[key] -= 1
    if not taken[key]:
        del taken[key]
