"""The address of the person who looks at the page, and what a list would do to it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import IPv6Address, IPv6Network, ip_address

from ipfilter.rules.lists import Rule, RuleList


@dataclass(frozen=True)
class Visitor:
    """`address` is canonical text, None where it is not known."""

    address: str | None

    @cached_property
    def version(self) -> int | None:
        return ip_address(self.address).version if self.address else None

    @property
    def is_private(self) -> bool:
        """An address that nobody on the internet has: that of this machine, of a local network, or of a proxy."""
        return self.address is not None and not ip_address(self.address).is_global

    @property
    def network(self) -> str | None:
        """The IPv6 network that the visitor's devices take turns of addresses from; None for IPv4."""
        if self.version != 6 or self.is_private:
            return None
        return str(IPv6Network((IPv6Address(self.address), 64), strict=False))

    def match(self, rules: RuleList) -> Rule | None:
        """The rule that keeps this visitor out, if one does."""
        return rules.match(self.address) if self.address else None

    def uncovered_version(self, rules: Iterable[Rule]) -> int | None:
        """The kind of address that the visitor may have besides and that no rule is about; None without rules."""
        versions = {triple.version for rule in rules for triple in rule.triples}
        if not versions or self.version is None:
            return None
        other = 10 - self.version
        return None if other in versions else other
