"""Functions about environments that higher apps register here: copying, usage, arrivals, counts and counterparts.

`projects` knows nothing about events or reports. Higher apps register their functions in AppConfig.ready().
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from projects.models import Environment


@dataclass(frozen=True)
class Usage:
    """How many events are sent to one environment, when the last one arrived, and how much room all take on disk."""

    last_arrival_at: datetime | None = None
    events_last_7_days: int = 0
    has_more_events: bool = False  # than were counted
    bytes_used: int | None = None  # None: little, or not known yet


KeptCounts = dict[str, int]
"""How many things of each kind an environment holds: {"definitions": 14, "excluded IPs": 3}.

Pages show these words; each must be a plural in -s.
"""


@dataclass(frozen=True)
class Counterpart:
    """How to find the same thing in another environment, for switching on a page that shows it; usually by lineage."""

    noun: str  # "report"
    list_view: str  # where to go if there is none
    find: Callable[[Environment, dict[str, Any]], dict[str, Any] | None]
    """Takes the other environment and the page's URL arguments; returns those of the same page there, None without."""


Copier = Callable[[Environment, Environment], dict[str, int]]
UsageReader = Callable[[Iterable[Environment]], dict[int, Usage]]
ArrivalReader = Callable[[int], datetime | None]
KeptReader = Callable[[Iterable[Environment]], dict[int, KeptCounts]]

_copiers: list[Copier] = []
_usage_readers: list[UsageReader] = []
_arrival_readers: list[ArrivalReader] = []
_kept_readers: list[KeptReader] = []
_counterparts: dict[str, Counterpart] = {}


def register_copier(copier: Copier) -> None:
    """Register `copier(source, target)`, which copies what its app keeps per environment.

    It returns {"definitions": 14, …}. It runs inside the transaction that creates `target`.
    """
    _copiers.append(copier)


def register_usage(reader: UsageReader) -> None:
    """Register `reader(environments)`, which returns a Usage for each environment id."""
    _usage_readers.append(reader)


def register_arrivals(reader: ArrivalReader) -> None:
    """Register `reader(environment_id)`, which returns when the newest event of that environment arrived."""
    _arrival_readers.append(reader)


def register_kept(reader: KeptReader) -> None:
    """Register `reader(environments)`, which counts what each environment holds, by environment id."""
    _kept_readers.append(reader)


def kept(environments: Iterable[Environment]) -> dict[int, KeptCounts]:
    """What each environment holds, by environment id."""
    environments = list(environments)
    counts: dict[int, KeptCounts] = {}
    for reader in _kept_readers:
        for key, found in reader(environments).items():
            counts.setdefault(key, {}).update(found)
    return counts


def register_counterpart(counterpart: Counterpart, *view_names: str) -> None:
    """Register a counterpart for views whose URL names a thing in an environment, besides the environment itself."""
    _counterparts.update(dict.fromkeys(view_names, counterpart))


def counterpart(view_name: str) -> Counterpart | None:
    """The counterpart registered for `view_name`, or None."""
    return _counterparts.get(view_name)


def copy(source: Environment, target: Environment) -> dict[str, int]:
    """Run every copier; returns how many of each kind were copied."""
    counts: dict[str, int] = {}
    for copier in _copiers:
        for kind, count in copier(source, target).items():
            counts[kind] = counts.get(kind, 0) + count
    return counts


def usage(environments: Iterable[Environment]) -> dict[int, Usage]:
    """Usage by environment id. Environments that never got an event may be missing. Raises TookTooLong."""
    environments = list(environments)
    return {key: value for reader in _usage_readers for key, value in reader(environments).items()}


def last_arrival_at(environment: Environment) -> datetime | None:
    """When the newest event of this environment arrived; None if none ever did.

    Raises TookTooLong (common/database.py): a page is shown without it then.
    """
    return max((at for read in _arrival_readers if (at := read(environment.pk))), default=None)
