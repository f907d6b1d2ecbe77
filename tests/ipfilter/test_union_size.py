"""How many addresses rules hold together, against counting them one by one."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from ipfilter.rules.lists import parse
from ipfilter.rules.triples import BITS, FULL, Triple
from ipfilter.rules.union_size import TooManyOverlaps, union_size

BASE = {4: 0x0A000500, 6: 0x2001_0DB8 << 96}
SMALL = 7  # bits that are tried out
masks = st.one_of(
    st.integers(0, 2**SMALL - 1), st.sampled_from([2**SMALL - 2**free for free in range(SMALL + 1)])
)  # any, or of a network


@given(
    version=st.sampled_from([4, 6]),
    low_bits=st.lists(st.tuples(st.integers(0, 2**SMALL - 1), masks), max_size=12),
    shift=st.sampled_from([0, 5, 24]),
)
def test_it_is_what_counting_finds(version, low_bits, shift):
    """The bits lie at `shift`; all others are fixed to those of one network."""
    others = FULL[version] ^ ((2**SMALL - 1) << shift)
    base = BASE[version] & others
    triples = [Triple(version, base | (value & mask) << shift, others | mask << shift) for value, mask in low_bits]

    counted = sum(any(n & mask == value & mask for value, mask in low_bits) for n in range(2**SMALL))

    assert union_size(triples, version) == counted
    assert union_size(triples, 10 - version) == 0


def test_wildcards_that_overlap_in_every_way_are_given_up_soon():
    lines = [
        line for a in range(1, 250) for line in (f"*.{a}.*.{a}", f"{a}.*.{a}.*", f"*.*.{a}.{255 - a}", f"{a}.*.*.{a}")
    ]
    triples = [triple for rule in parse("\n".join(lines)).rules for triple in rule.triples]

    began = time.process_time()
    with pytest.raises(TooManyOverlaps) as most:
        union_size(triples, 4)

    assert time.process_time() - began < 5  # it was 0.2 s
    assert 1 << 24 < most.value.at_most <= 1 << BITS[4]


def test_thousands_of_networks_beside_a_wildcard_are_counted():
    lines = [f"10.{n >> 8}.{n & 255}.0/25" for n in range(9_000)] + ["*.*.*.7", "*.5.*.200"]
    triples = [triple for rule in parse("\n".join(lines)).rules for triple in rule.triples]

    # all of the first wildcard but 9,000; all of the second, of which 256 networks hold none
    assert union_size(triples, 4) == 9_000 * 128 + (2**24 - 9_000) + 2**16
