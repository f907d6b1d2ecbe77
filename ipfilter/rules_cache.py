"""Compiled rules for the collector's workers, by environment. It takes rows and returns compiled rules; no database.

Rules are compiled once per list and kept until the list's stamp changes. So if one account saves 10,000 rules, a
worker does not have to compile the lists of all other accounts again.
"""

import logging
from collections.abc import Iterable, Mapping, Sequence
from itertools import groupby

from ipfilter.rules.canonical import NotARule, triples_of
from ipfilter.rules.lists import CompiledRules, compile_rules

log = logging.getLogger(__name__)

LISTS_SQL = "select id, account_id, environment_id, stamp from ipfilter_excludediplist order by id"
"""Every list, as `ListRow`."""

RULES_SQL = """
select list_id, id, canonical from ipfilter_excludedip where list_id = any(%s) order by list_id, position, id
"""
"""The rules of some lists, as `RuleRow`; the parameter is an array of list ids."""

FINGERPRINT_SQL = "select count(*), coalesce(sum(stamp), 0)::bigint from ipfilter_excludediplist"
"""Computes `fingerprint` in the database. It is so cheap that a worker can ask twice a second if a rule has changed."""

ListRow = tuple[int, int, int | None, int]
"""List id, account id, environment id (None: the account's own list), stamp."""
RuleRow = tuple[int, int, str]
"""List id, rule id, canonical text."""

Compiled = CompiledRules[int]


def fingerprint(lists: Sequence[ListRow]) -> tuple[int, int]:
    """A value that differs whenever the rules of any list have changed, because stamps only ever grow."""
    return len(lists), sum(stamp for _, _, _, stamp in lists)


class RulesInForce:
    """All rules at one moment."""

    def __init__(self, compiled: Mapping[tuple[int, int | None], Compiled]) -> None:
        self._compiled = compiled

    def of(self, *, account_id: int, environment_id: int) -> tuple[Compiled, ...]:
        """The lists that apply to one environment, none to two; `.match(address)` of each gives a rule id or None."""
        scopes = ((account_id, None), (account_id, environment_id))
        return tuple(self._compiled[scope] for scope in scopes if scope in self._compiled)


class CompiledLists:
    """The compiled rules of every list, kept between two reads of the database.

    Call `stale`, read the rules of those lists, and pass all lists and these rules to `renew`.
    """

    def __init__(self) -> None:
        self._by_list: dict[int, tuple[int, Compiled]] = {}

    def stale(self, lists: Iterable[ListRow]) -> list[int]:
        """The ids of lists whose rules have changed since they were compiled."""
        return [
            list_id for list_id, _, _, stamp in lists if self._by_list.get(list_id, (None, None))[0] != stamp
        ]  # fmt: skip

    def renew(self, lists: Sequence[ListRow], rules: Iterable[RuleRow]) -> RulesInForce:
        """Compile `rules`, which are all rules of the stale lists ordered by list, and return all rules now in force.

        Takes about 2 µs per rule. Not thread-safe.
        """
        stamps = {list_id: stamp for list_id, _, _, stamp in lists}
        fresh = {list_id: (stamps[list_id], Compiled()) for list_id in self.stale(lists)}
        for list_id, rows in groupby(rules, key=lambda row: row[0]):
            if list_id in fresh:
                fresh[list_id] = stamps[list_id], _compiled(rows)
        self._by_list = {key: kept for key, kept in (self._by_list | fresh).items() if key in stamps}
        return RulesInForce(
            {
                (account_id, environment_id): compiled
                for list_id, account_id, environment_id, _ in lists
                if (compiled := self._by_list[list_id][1])
            }
        )


def _compiled(rows: Iterable[RuleRow]) -> Compiled:
    """Compile one list. A rule that cannot be read (edited by hand in the database) is left out and logged."""
    pairs = []
    for list_id, rule_id, canonical in rows:
        try:
            pairs.append((rule_id, triples_of(canonical)))
        except NotARule as refused:
            log.error("Excluded IP %d of list %d holds for nobody: %r %s", rule_id, list_id, canonical, refused.reason)
    return compile_rules(pairs)
