"""Finds the rule that contains an address. The cost depends on the number of masks, not on the number of rules.

Small and flat on purpose: this runs for every request that the collector handles.
"""

from collections.abc import Iterable
from ipaddress import IPv4Address, IPv6Address
from socket import AF_INET, AF_INET6, inet_pton
from typing import Generic, TypeVar

from ipfilter.rules.triples import FULL, MAPPED_PREFIX

Key = TypeVar("Key")
MaskTable = tuple[tuple[int, dict[int, Key]], ...]
Address = str | IPv4Address | IPv6Address


class CompiledRules(Generic[Key]):
    """For each IP version a table from mask to value to the rule's key. Immutable; false if it has no rules."""

    __slots__ = ("_ipv4", "_ipv6")

    def __init__(self, pairs: Iterable[tuple[Key, Iterable[tuple[int, int, int]]]] = ()) -> None:
        """Each of `pairs` is a key (anything but None) with its (version, value, mask) triples.

        If two keys have the same triple, the first one wins.
        """
        tables: dict[int, dict[int, dict[int, Key]]] = {4: {}, 6: {}}
        for key, triples in pairs:
            for version, value, mask in triples:
                tables[version].setdefault(mask, {}).setdefault(value, key)
        self._ipv4: MaskTable[Key] = _most_specific_first(tables[4])
        self._ipv6: MaskTable[Key] = _most_specific_first(tables[6])

    def __bool__(self) -> bool:
        return bool(self._ipv4 or self._ipv6)

    def match(self, address: Address) -> Key | None:
        """The key of the rule with the most fixed bits that contains `address`, or None.

        IPv4-mapped IPv6 is compared as IPv4; a scope id (`%eth0`) is ignored. Never raises:
        a text that is not an address matches nothing, not even `*`. So pass the peer's
        address or an address that was parsed before, never text from outside.
        """
        if not self._ipv4 and not self._ipv6:
            return None
        try:
            if type(address) is str:
                ipv6 = ":" in address
                packed = inet_pton(AF_INET6 if ipv6 else AF_INET, address)
            else:
                ipv6, packed = _packed(address)
        except (OSError, ValueError):
            if isinstance(address, str) and ":" in address and "%" in address:
                return self.match(address.partition("%")[0])
            return None
        number = int.from_bytes(packed, "big")
        table = self._ipv4
        if ipv6:
            if number >> 32 == MAPPED_PREFIX:
                number &= FULL[4]
            else:
                table = self._ipv6
        for mask, keys in table:
            key = keys.get(number & mask)
            if key is not None:
                return key
        return None


def _most_specific_first(table: dict[int, dict[int, Key]]) -> MaskTable[Key]:
    return tuple(sorted(table.items(), key=lambda entry: -entry[0].bit_count()))


def _packed(address: object) -> tuple[bool, bytes]:
    if isinstance(address, IPv4Address | IPv6Address):
        return address.version == 6, address.packed
    if isinstance(address, str):  # a subclass, such as Django's SafeString
        ipv6 = ":" in address
        return ipv6, inet_pton(AF_INET6 if ipv6 else AF_INET, address)
    raise ValueError("not an address")
