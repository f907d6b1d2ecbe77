"""How many addresses rules hold together; one that several of them hold counts once."""

from bisect import bisect_right
from collections.abc import Iterable, Sequence
from itertools import accumulate

from ipfilter.rules.triples import BITS, Triple

MOST_STEPS = 300_000  # about 0.2 s; real lists need some hundreds


class TooManyOverlaps(Exception):
    """Wildcards overlap in so many ways that counting would take too long. `at_most` addresses are in the rules."""

    def __init__(self, at_most: int) -> None:
        super().__init__(at_most)
        self.at_most = at_most


def union_size(triples: Iterable[Triple], version: int) -> int:
    """How many addresses of `version` are in at least one of `triples`. Raises TooManyOverlaps."""
    own = {triple for triple in triples if triple.version == version}
    networks = _Networks([triple for triple in own if triple.is_prefix])
    wildcards = [triple for triple in own if not triple.is_prefix]
    try:
        return networks.size + _Beyond(networks).count(wildcards, 0, BITS[version])
    except _TooManySteps:
        whole = 1 << BITS[version]
        at_most = networks.size + sum(triple.address_count for triple in wildcards)
        raise TooManyOverlaps(min(at_most, whole)) from None


class _TooManySteps(Exception):
    pass


class _Networks:
    """Networks, as spans that neither overlap nor touch."""

    def __init__(self, networks: Sequence[Triple]) -> None:
        self.starts: list[int] = []
        self.ends: list[int] = []  # not included
        for network in sorted(networks, key=lambda each: each.value):
            if self.ends and network.value <= self.ends[-1]:
                self.ends[-1] = max(self.ends[-1], network.last + 1)
            else:
                self.starts.append(network.value)
                self.ends.append(network.last + 1)
        sizes = [end - start for start, end in zip(self.starts, self.ends, strict=True)]
        self.sums = [0, *accumulate(sizes)]
        self.size = self.sums[-1]

    def below(self, end: int) -> int:
        """How many of their addresses are lower than `end`."""
        count = bisect_right(self.starts, end - 1)
        beyond = max(self.ends[count - 1] - end, 0) if count else 0
        return self.sums[count] - beyond


class _Beyond:
    """Counts addresses that are in wildcards and in none of the networks."""

    def __init__(self, networks: _Networks) -> None:
        self.networks = networks
        self.steps = 0

    def count(self, wildcards: list[Triple], start: int, bits: int) -> int:
        """Those among the 2 ** `bits` addresses from `start` on, where the higher bits are as the wildcards want."""
        if not wildcards:
            return 0
        self.steps += len(wildcards)
        if self.steps > MOST_STEPS:
            raise _TooManySteps
        size = 1 << bits
        known = self.networks.below(start + size) - self.networks.below(start)
        fixed = [each.mask & (size - 1) for each in wildcards]
        if known == size or 0 in fixed:
            return size - known
        half = size >> 1
        if not known and not any(mask & half for mask in fixed):
            return 2 * self.count(wildcards, start, bits - 1)  # both halves are alike
        low = [each for each in wildcards if not each.mask & each.value & half]
        high = [each for each in wildcards if each.value & half or not each.mask & half]
        return self.count(low, start, bits - 1) + self.count(high, start + half, bits - 1)
