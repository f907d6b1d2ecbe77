"""Rules against a naive oracle made of the standard library's `ipaddress`, and odd texts by the thousand."""

import sys
from ipaddress import IPv4Address, IPv6Address, ip_address, ip_network
from itertools import product

from hypothesis import assume, example, given
from hypothesis import strategies as st

from ipfilter.rules.canonical import triples_of
from ipfilter.rules.lists import RulesError, compile_rules, parse
from ipfilter.rules.parsing import NotARule, parse_rule

IPV4 = st.integers(0, 2**32 - 1).map(IPv4Address)
IPV6 = st.integers(0, 2**128 - 1).map(IPv6Address) | st.integers(0, 2**34).map(IPv6Address)
MAPPED = IPV4.map(lambda address: IPv6Address(0xFFFF << 32 | int(address)))
ANY = IPV4 | IPV6 | MAPPED


def plain(address):
    """The oracle's view of an address: IPv4-mapped is IPv4."""
    return getattr(address, "ipv4_mapped", None) or address


def spelled(address, choice):
    """One of the textual forms of an address."""
    if address.version == 4:
        return [str(address), f"::ffff:{address}", f"::FFFF:{int(address) >> 16:x}:{int(address) & 0xFFFF:x}"][choice]
    number = int(address)
    dotted = f"{':'.join(address.exploded.split(':')[:6])}:{IPv4Address(number & 0xFFFFFFFF)}"
    return [str(address), address.exploded.upper(), dotted][choice]


@st.composite
def singles(draw):
    address = draw(ANY)
    return spelled(address, draw(st.integers(0, 2))), lambda other: other == plain(address)


@st.composite
def networks(draw):
    address = plain(draw(ANY))
    length = draw(st.integers(0, address.max_prefixlen))
    network = ip_network((address, length), strict=False)
    text = f"{address}/{length}"
    if address.version == 4 and draw(st.booleans()):
        text = f"::ffff:{address}/{96 + length}"
    return text, lambda other: other.version == network.version and other in network


@st.composite
def wildcards(draw):
    address = plain(draw(ANY))
    stars = draw(st.lists(st.booleans(), min_size=8, max_size=8))
    units = str(address).split(".") if address.version == 4 else address.exploded.split(":")
    units = ["*" if star else unit for unit, star in zip(units, stars, strict=False)]
    assume("*" in units)
    if address.version == 6:  # fixed to 0:0:0:0:0:ffff in front it would be an IPv4 rule
        assume([int(unit, 16) if unit != "*" else None for unit in units[:6]] != [0, 0, 0, 0, 0, 0xFFFF])
    separator = "." if address.version == 4 else ":"

    def holds(other):
        if other.version != address.version:
            return False
        parts = str(other).split(".") if other.version == 4 else other.exploded.split(":")
        return all(unit in ("*", part) for unit, part in zip(units, parts, strict=True))

    written = list(units)
    while len(written) > 2 and written[-2:] == ["*", "*"] and draw(st.booleans()):
        written.pop()
    return separator.join(written), holds


@st.composite
def ranges(draw):
    low = plain(draw(ANY))
    same = IPV4 if low.version == 4 else IPV6
    near = st.integers(-300, 300).map(lambda step: type(low)(min(max(int(low) + step, 0), 2**low.max_prefixlen - 1)))
    high = plain(draw(same | near))
    assume(high.version == low.version)
    low, high = sorted((low, high))
    dash = draw(st.sampled_from(["-", " - ", "\t-", "- "]))
    return f"{low}{dash}{high}", lambda other: other.version == low.version and low <= other <= high


RULES = singles() | networks() | wildcards() | ranges()


def borders(rule):
    """The first and last address of each triple, and those just outside."""
    for version, value, mask in rule.triples:
        kind, top = (IPv4Address, 2**32 - 1) if version == 4 else (IPv6Address, 2**128 - 1)
        last = value | (mask ^ top)
        yield from (kind(number) for number in (value - 1, value, last, last + 1) if 0 <= number <= top)


@given(RULES, st.lists(ANY, max_size=10))
def test_a_rule_matches_what_the_oracle_matches(written, others):
    text, holds = written
    rules = parse(text)
    (rule,) = rules.rules

    for address in [*borders(rule), *others]:
        expected = rule if holds(plain(address)) else None
        assert rules.match(address) is expected
        assert rules.match(str(address)) is expected


@given(RULES)
def test_the_canonical_text_is_read_back_as_the_same_rule(written):
    (rule,) = parse(written[0]).rules

    (again,) = parse(rule.canonical).rules

    assert (again.canonical, again.triples) == (rule.canonical, rule.triples)


@given(ranges())
def test_a_range_is_exactly_its_triples(written):
    (rule,) = parse(written[0]).rules
    first, last = (int(ip_address(end.strip())) for end in written[0].split("-"))

    assert rule.address_count == last - first + 1
    assert len(rule.triples) <= 2 * 128 - 2


@given(st.lists(RULES, max_size=12), st.lists(ANY, max_size=5))
def test_a_list_matches_when_any_of_its_rules_does(written, others):
    rules = parse("\n".join(text for text, _ in written))

    for address in [*others, *(border for rule in rules.rules for border in borders(rule))][:200]:
        holding = any(holds(plain(address)) for _, holds in written)
        assert (rules.match(address) is not None) == holding


def small(version, start, end):
    """A range in the last byte of a network, so that random rules often touch."""
    first, last = sorted((start, end))
    return f"10.0.0.{first}-10.0.0.{last}" if version == 4 else f"2001:db8::{first:x}-2001:db8::{last:x}"


CROWDED = st.lists(
    st.builds(small, st.sampled_from([4, 6]), st.integers(0, 40), st.integers(0, 40))
    | st.sampled_from(
        ["10.*.0.7", "10.*.0.*", "*.0.0.7", "10.0.0.*", "*.*.0.*", "*", "2001:db8:*", "*:db8:*:*:*:*:*:7"]
    ),
    max_size=10,
)


CROWD = [
    *(f"10.0.0.{last}" for last in range(45)),
    *(f"2001:db8::{last:x}" for last in range(45)),
    *["10.0.0.255", "10.9.0.7", "10.9.0.8", "9.0.0.7", "9.0.0.8", "9.9.0.7", "9.9.0.8", "9.9.9.9"],
    *["::9", "1:db8::7", "2001:db8:9::9", "2001:db9::"],
]
"""At least one address for each way in which two of the crowded rules can differ."""


@given(CROWDED)
def test_a_rule_is_called_covered_exactly_when_one_other_holds_all_of_it(texts):
    rules = parse("\n".join(texts))
    covered = {notice.line for notice in rules.notices if notice.line and "already covered by" in notice.text}

    held = [{address for address in CROWD if compile_rules([rule]).match(address)} for rule in rules.rules]
    expected = {
        rule.line
        for rule, addresses in zip(rules.rules, held, strict=True)
        if any(addresses <= others for others in held if others is not addresses)
    }
    assert covered == expected


@given(st.lists(st.tuples(st.integers(0, 255), st.integers(0, 255)), max_size=20))
@example([(0, 223), (225, 225)])
@example([(1, 100), (101, 223)])
@example([(1, 100), (102, 255)])
def test_everybody_is_stopped_exactly_when_nobody_is_left(spans):
    """In whole first octets, where the oracle can simply count."""
    spans = [tuple(sorted(span)) for span in spans]

    rules = parse("\n".join(f"{low}.0.0.0-{high}.255.255.255" for low, high in spans))

    left = set(range(1, 224)) - {first for low, high in spans for first in range(low, high + 1)}
    assert rules.blocks_everybody == (not left)


def read(text):
    """What `parse` makes of any text: rules, or errors that are complete."""
    try:
        return parse(text)
    except RulesError as refused:
        assert refused.errors
        for error in refused.errors:
            assert error.line >= 1
            assert error.reason
            if error.suggestion is not None:
                assert parse(error.suggestion).rules
        return None


@given(st.text())
@example("\0")
@example("1.1.1.1/²")
@example("٣.1.1.1/٣")
@example("\ud800#\udfff")
@example("[[]]:80/")
@example("http://[")
@example("//@[::1")
@example("%-%/%")
def test_no_text_makes_parse_raise_anything_else(text):
    read(text)


@given(st.text(alphabet="0123456789abfx.:*/-#,%[]@? \t\r\n;|\u200b\ufeff١–é", max_size=60))
def test_no_text_that_looks_like_a_rule_makes_parse_raise_anything_else(text):
    read(text)


def test_no_text_of_up_to_three_characters_makes_parse_raise_anything_else():
    """All of them: where Hypothesis finds `/0` once in some hundred runs only."""
    characters = '01.:*/-#,%[]@? \t;|\u200b\u0661\u2013\u00e9"ax'
    for length in range(1, 4):
        for text in product(characters, repeat=length):
            read("".join(text))


@given(RULES, st.integers(0, 40), st.sampled_from(list("0.:*/-%[] g\u200b१")))
def test_a_slip_of_the_finger_is_refused_or_read_but_never_raises(written, position, character):
    text = written[0]

    read(text[:position] + character + text[position:])
    read(text[:position] + text[position + 1 :])


def restored(function, text):
    try:
        return function(text)
    except NotARule:
        return "refused"


@given(RULES)
def test_a_canonical_text_is_restored_to_the_same_triples(written):
    (rule,) = parse(written[0]).rules

    assert triples_of(rule.canonical) == rule.triples


@given(RULES, st.integers(0, 60), st.sampled_from(["", *"0.:*/-%[] g\u200b१\0"]))
def test_a_text_written_by_hand_is_restored_as_the_parser_reads_it(written, position, slip):
    text = written[0][:position] + slip + written[0][position + 1 :]

    assert restored(triples_of, text) == restored(lambda text: parse_rule(text).triples, text)


def steps(function, *arguments):
    """How many lines of Python `function` runs through: a clock that is the same on every machine."""
    count = 0

    def trace(frame, event, argument):
        nonlocal count
        count += event == "line"
        return trace

    before = sys.gettrace()
    sys.settrace(trace)
    try:
        function(*arguments)
    finally:
        sys.settrace(before)
    return count


def assert_linear(text_of_size, size):
    small_steps, large_steps = (steps(read, text_of_size(factor * size)) for factor in (1, 8))
    assert large_steps < 8 * 1.5 * small_steps + 1000


def test_the_work_grows_with_the_number_of_lines_and_no_faster():
    kinds = {
        "addresses": lambda number: f"10.{number >> 8 & 255}.{number & 255}.1",
        "nested": lambda number: f"10.0.0.0-10.0.{number >> 8}.{number & 255}",
        "covered": lambda number: f"10.{number >> 8}.{number & 255}.7\n10.*.{number & 255}.*",
        "wildcards": lambda number: f"10.*.{number >> 8}.{number & 255}\n*.{number >> 8}.{number & 255}.*",
        "duplicates": lambda number: "1.1.1.1",
        "refused": lambda number: f"10.1.{number}",
    }
    for kind in kinds.values():
        assert_linear(lambda size, kind=kind: "\n".join(kind(number) for number in range(size)), 100)


def test_the_work_for_one_endless_line_does_not_grow_with_it():
    for part in ("1.1.1.1,", "10.1", "::", "*.", "[", "\u200b", "#", "1-", "1/", "a", "9", " ", "\x1f"):
        assert steps(read, part * 100_000) <= steps(read, part * 10_000) + 10
