"""How many addresses a list of rules covers, in words."""

from collections.abc import Sequence

from common.counted import counted
from ipfilter.rules import coverage
from ipfilter.rules.lists import Rule

NETWORK_BITS = 64  # an IPv6 network that one household or office usually has


def addresses_in_words(rules: Sequence[Rule]) -> str:
    """ "256 IPv4 addresses and 65,536 IPv6 networks (/64)"; "no address" for no rules.

    A rule that another rule covers is not counted twice. Partly overlapping rules are, so the real number can be lower.
    """
    superfluous = coverage.covered([rule.triples for rule in rules])
    triples = [triple for number, rule in enumerate(rules) if number not in superfluous for triple in rule.triples]
    ipv4 = min(sum(triple.address_count for triple in triples if triple.version == 4), 1 << 32)
    ipv6 = min(sum(triple.address_count for triple in triples if triple.version == 6), 1 << 128)
    parts = [_some(ipv4, "IPv4 address"), _ipv6(ipv6)]
    return " and ".join(part for part in parts if part) or "no address"


def _ipv6(count: int) -> str:
    networks, rest = divmod(count, 1 << NETWORK_BITS)
    if not networks:
        return _some(count, "IPv6 address")
    words = f"{counted(networks, 'IPv6 network')} (/{NETWORK_BITS})"
    return f"more than {words}" if rest else words


def _some(count: int, one: str) -> str:
    return counted(count, one) if count else ""
