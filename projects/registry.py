"""What apps above tell this one about environments: what to copy into a new one, and how much it is used.

`projects` knows neither events nor reports. Apps above register functions here in their AppConfig.ready().
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from projects.models import Environment


@dataclass(frozen=True)
class Usage:
    """How much is sent to one environment."""

    last_arrival_at: datetime | None = None
    events_last_7_days: int = 0


KeptCounts = dict[str, int]
"""How many of each kind somebody keeps in an environment: {"definitions": 14, "excluded IPs": 3}.

Pages show these words; each is a plural in -s.
"""


@dataclass(frozen=True)
class Counterpart:
    """How to find what a page shows in another environment: the same lineage, usually."""

    noun: str  # "report"
    list_view: str  # where to go when there is none
    exists: Callable[[Environment, dict[str, Any]], bool]  # (the other environment, the page's URL arguments)


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
    """`copier(source, target)` copies what its app keeps per environment and returns {"definitions": 14, …}.

    It runs inside the transaction that makes `target`.
    """
    _copiers.append(copier)


def register_usage(reader: UsageReader) -> None:
    """`reader(environments)` gives a Usage per environment id."""
    _usage_readers.append(reader)


def register_arrivals(reader: ArrivalReader) -> None:
    """`reader(environment_id)` says when the newest event of that environment arrived."""
    _arrival_readers.append(reader)


def register_kept(reader: KeptReader) -> None:
    """`reader(environments)` counts what is kept in each, by environment id."""
    _kept_readers.append(reader)


def kept(environments: Iterable[Environment]) -> dict[int, KeptCounts]:
    """What is kept in each environment, by id."""
    environments = list(environments)
    counts: dict[int, KeptCounts] = {}
    for reader in _kept_readers:
        for key, found in reader(environments).items():
            counts.setdefault(key, {}).update(found)
    return counts


def register_counterpart(counterpart: Counterpart, *view_names: str) -> None:
    """Pages whose URL names a thing of an environment besides the environment itself."""
    _counterparts.update(dict.fromkeys(view_names, counterpart))


def counterpart(view_name: str) -> Counterpart | None:
    """How to find the counterpart of what `view_name` shows; None when nothing was registered."""
    return _counterparts.get(view_name)


def copy(source: Environment, target: Environment) -> dict[str, int]:
    """Run every copier; returns how many of each kind were copied."""
    counts: dict[str, int] = {}
    for copier in _copiers:
        for kind, count in copier(source, target).items():
            counts[kind] = counts.get(kind, 0) + count
    return counts


def usage(environments: Iterable[Environment]) -> dict[int, Usage]:
    """Usage by environment id; environments that nothing was sent to may be missing."""
    environments = list(environments)
    return {key: value for reader in _usage_readers for key, value in reader(environments).items()}


def last_arrival_at(environment: Environment) -> datetime | None:
    """When the newest event of this environment arrived; None when none ever did."""
    return max((at for read in _arrival_readers if (at := read(environment.pk))), default=None)
