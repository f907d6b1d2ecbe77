"""The one form of every rule: triples of version, value and mask.

A triple excludes an address if the version is the same and `address & mask == value`.
Addresses are plain integers here. An IPv4-mapped IPv6 address counts as its IPv4
address, so a mapped triple is an IPv4 triple.
"""

from ipaddress import IPv4Address, IPv6Address
from typing import NamedTuple

BITS = {4: 32, 6: 128}
FULL = {version: (1 << bits) - 1 for version, bits in BITS.items()}
MASKS = {
    version: tuple(FULL[version] ^ (FULL[version] >> length) for length in range(bits + 1))
    for version, bits in BITS.items()
}
"""For each version, the mask of each prefix length. Rules share these objects."""

MAPPED_PREFIX = 0xFFFF
"""The upper 96 bits of `::ffff:a.b.c.d`, the IPv4-mapped IPv6 addresses."""


class Triple(NamedTuple):
    """`address & mask == value`, for addresses of `version` 4 or 6."""

    version: int
    value: int
    mask: int

    @property
    def last(self) -> int:
        """The highest address in it; `value` is the lowest."""
        return self.value | (self.mask ^ FULL[self.version])

    @property
    def is_prefix(self) -> bool:
        """Whether the fixed bits are the leading ones, as in CIDR notation."""
        free = self.mask ^ FULL[self.version]
        return free & (free + 1) == 0

    @property
    def address_count(self) -> int:
        return 1 << (BITS[self.version] - self.mask.bit_count())

    def unmapped(self) -> "Triple":
        """The IPv4 triple if every address in it is IPv4-mapped; otherwise the triple itself."""
        if self.version == 6 and self.mask >> 32 == FULL[6] >> 32 and self.value >> 32 == MAPPED_PREFIX:
            return Triple(4, self.value & FULL[4], self.mask & FULL[4])
        return self


def prefix(version: int, value: int, length: int) -> Triple:
    """The network of `length` fixed bits that contains `value`; host bits are cleared."""
    mask = MASKS[version][length]
    return Triple(version, value & mask, mask)


def enclosing_prefix(version: int, low: int, high: int) -> Triple:
    """The smallest network that contains all addresses from `low` to `high`, both included."""
    return prefix(version, low, BITS[version] - (low ^ high).bit_length())


def range_triples(version: int, low: int, high: int) -> tuple[Triple, ...]:
    """The fewest networks that together are exactly `low` to `high`, both included, in ascending order.

    At most 2 * 32 - 2 for IPv4 and 2 * 128 - 2 for IPv6.
    """
    triples = []
    while low <= high:
        size_bits = (high - low + 1).bit_length() - 1
        if low:
            size_bits = min(size_bits, (low & -low).bit_length() - 1)
        triples.append(Triple(version, low, MASKS[version][BITS[version] - size_bits]))
        low += 1 << size_bits
    return tuple(triples)


def address_text(version: int, value: int) -> str:
    return str(IPv4Address(value)) if version == 4 else str(IPv6Address(value))


def canonical(triples: tuple[Triple, ...]) -> str:
    """The canonical text of these triples: address, CIDR, wildcard or range.

    Two rules that exclude the same addresses have the same text, however they were typed:
    `10.1.*`, `10.1.0.0/16` and `10.1.0.0-10.1.255.255` all become `10.1.0.0/16`. At most
    `MAX_CANONICAL_LENGTH` characters, and `parse_rule` reads it back.
    """
    first, last = triples[0], triples[-1]
    if first.version != last.version:
        return "*"
    if len(triples) > 1:
        return f"{address_text(first.version, first.value)}-{address_text(first.version, last.last)}"
    if not first.is_prefix:
        return _wildcard_text(first)
    text = address_text(first.version, first.value)
    return text if first.mask == FULL[first.version] else f"{text}/{first.mask.bit_count()}"


MAX_CANONICAL_LENGTH = 79
"""Two full IPv6 addresses and the hyphen between them."""


def _wildcard_text(triple: Triple) -> str:
    width, separator, style = (8, ".", "d") if triple.version == 4 else (16, ":", "x")
    unit = (1 << width) - 1
    shifts = range(BITS[triple.version] - width, -1, -width)
    return separator.join(
        format((triple.value >> shift) & unit, style) if (triple.mask >> shift) & unit else "*" for shift in shifts
    )
