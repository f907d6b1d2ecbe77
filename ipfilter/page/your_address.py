"""The address of the person who looks at the page, and which rules match it. Pure."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from ipaddress import ip_address

from common.networks import network_of
from ipfilter.rules.lists import Rule, RuleList


@dataclass(frozen=True)
class Visitor:
    """The person who looks at the page. `address` is canonical text, or None if it is not known."""

    address: str | None

    @cached_property
    def version(self) -> int | None:
        return ip_address(self.address).version if self.address else None

    @property
    def is_private(self) -> bool:
        """Whether nobody on the internet has this address: it is this machine's, a local network's, or a proxy's."""
        return self.address is not None and not ip_address(self.address).is_global

    @property
    def network(self) -> str | None:
        """The IPv6 network from which the visitor's devices take changing addresses; None for IPv4 or if private."""
        if self.address is None or self.version != 6 or self.is_private:
            return None
        return network_of(self.address)

    def match(self, rules: RuleList) -> Rule | None:
        """The rule that keeps this visitor out, if one does."""
        return rules.match(self.address) if self.address else None

    def uncovered_version(self, rules: Iterable[Rule]) -> int | None:
        """The IP version that the visitor may use as well, if no rule is about it. None otherwise, or without rules."""
        versions = {triple.version for rule in rules for triple in rule.triples}
        if not versions or self.version is None:
            return None
        other = 10 - self.version
        return None if other in versions else other
