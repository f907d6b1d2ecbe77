"""Finds the client address of a request behind proxies. Pure: no settings, no Django.

It is the address of the socket's peer. If the peer is a trusted proxy, it is the right-most address in
X-Forwarded-For or Forwarded that is not a trusted proxy. Addresses are canonical texts, not `ipaddress`
objects: the peer is given as text and matching takes text, and an object would cost 1 µs.

If both headers occur and lead to different addresses, one of them comes from the visitor and was only
passed on by the proxy. Nothing shows which, so both are ignored and the peer counts. A setting that
names the header that the proxy writes (`TrustedProxies.parse`) makes the other one ignored from the start.

Headers that only one vendor's proxy sets (`VENDOR_HEADERS`) are never trusted, because any visitor can send them.
"""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from itertools import islice
from typing import NamedTuple

from collector.request.proxy_headers import canonical_address, forwarded, node_address, x_forwarded_for
from ipfilter.rules.lists import CompiledRules, RulesError, compile_rules, parse

UNKNOWN = "0.0.0.0"  # noqa: S104 - not to listen on: it stands for "no address"
"""The address of a peer without one (a Unix socket), if no trusted header names another."""

MAX_HOPS = 16
MAX_STOPS = 64
"""The most entries of a header that are followed, even if all of them are trusted."""

KINDS: dict[bytes, tuple[str, Callable[[str], Iterator[str]]]] = {
    b"x-forwarded-for": ("X-Forwarded-For", x_forwarded_for),
    b"forwarded": ("Forwarded", forwarded),
}
"""For each header in lower case: its usual spelling, and the function that reads its entries from the right."""

VENDOR_HEADERS = frozenset(
    b"cf-connecting-ip cf-connecting-ipv6 client-ip fastly-client-ip fly-client-ip "
    b"true-client-ip x-client-ip x-cluster-client-ip x-real-ip".split()
)

RequestHeaders = Iterable[tuple[bytes, bytes]]


@dataclass(frozen=True, slots=True)
class TrustedProxies:
    """The proxies whose headers are trusted. Made by `parse`; the default trusts none."""

    hops: int = 0
    networks: CompiledRules[str] = field(default_factory=CompiledRules)
    unix_socket: bool = False
    headers: frozenset[bytes] = frozenset(KINDS)
    is_anybody: bool = False
    """Whether any proxy is trusted. Stored, because every request needs it."""

    @classmethod
    def parse(cls, value: str) -> "TrustedProxies":
        """Read the setting TRUSTED_PROXIES. Raises `ValueError` with a reason for the person who wrote it.

        `value` is empty (no proxy is trusted), or the number of proxies that each request passes, such as `1`,
        or the networks of the proxies, separated by commas, in any form of `ipfilter.rules.lists`. Among the
        networks, the word `unix` stands for a proxy that connects through a Unix socket. The word
        `x-forwarded-for` or `forwarded`, added after a comma, names the one header that the proxies write.
        """
        words = [word for word in (part.strip().lower() for part in value.split(",")) if word]
        named = [word for word in words if word.encode() in KINDS]
        proxies = [word for word in words if word not in named]
        if len(named) > 1:
            raise ValueError("names both headers: leave both out, or name the one that your proxy writes")
        if named and not proxies:
            raise ValueError(f"names the header {named[0]}, but no proxy that may send it")
        headers = frozenset(word.encode() for word in named) or frozenset(KINDS)
        if len(proxies) == 1 and proxies[0].isascii() and proxies[0].isdecimal():
            hops = _hops(proxies[0])
            return cls(hops=hops, headers=headers, is_anybody=hops > 0)
        networks = _networks([word for word in proxies if word != "unix"])
        return cls(0, networks, "unix" in proxies, headers, is_anybody=bool(proxies))

    def believes(self, peer: str | None, address: str | None) -> bool:
        """Whether the headers that `peer` sends count. `address` is the peer's address, or None if it has none."""
        if self.hops:
            return True
        if address is None:
            return self.unix_socket and not peer
        return self.holds(address)

    def holds(self, address: str) -> bool:
        return self.networks.match(address) is not None


def _hops(word: str) -> int:
    hops = int(word) if len(word) <= 2 else MAX_HOPS + 1
    if hops > MAX_HOPS:
        raise ValueError(f"is how many proxies each request comes through: a number from 0 to {MAX_HOPS}")
    return hops


def _networks(words: list[str]) -> CompiledRules[str]:
    try:
        rules = parse("\n".join(words))
    except RulesError as refused:
        raise ValueError("; ".join(f"{error.text} {error.reason}" for error in refused.errors)) from None
    if rules.blocks_everybody:
        raise ValueError(
            "would trust everybody, so that any visitor could state any address: "
            "write the proxies' own networks, or how many proxies each request comes through"
        )
    return compile_rules((rule.canonical, rule.triples) for rule in rules.rules)


class Hop(NamedTuple):
    """One computer that a request passed, as a header or the connection names it."""

    source: str  # "connection", "X-Forwarded-For" or "Forwarded"
    text: str  # as it was written
    address: str | None  # None: no address could be read
    is_trusted: bool


@dataclass(frozen=True, slots=True)
class Explanation:
    """How the address of one request was found. Shown to people who set up a proxy."""

    peer: str | None
    headers: tuple[tuple[str, str], ...]  # X-Forwarded-For and Forwarded as they were received
    ignored: tuple[str, ...]  # the names of received VENDOR_HEADERS
    hops: tuple[Hop, ...]  # the nearest first, as far as they were followed
    address: str
    reason: str


def client_address(peer: str | None, headers: RequestHeaders, trusted: TrustedProxies) -> str:
    """Return the canonical text of the address that a request comes from. Never fails.

    `peer` is the address of the socket's other end, None or "" for a Unix socket. `headers` are as ASGI gives
    them: in their order, with names in lower case. They are read only if the peer is trusted. If they lead to
    no address or to different ones, the peer's own address is returned; `UNKNOWN` if it has none.
    """
    address = canonical_address(peer) if peer else None
    if trusted.is_anybody and trusted.believes(peer, address):
        chains = [_follow(name, value, trusted) for name, value in _values(headers, trusted).items()]
        address = _agreed(chains) or address
    return address or UNKNOWN


def explain(peer: str | None, headers: RequestHeaders, trusted: TrustedProxies) -> Explanation:
    """Return the same address as `client_address`, with the steps that led to it."""
    headers = list(headers)
    address = canonical_address(peer) if peer else None
    is_believed = trusted.is_anybody and trusted.believes(peer, address)
    values = _values(headers, trusted) if is_believed else {}
    chains = [_follow(name, value, trusted) for name, value in values.items()]
    seen = [(name.lower(), value.decode("latin-1")) for name, value in headers]
    return Explanation(
        peer=peer,
        headers=tuple((KINDS[name][0], value) for name, value in seen if name in KINDS),
        ignored=tuple(name.decode() for name, _ in seen if name in VENDOR_HEADERS),
        hops=(Hop("connection", peer or "", address, is_believed), *(hop for _, hops in chains for hop in hops)),
        address=_agreed(chains) or address or UNKNOWN,
        reason=_reason(trusted, is_believed, list(values), chains),
    )


Chain = tuple[str | None, list[Hop]]
"""The address that one header leads to, or None, and the hops on the way."""


def _values(headers: RequestHeaders, trusted: TrustedProxies) -> dict[bytes, str]:
    """The value of each header that may be read. Several lines with one name are joined in their order."""
    values: dict[bytes, str] = {}
    for name, value in headers:
        name = name.lower()
        if name in trusted.headers and value.strip(b" \t,"):
            text = value.decode("latin-1")
            values[name] = f"{values[name]},{text}" if name in values else text
    return values


def _follow(name: bytes, value: str, trusted: TrustedProxies) -> Chain:
    """Walk from the nearest proxy towards the visitor until a hop is not trusted."""
    source, entries = KINDS[name]
    hops: list[Hop] = []
    address = None
    for number, text in enumerate(islice(entries(value), MAX_STOPS), start=1):
        address = node_address(text)
        is_trusted = address is not None and (number < trusted.hops or trusted.holds(address))
        hops.append(Hop(source, text, address, is_trusted))
        if not is_trusted:
            return address, hops
    # All hops were trusted. With networks, the outermost proxy itself sent the request. With a number of
    # hops, the request bypassed some of the proxies, so the expected proxy did not write the header.
    return (None if trusted.hops else address), hops


def _agreed(chains: list[Chain]) -> str | None:
    addresses = {address for address, _ in chains}
    return addresses.pop() if len(addresses) == 1 else None


def _reason(trusted: TrustedProxies, is_believed: bool, names: list[bytes], chains: list[Chain]) -> str:
    """One sentence for the page that shows an `Explanation`."""
    if not trusted.is_anybody:
        return "No proxy is trusted, so the address of the connection counts."
    if not is_believed:
        return "The connection does not come from a trusted proxy, so its own address counts."
    sources = " and ".join(KINDS[name][0] for name in names)
    if not chains:
        return "The trusted proxy does not say for whom it asks, so its own address counts."
    if _agreed(chains):
        return f"{sources}: the right-most address that is no trusted proxy counts."
    if len(chains) > 1:
        return f"{sources} lead to different addresses, so the address of the connection counts."
    if chains[0][1] and chains[0][1][-1].address is None:
        return f"{sources} cannot be read where it matters, so the address of the connection counts."
    return f"{sources} names fewer proxies than are expected, so the address of the connection counts."
