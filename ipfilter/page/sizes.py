"""How many addresses a list of rules covers, in words."""

from collections.abc import Sequence

from common.counted import counted
from ipfilter.rules.lists import Rule, Triple
from ipfilter.rules.union_size import TooManyOverlaps, union_size

NETWORK_BITS = 64  # an IPv6 network that one household or office usually has


def addresses_in_words(rules: Sequence[Rule]) -> str:
    """ "256 IPv4 addresses and 65,536 IPv6 networks (/64)"; "no address" for no rules.

    What several rules cover is counted once; if that would take too long, it says "up to".
    """
    triples = [triple for rule in rules for triple in rule.triples]
    parts = [_of_version(triples, version) for version in (4, 6)]
    return " and ".join(part for part in parts if part) or "no address"


def _of_version(triples: Sequence[Triple], version: int) -> str:
    words = _ipv6 if version == 6 else _ipv4
    try:
        return words(union_size(triples, version))
    except TooManyOverlaps as most:
        return f"up to {words(most.at_most)}"


def _ipv4(count: int) -> str:
    return _some(count, "IPv4 address")


def _ipv6(count: int) -> str:
    networks, rest = divmod(count, 1 << NETWORK_BITS)
    if not networks:
        return _some(count, "IPv6 address")
    words = f"{counted(networks, 'IPv6 network')} (/{NETWORK_BITS})"
    return f"more than {words}" if rest else words


def _some(count: int, one: str) -> str:
    return counted(count, one) if count else ""
