"""What saving a text would do, before it is saved. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

from ipfilter.page.sizes import addresses_in_words
from ipfilter.page.your_address import Visitor
from ipfilter.rules.lists import Notice, Rule, RuleList
from ipfilter.rules.names import named

MOST_SHOWN = 20


class SavedRule(NamedTuple):
    """What the preview needs of a rule in force."""

    canonical: str
    source: str


@dataclass(frozen=True)
class Preview:
    """`rules` are the rules typed, `saved` the rules in force. `saved` is None while nothing was typed."""

    rules: RuleList
    saved: Sequence[SavedRule] | None
    visitor: Visitor

    @cached_property
    def added(self) -> list[Rule]:
        if self.saved is None:
            return []
        known = {rule.canonical for rule in self.saved}
        return [rule for rule in self.rules.rules if rule.canonical not in known]

    @cached_property
    def removed(self) -> list[SavedRule]:
        wanted = {rule.canonical for rule in self.rules.rules}
        return [rule for rule in self.saved or () if rule.canonical not in wanted]

    @property
    def added_shown(self) -> str:
        return named([rule.source for rule in self.added], MOST_SHOWN)

    @property
    def removed_shown(self) -> str:
        return named([rule.source for rule in self.removed], MOST_SHOWN)

    @property
    def rule_count(self) -> int:
        return len(self.rules.rules)

    @cached_property
    def addresses(self) -> str:
        return addresses_in_words(self.rules.rules)

    @cached_property
    def yours(self) -> Rule | None:
        """The rule that would keep out the person who looks at the page."""
        return self.visitor.match(self.rules)

    @property
    def uncovered_version(self) -> int | None:
        """See `Visitor.uncovered_version`."""
        return self.visitor.uncovered_version(self.rules.rules)

    @property
    def notices(self) -> list[Notice]:
        return list(self.rules.notices[:MOST_SHOWN])

    @property
    def more_notices(self) -> int:
        return max(len(self.rules.notices) - MOST_SHOWN, 0)
