"""Measures what excluded IPs cost: matching by number of rules, parsing, compiling, memory.

    python -m bench.rules

The time of a match should not grow: the last line says whether 10,000 rules cost less than 3 times what 10 cost.
"""

import random
import timeit
import tracemalloc
from collections.abc import Callable
from ipaddress import IPv4Address, IPv6Address

from collector.request.client_address import TrustedProxies, client_address
from ipfilter.rules.canonical import triples_of
from ipfilter.rules.lists import MAX_RULES, CompiledRules, RulesError, compile_rules, parse

SIZES = (0, 10, 1_000, MAX_RULES)
FLAT_WITHIN = 3.0
VISITORS = 1_000

KINDS: tuple[Callable[[random.Random], str], ...] = (
    lambda chance: str(IPv4Address(chance.getrandbits(32))),
    lambda chance: f"{chance.randint(1, 223)}.{chance.randint(0, 255)}.{chance.randint(0, 255)}.*",
    lambda chance: f"{IPv4Address(chance.getrandbits(32))}/{chance.randint(20, 31)}",
    lambda chance: f"{chance.randint(1, 223)}.*.{chance.randint(0, 255)}.{chance.randint(0, 255)}",
    lambda chance: _ipv4_range(chance),
    lambda chance: str(IPv6Address(0x2001 << 112 | chance.getrandbits(112))),
    lambda chance: f"{IPv6Address(0x2001 << 112 | chance.getrandbits(112))}/{chance.choice((32, 40, 48, 56, 64))}",
)


def _ipv4_range(chance: random.Random) -> str:
    low = chance.getrandbits(31)
    return f"{IPv4Address(low)}-{IPv4Address(low + chance.randint(1, 500))}"


def rules_text(count: int, seed: int = 1) -> str:
    """`count` different rules of all kinds, one per line, the same at every run."""
    chance = random.Random(seed)
    lines: dict[str, None] = {}
    while len(lines) < count:
        # Every kind in turn, so that a short list has the same masks as a long one.
        kind = KINDS[len(lines) % len(KINDS)]
        lines[kind(chance)] = None
    return "\n".join(lines)


def nanoseconds(function: Callable[[], object], calls: int) -> float:
    """The nanoseconds of one of the `calls` that `function` makes, in the best of five runs."""
    repeats = max(1, 50_000 // calls)
    return min(timeit.repeat(function, number=repeats, repeat=5)) / repeats / calls * 1e9


def match_cost(compiled: CompiledRules[int], visitors: list[str]) -> float:
    """Nanoseconds to find that a visitor is not excluded, which is the usual case."""
    match = compiled.match

    def ask() -> None:
        for visitor in visitors:
            match(visitor)

    return nanoseconds(ask, len(visitors))


def strangers(compiled: CompiledRules[int], kind: type[IPv4Address] | type[IPv6Address]) -> list[str]:
    """Visitors that no rule matches, so that each is compared under every mask."""
    chance = random.Random(2)
    found: list[str] = []
    while len(found) < VISITORS:
        number = chance.getrandbits(32) if kind is IPv4Address else 0x2A00 << 112 | chance.getrandbits(112)
        text = str(kind(number))
        if compiled.match(text) is None:
            found.append(text)
    return found


def mebibytes_of(make: Callable[[], object]) -> float:
    """The memory that the result of `make` takes."""
    tracemalloc.start()
    kept = make()
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    del kept
    return size / 2**20


def match_table() -> float:
    """Print the cost by number of rules. Returns the worst ratio of the largest list to 10 rules."""
    print(f"{'rules':>8} {'masks 4/6':>10} {'IPv4 ns':>9} {'IPv6 ns':>9} {'ratio to 10':>12}")
    costs: dict[int, tuple[float, float]] = {}
    for size in SIZES:
        rules = parse(rules_text(size)).rules
        compiled = compile_rules((number, rule.triples) for number, rule in enumerate(rules))
        ipv4, ipv6 = (match_cost(compiled, strangers(compiled, kind)) for kind in (IPv4Address, IPv6Address))
        costs[size] = ipv4, ipv6
        ratio = f"{_ratio(costs, size):.2f}" if size >= 10 else ""
        masks = [len({triple.mask for rule in rules for triple in rule.triples if triple.version == v}) for v in (4, 6)]
        print(f"{len(rules):>8,} {masks[0]:>7}/{masks[1]:<2} {ipv4:>9.0f} {ipv6:>9.0f} {ratio:>12}")
    worst = compile_rules(enumerate(rule.triples for rule in parse(worst_list()).rules))
    print(f"  one rule for every IPv6 mask there can be: {match_cost(worst, strangers(worst, IPv6Address)):,.0f} ns")
    return _ratio(costs, SIZES[-1])


def _ratio(costs: dict[int, tuple[float, float]], size: int) -> float:
    return max(now / ten for now, ten in zip(costs[size], costs[10], strict=True))


def worst_list() -> str:
    """One rule for every possible IPv6 mask: all prefix lengths and all wildcards."""
    lines = [f"2001:db8::/{length}" for length in range(16, 129)]
    for stars in range(1, 255):
        lines.append(":".join("*" if stars >> bit & 1 else f"{bit + 1:x}" for bit in range(8)))
    return "\n".join(lines)


def reading_table() -> None:
    text = rules_text(MAX_RULES)
    rules = parse(text).rules
    canonical = [rule.canonical for rule in rules]
    pairs = [(number, rule.triples) for number, rule in enumerate(rules)]
    refused = "\n".join(["10.1.2"] * MAX_RULES)
    print(f"\n{len(rules):,} rules, {sum(len(rule.triples) for rule in rules):,} triples")
    for name, function in (
        ("parse the text area, with notices", lambda: parse(text)),
        ("restore from canonical text", lambda: [triples_of(one) for one in canonical]),
        ("compile", lambda: compile_rules(pairs)),
        (f"name {MAX_RULES:,} bad lines", lambda: _refused(refused)),
    ):
        print(f"  {name:<36} {min(timeit.repeat(function, number=1, repeat=5)) * 1e3:>8.1f} ms")
    print(f"  {'memory of the compiled rules':<36} {mebibytes_of(lambda: _compiled(canonical)):>8.1f} MiB")
    print(f"  {'memory of the parsed list':<36} {mebibytes_of(lambda: parse(text)):>8.1f} MiB")


def _compiled(canonical: list[str]) -> CompiledRules[int]:
    return compile_rules((number, triples_of(text)) for number, text in enumerate(canonical))


def _refused(text: str) -> int:
    try:
        return len(parse(text).rules)
    except RulesError as refused:
        return len(refused.errors)


def address_table() -> None:
    headers = [(b"host", b"a.example"), (b"user-agent", b"x" * 80), (b"accept", b"*/*"), (b"origin", b"https://a")]
    xff = [*headers, (b"x-forwarded-for", b"203.0.113.9")]
    forwarded = [*headers, (b"forwarded", b'for="[2001:db8::1]:443";proto=https')]
    nobody, networks, one = (TrustedProxies.parse(value) for value in ("", "10.0.0.0/8", "1"))
    print("\nclient address")
    for name, arguments in (
        ("no proxy, IPv4", ("203.0.113.9", xff, nobody)),
        ("no proxy, IPv6", ("2001:db8::1", xff, nobody)),
        ("trusted network, X-Forwarded-For", ("10.0.0.1", xff, networks)),
        ("one hop, X-Forwarded-For", ("10.0.0.1", xff, one)),
        ("trusted network, Forwarded", ("10.0.0.1", forwarded, networks)),
    ):
        cost = nanoseconds(lambda arguments=arguments: client_address(*arguments), 1)  # type: ignore[misc]
        print(f"  {name:<36} {cost:>8.0f} ns")


def main() -> None:
    ratio = match_table()
    reading_table()
    address_table()
    verdict = "flat" if ratio < FLAT_WITHIN else "NOT flat"
    print(f"\n{verdict}: {MAX_RULES:,} rules cost {ratio:.2f} times what 10 rules cost (at most {FLAT_WITHIN:g})")


if __name__ == "__main__":
    main()
