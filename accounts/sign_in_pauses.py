"""Pauses after wrong passwords, so that nobody can guess for long, and nobody can lock somebody else out.

Failures are counted under several keys at once: the address tried from one network, all of a network, and the address
from everywhere. The last is generous: it bounds those who have many networks. A browser that its person has signed in
with before has a key of its own, so what strangers do does not hold it up.
"""

import secrets
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from django.db import connection
from django.db.models import F
from django.db.models.functions import Greatest
from django.utils import timezone
from django.utils.crypto import salted_hmac

from accounts.models import SignInPause
from common.database import stored_if_possible
from common.networks import network_of

COUNTS = "the count of attempts to sign in"
MOST_ROWS = 100_000  # about 20 MB; beyond it, those that failed longest ago are forgotten
PRUNED_EVERY = 100  # attempts, on average
LONGEST_POWER = 30  # of two; no pause grows further
PRUNE = """
delete from accounts_signinpause where key in (
    select key from accounts_signinpause order by failed_at desc offset %s for update skip locked
)
"""


@dataclass(frozen=True)
class Pauses:
    """So many failures are `free`; each further one doubles the pause, from `first` to `longest`. All in seconds.

    One failure is forgotten every `forgets` seconds.
    """

    free: int
    first: float
    longest: float
    forgets: float

    def left(self, failures: float, failed_at: datetime, now: datetime) -> float:
        """How many of the failures still count."""
        return max(0.0, failures - max(0.0, (now - failed_at).total_seconds()) / self.forgets)

    def wait(self, failures: float, failed_at: datetime, now: datetime) -> float:
        """How long the next attempt has to wait, if `failures` counted at `failed_at`."""
        paid = round(failures) - self.free
        if paid < 0:
            return 0.0
        pause = min(self.longest, self.first * 2.0 ** min(paid, LONGEST_POWER))
        return max(0.0, pause - (now - failed_at).total_seconds())


ONE_SENDER = Pauses(free=5, first=60, longest=15 * 60, forgets=15 * 60)  # in the end, 4 attempts an hour
NETWORK = Pauses(free=10, first=6, longest=60, forgets=30)
EVERYWHERE = Pauses(free=100, first=5, longest=5 * 60, forgets=5 * 60)


class CountedAttempt(Protocol):
    """Something tried: the keys under which its failures count, with their rules, and the one of this sender alone."""

    @property
    def own(self) -> str: ...

    @property
    def pauses(self) -> dict[str, Pauses]: ...


@dataclass(frozen=True)
class Attempt:
    """One attempt to sign in: the address that was typed, where it comes from, the known browser if it is one."""

    email: str
    client: str
    browser: str | None = None

    @property
    def own(self) -> str:
        """The key that only this sender and this address have."""
        if self.browser is not None:
            return key_of("browser", self.browser, self.email)
        return key_of("sender", network_of(self.client), self.email)

    @property
    def pauses(self) -> dict[str, Pauses]:
        """The keys under which it counts, and the rule for each."""
        if self.browser is not None:
            return {self.own: ONE_SENDER}
        return {
            self.own: ONE_SENDER,
            key_of("network", network_of(self.client)): NETWORK,
            key_of("everywhere", self.email): EVERYWHERE,
        }


def begin(attempt: CountedAttempt) -> float:
    """Count the attempt as failed, before its password is checked. Returns how many seconds to wait instead, or 0.

    What has to wait is not counted. If nothing can be counted, as on a full disk, nothing has to wait.
    """
    if secrets.randbelow(PRUNED_EVERY) == 0:
        prune()
    with stored_if_possible(COUNTS):
        return _count(attempt.pauses)
    return 0.0


def _count(pauses: dict[str, Pauses]) -> float:
    now = timezone.now()
    keys = sorted(pauses)  # in one order, so that no two attempts wait for each other
    new = [SignInPause(key=key, failures=0, failed_at=now) for key in keys]
    SignInPause.objects.bulk_create(new, ignore_conflicts=True)
    rows = list(SignInPause.objects.filter(key__in=keys).order_by("key").select_for_update())
    wait = max((pauses[row.key].wait(row.failures, row.failed_at, now) for row in rows), default=0.0)
    if wait > 0:
        return wait
    for row in rows:
        row.failures = pauses[row.key].left(row.failures, row.failed_at, now) + 1
        row.failed_at = now
    SignInPause.objects.bulk_update(rows, ["failures", "failed_at"])
    return 0.0


def succeeded(attempt: CountedAttempt) -> None:
    """The password was right: forget the failures of this sender, and that this attempt was counted elsewhere."""
    own = attempt.own
    with stored_if_possible(COUNTS):
        SignInPause.objects.filter(key=own).delete()
        others = SignInPause.objects.filter(key__in=attempt.pauses.keys() - {own})
        others.update(failures=Greatest(F("failures") - 1, 0.0))


def prune() -> None:
    """Keep only the rows that failed last."""
    with stored_if_possible(COUNTS), connection.cursor() as cursor:
        cursor.execute(PRUNE, [MOST_ROWS])


def key_of(*words: str) -> str:
    """A key as it is stored: it does not tell who tried to sign in from where."""
    return salted_hmac("heapadmin.sign_in_pauses", "\n".join(words), algorithm="sha256").hexdigest()
