"""What the rules of one list do together: which are superfluous, and whether they keep everybody out.

Both take n log n time for n rules; nothing here compares every rule with every other.
"""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

from ipfilter.rules.triples import Triple, enclosing_prefix, prefix

Rules = Sequence[tuple[Triple, ...]]

VISITORS = {
    4: (1 << 24, (224 << 24) - 1),  # 1.0.0.0 to 223.255.255.255: no visitor has any other
    6: (prefix(6, 1 << 125, 3).value, prefix(6, 1 << 125, 3).last),  # 2000::/3, all of the public internet
}
"""For each version, the first and the last address that a visitor can have."""


class _Span(NamedTuple):
    """One rule in one IP version: from `low` to `high`, and whether it holds every address between them."""

    low: int
    high: int
    rule: int  # its position in the list
    is_solid: bool
    is_whole_rule: bool  # false for `*`, which has a part in each version


def blocks_everybody(rules: Rules) -> bool:
    """Whether addresses, CIDRs and ranges together hold every IPv4 or every IPv6 visitor."""
    return any(_fills(_spans(rules, version), *VISITORS[version]) for version in (4, 6))


def _fills(spans: Iterator[_Span], low: int, high: int) -> bool:
    missing_from = low
    for span in sorted(span for span in spans if span.is_solid):
        if span.low > missing_from:
            break
        missing_from = max(missing_from, span.high + 1)
    return missing_from > high


def covered(rules: Rules) -> dict[int, int]:
    """Maps the index of each superfluous rule to the index of the one rule that covers it.

    No two of `rules` may hold the same addresses.
    """
    found: dict[int, int] = {}
    for version in (4, 6):
        spans = list(_spans(rules, version))
        found.update(_inside_wildcards(rules, spans, version))
        found.update(_inside_spans(spans))
    return found


def _spans(rules: Rules, version: int) -> Iterator[_Span]:
    for index, triples in enumerate(rules):
        own = [triple for triple in triples if triple.version == version]
        if own:
            is_solid = len(own) > 1 or own[0].is_prefix
            yield _Span(own[0].value, own[-1].last, index, is_solid, len(own) == len(triples))


def _inside_spans(spans: list[_Span]) -> dict[int, int]:
    """Spans are sorted by their start. The one that reaches furthest so far covers later ones that end within it."""
    found: dict[int, int] = {}
    widest: _Span | None = None
    for span in sorted(spans, key=_widest_first):
        if widest and span.high <= widest.high:
            found[span.rule] = widest.rule
        elif span.is_solid and (not widest or span.high > widest.high):
            widest = span
    return found


def _widest_first(span: _Span) -> tuple[int, int, bool, bool]:
    """Sort key: by start, the widest first. Among equal spans `*` comes first, then those without gaps."""
    return span.low, -span.high, span.is_whole_rule, not span.is_solid


def _inside_wildcards(rules: Rules, spans: list[_Span], version: int) -> dict[int, int]:
    """Find spans inside wildcards. IPv4 has at most 11 wildcard masks and IPv6 247, so this is linear in the rules."""
    wildcards: dict[int, dict[int, int]] = {}
    for span in spans:
        if not span.is_solid:
            triple = rules[span.rule][0]
            wildcards.setdefault(triple.mask, {})[triple.value] = span.rule
    found: dict[int, int] = {}
    if not wildcards:
        return found
    for span in spans:
        hull = enclosing_prefix(version, span.low, span.high) if span.is_solid else rules[span.rule][0]
        for mask, values in wildcards.items():
            if mask & hull.mask == mask and mask != hull.mask and (hull.value & mask) in values:
                found[span.rule] = values[hull.value & mask]
                break
    return found
