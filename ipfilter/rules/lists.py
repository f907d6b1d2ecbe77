"""Excluded IPs as pure functions: turns a text into rules, or into errors by line; and matches addresses.

The entry point of this package: other code imports from here. No database, no clock, no Django.

    rules = parse(text)              # raises RulesError, which names every bad line
    rules.match("10.1.2.3")          # Rule or None
    compile_rules((row.pk, triples_of(row.canonical)) for row in rows).match(address)  # ipfilter.rules.canonical
"""

import re
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Any, NamedTuple, TypeVar, overload

from ipfilter.rules import coverage
from ipfilter.rules.matching import Address, CompiledRules
from ipfilter.rules.parsing import Meaning, NotARule, parse_rule
from ipfilter.rules.refusals import refusal
from ipfilter.rules.triples import MAX_CANONICAL_LENGTH, Triple

__all__ = [
    "MAX_CANONICAL_LENGTH",
    "MAX_ERRORS",
    "MAX_LINES",
    "MAX_LINE_LENGTH",
    "MAX_RULES",
    "MAX_TRIPLES",
    "CompiledRules",
    "LineError",
    "Notice",
    "Rule",
    "RuleList",
    "RulesError",
    "Triple",
    "compile_rules",
    "parse",
]

MAX_LINES = 100_000
"""Far more than rules, so that notes and blank lines have room; MAX_RULES is the limit that people meet."""
MAX_LINE_LENGTH = 200
"""In characters, including the comment; so `Rule.source` and `Rule.note` are never longer."""
MAX_RULES = 10_000
"""A line may hold several rules, so a limit on lines does not limit rules."""
MAX_ERRORS = 10_000
"""A line has room for a hundred wrong rules. To explain a million of them would take a worker half a minute."""
MAX_TRIPLES = 100_000
"""Of all rules together. 10,000 unaligned IPv6 ranges would be 2.5 million, 240 MiB in every worker (99 bytes each)."""

Key = TypeVar("Key")

_LINE_END = re.compile(r"\r\n|\r|\n")  # line ends of a text area; str.splitlines also splits at others
_BYTE_ORDER_MARK = "\ufeff"


@dataclass(frozen=True, slots=True)
class Rule:
    """One excluded address, network, wildcard or range.

    `canonical` is the rule's identity: it is the same for two spellings of the same addresses.
    """

    source: str  # as typed, trimmed, without the comment
    canonical: str  # at most MAX_CANONICAL_LENGTH characters
    triples: tuple[Triple, ...]
    note: str = ""  # the comment after it, without the # sign
    line: int = 1  # counted from 1

    @property
    def address_count(self) -> int:
        """How many addresses it covers; `*` counts those of both versions."""
        return sum(triple.address_count for triple in self.triples)


class Notice(NamedTuple):
    """A hint about a valid list. `line` is None if it is about the whole list."""

    line: int | None
    text: str


class LineError(NamedTuple):
    """Why a line was refused.

    `text` is the refused part as typed. `reason` continues the sentence that begins with it ("is a host name").
    `suggestion` is a text that parses and may be what was meant, or None.
    """

    line: int
    text: str
    reason: str
    suggestion: str | None


class RulesError(Exception):
    """The text is not a list of rules.

    `errors` names all of its bad lines, in order; `understood` are the rules of the other lines.
    """

    def __init__(self, errors: list[LineError], understood: "RuleList") -> None:
        super().__init__(errors)
        self.errors = errors
        self.understood = understood

    def __str__(self) -> str:
        return "; ".join(f"line {error.line}: {error.text} {error.reason}" for error in self.errors)


@dataclass(frozen=True)
class RuleList:
    """The rules of a text, each once, in the order of the lines."""

    rules: tuple[Rule, ...]
    notices: tuple[Notice, ...]

    @cached_property
    def blocks_everybody(self) -> bool:
        """Whether the rules keep out every IPv4 visitor, or every IPv6 visitor.

        True if one rule, or several together, cover all addresses of a version, or all its public addresses
        (IPv4 1.0.0.0 to 223.255.255.255, IPv6 2000::/3). Wildcards with a fixed part after the `*` are not
        counted.
        """
        return coverage.blocks_everybody([rule.triples for rule in self.rules])

    @cached_property
    def compiled(self) -> "CompiledRules[Rule]":
        return compile_rules(self.rules)

    def match(self, address: Address) -> Rule | None:
        """The most specific rule that contains `address`, or None; see `CompiledRules.match`. Never raises."""
        return self.compiled.match(address)


def parse(text: str) -> RuleList:
    """Parse a text: rules one per line or separated by commas, `# comments`, blank lines.

    Raises only `RulesError`, if any part is not understood. The error names every bad line, up to the line that
    reaches MAX_ERRORS errors. Takes time in proportion to the length of the text.
    """
    lines = _LINE_END.split(text.removeprefix(_BYTE_ORDER_MARK).rstrip("\r\n\t "))
    reading = _Reading()
    for number, line in enumerate(lines[:MAX_LINES], start=1):
        reading.read_line(number, line)
        if len(reading.errors) >= MAX_ERRORS:
            break
    if len(lines) > MAX_LINES:
        reason = f"is line {MAX_LINES + 1:,} of {len(lines):,}: a list has at most {MAX_LINES:,} lines"
        reading.errors.append(LineError(MAX_LINES + 1, _shortened(lines[MAX_LINES]), reason, None))
    if reading.errors:
        raise RulesError(reading.errors, reading.result())
    return reading.result()


@overload
def compile_rules(rules: Iterable[Rule]) -> CompiledRules[Rule]: ...
@overload
def compile_rules(rules: Iterable[tuple[Key, Iterable[tuple[int, int, int]]]]) -> CompiledRules[Key]: ...
def compile_rules(rules: Iterable[Any]) -> CompiledRules[Any]:
    """Prepare rules for matching; `match` returns the rule itself, or the key that it was paired with.

    Rules of several lists can be compiled into one. If two rules are equal, `match` returns the first.
    """
    return CompiledRules((rule, rule.triples) if isinstance(rule, Rule) else rule for rule in rules)


class _Reading:
    """What has been parsed so far, line by line."""

    def __init__(self) -> None:
        self.rules: dict[str, Rule] = {}
        self.notices: list[Notice] = []
        self.errors: list[LineError] = []
        self.triple_count = 0

    def read_line(self, number: int, line: str) -> None:
        if len(line) > MAX_LINE_LENGTH:
            reason = f"has {len(line):,} characters: a line has at most {MAX_LINE_LENGTH}"
            self.errors.append(LineError(number, _shortened(line), reason, None))
            return
        written, _, note = line.partition("#")
        note = note.strip()
        if not _is_storable(note):
            reason = "has a control character in its comment"
            self.errors.append(LineError(number, line.strip(), reason, None))
            return
        for part in written.split(","):
            source = part.strip()
            if source:
                self.read_rule(number, source, note)

    def read_rule(self, number: int, source: str, note: str) -> None:
        try:
            meaning = parse_rule(source)
        except NotARule as refused:
            self.errors.append(_line_error(number, source, refused))
            return
        if self.is_over_a_limit:  # what is wrong with further lines is still told, but the list cannot be saved
            return
        first = self.rules.get(meaning.canonical)
        if first:
            self.notices.append(Notice(number, _duplicate_text(source, first)))
            return
        if meaning.notice:
            self.notices.append(Notice(number, meaning.notice))
        self.rules[meaning.canonical] = Rule(source, meaning.canonical, meaning.triples, note, number)
        self.check_limits(number, source, meaning)

    @property
    def is_over_a_limit(self) -> bool:
        return len(self.rules) > MAX_RULES or self.triple_count > MAX_TRIPLES

    def check_limits(self, number: int, source: str, meaning: Meaning) -> None:
        """Add an error for the one rule that exceeds a limit, not for each one after it."""
        if len(self.rules) == MAX_RULES + 1:
            reason = f"is one too many: a list has at most {MAX_RULES:,} rules"
            self.errors.append(LineError(number, source, reason, None))
        before = self.triple_count
        self.triple_count += len(meaning.triples)
        if before <= MAX_TRIPLES < self.triple_count:
            reason = (
                f"is one range too many: together they are more than {MAX_TRIPLES:,} networks. "
                "Let large ranges begin and end where a network does, as in 10.0.0.0/8"
            )
            self.errors.append(LineError(number, source, reason, None))

    def result(self) -> RuleList:
        rules = tuple(self.rules.values())
        notices = sorted([*self.notices, *_covered_notices(rules)], key=lambda notice: notice.line or 0)
        return RuleList(rules, (*notices, *_version_notices(rules)))


def _line_error(number: int, text: str, refused: NotARule) -> LineError:
    reason, suggestion = refusal(text, refused)
    return LineError(number, text, reason, suggestion)


def _shortened(line: str) -> str:
    return line if len(line) <= MAX_LINE_LENGTH else f"{line[:MAX_LINE_LENGTH]}…"


def _is_storable(note: str) -> bool:
    """Whether PostgreSQL can store it (no NUL, no half of a surrogate pair) and a page can show it."""
    return note.isprintable() or not any(unicodedata.category(character) in ("Cc", "Cs") for character in note)


def _duplicate_text(source: str, first: Rule) -> str:
    if source == first.source:
        return f"{source} is already in line {first.line}"
    return f"{source} is the same as {first.source} in line {first.line}"


def _covered_notices(rules: tuple[Rule, ...]) -> Iterator[Notice]:
    for index, other in coverage.covered([rule.triples for rule in rules]).items():
        rule, wider = rules[index], rules[other]
        yield Notice(rule.line, f"{rule.source} is already covered by {wider.source} in line {wider.line}")


def _version_notices(rules: tuple[Rule, ...]) -> Iterator[Notice]:
    versions = {triple.version for rule in rules for triple in rule.triples}
    if versions == {4}:
        yield Notice(None, "All rules are IPv4. Who comes over IPv6 is not kept out: add those addresses too")
    elif versions == {6}:
        yield Notice(None, "All rules are IPv6. Who comes over IPv4 is not kept out: add those addresses too")
    elif versions and "*" not in {rule.canonical for rule in rules}:
        yield Notice(
            None,
            "The list has IPv4 and IPv6 rules. A visitor is compared with the rules of the version in use",
        )
