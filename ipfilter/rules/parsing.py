"""Parses one rule into triples. Strict: text that is not understood exactly is refused.

The reasons given here are short and say only what the parser knows; `refusals.py` explains them to people.
"""

from ipaddress import AddressValueError, IPv6Address
from typing import NamedTuple

from ipfilter.rules.triples import BITS, FULL, MAPPED_PREFIX, Triple, address_text, canonical, prefix, range_triples

OCTETS = {str(number): number for number in range(256)}
"""The only texts that are an octet: no sign, no leading zero, only ASCII digits."""

LENGTHS = {str(number): number for number in range(129)}

HEX_DIGITS = frozenset("0123456789abcdefABCDEF")


class NotARule(Exception):
    """A text that is not a rule. `lists.parse` turns it into a `LineError`; `canonical.triples_of` lets it through.

    `reason` continues a sentence that begins with the text; `suggestion` is a rule that parses.
    """

    def __init__(self, reason: str, suggestion: str | None = None) -> None:
        super().__init__(reason)
        self.reason = reason
        self.suggestion = suggestion


class Meaning(NamedTuple):
    """What a rule means: its canonical text, its triples, and a notice if it was read differently than typed."""

    canonical: str
    triples: tuple[Triple, ...]
    notice: str | None = None


EVERYBODY = Meaning("*", (Triple(4, 0, 0), Triple(6, 0, 0)))


def parse_rule(text: str) -> Meaning:
    """Parse one rule, trimmed and without comment. Raises only `NotARule`."""
    if text == "*":
        return EVERYBODY
    if "-" in text:
        return _range(text)
    if "/" in text:
        return _cidr(text)
    if "*" in text:
        triples: tuple[Triple, ...] = (wildcard(text),)
    else:
        version, value = address(text)
        triples = (Triple(version, value, FULL[version]),)
    return Meaning(canonical(triples), triples)


def address(text: str) -> tuple[int, int]:
    """Version and number of one address; IPv4-mapped IPv6 is returned as IPv4. Raises `NotARule`."""
    version, value = _written_address(text)
    if version == 6 and value >> 32 == MAPPED_PREFIX:
        return 4, value & FULL[4]
    return version, value


def _written_address(text: str) -> tuple[int, int]:
    if ":" in text:
        return 6, _ipv6(text)
    octets = [OCTETS.get(part) for part in text.split(".")]
    if len(octets) != 4:
        raise NotARule("is not an IP address: an IPv4 address has four parts")
    value = 0
    for octet in octets:
        if octet is None:
            raise NotARule("is not an IP address: each of the four parts is a number from 0 to 255")
        value = value << 8 | octet
    return 4, value


def _ipv6(text: str) -> int:
    if "%" in text:
        raise NotARule("names a network interface after the %")
    try:
        return int(IPv6Address(text))
    except AddressValueError:
        raise NotARule("is not an IPv6 address") from None


def _cidr(text: str) -> Meaning:
    written, _, length_text = text.partition("/")
    length = LENGTHS.get(length_text)
    if length is None:
        raise NotARule("needs a number of bits after the /, without leading zeros")
    version, value = _written_address(written)
    if length > BITS[version]:
        raise NotARule(f"has more than {BITS[version]} bits after the /, which is all an IPv{version} address has")
    if version == 6 and value >> 32 == MAPPED_PREFIX:
        if length < 96:
            raise _mapped_too_wide(value & FULL[4], length)
        version, value, length = 4, value & FULL[4], length - 96
    network = prefix(version, value, length)
    canonical_text = canonical((network,))
    notice = f"{text} is read as {canonical_text}" if network.value != value else None
    return Meaning(canonical_text, (network,), notice)


def _mapped_too_wide(ipv4: int, length: int) -> NotARule:
    """`::ffff:1.2.3.0/24` would be `::/24`, but the person meant IPv4, so suggest that."""
    suggestion = canonical((prefix(4, ipv4, length),)) if length <= BITS[4] else None
    return NotARule(f"is an IPv4 address written as IPv6, where /{length} would reach far beyond IPv4", suggestion)


def _range(text: str) -> Meaning:
    ends = text.split("-")
    if len(ends) != 2:
        raise NotARule("is not a range: a range is two addresses with one - between them")
    (version, low), (last_version, high) = (address(end.strip()) for end in ends)
    if version != last_version:
        raise NotARule("begins with one kind of address and ends with the other: use IPv4 or IPv6 on both sides")
    if low > high:
        swapped = f"{address_text(version, high)}-{address_text(version, low)}"
        raise NotARule("ends before it begins", swapped)
    triples = range_triples(version, low, high)
    return Meaning(canonical(triples), triples)


def wildcard(text: str) -> Triple:
    """Parse a wildcard: a text with a `*` in it, but not `*` alone. Raises `NotARule`."""
    if ":" not in text:
        return _wildcard_units(text.split("."), count=4, version=4)
    if "." in text:
        return _mapped_wildcard(text)
    return _wildcard_units(text.split(":"), count=8, version=6).unmapped()


def _mapped_wildcard(text: str) -> Triple:
    """`::ffff:10.1.*`: an IPv4 wildcard after the prefix of IPv4-mapped addresses."""
    before, _, dotted = text.rpartition(":")
    if address(f"{before}:0.0.0.0") == (4, 0):
        return wildcard(dotted)
    raise NotARule("combines * with an IPv4 address inside an IPv6 address")


def _wildcard_units(units: list[str], count: int, version: int) -> Triple:
    """Each unit is a number or `*`. A `*` at the end also stands for all missing units."""
    if units[-1] == "*":
        units = units + ["*"] * (count - len(units))
    if len(units) != count:
        raise NotARule(f"has {len(units)} parts, an IPv{version} address has {count}")
    width = BITS[version] // count
    read = _octet if version == 4 else _group
    value = mask = 0
    for unit in units:
        value, mask = value << width, mask << width
        if unit != "*":
            value |= read(unit)
            mask |= (1 << width) - 1
    return Triple(version, value, mask)


def _octet(text: str) -> int:
    octet = OCTETS.get(text)
    if octet is None:
        raise NotARule("is not a wildcard: each part is a number from 0 to 255, or * alone")
    return octet


def _group(text: str) -> int:
    if not 1 <= len(text) <= 4 or not HEX_DIGITS.issuperset(text):
        raise NotARule("is not a wildcard: each group is one to four of 0-9 and a-f, or * alone")
    return int(text, 16)
