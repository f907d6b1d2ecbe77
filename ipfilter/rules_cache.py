"""Which rules hold for which environment, for the collector's workers: rows in, compiled rules out. No database.

Rules are compiled once per list and kept until the list's stamp changes, so that one account that saves 10,000 rules
costs a worker nothing for the lists of all others.
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
"""What `fingerprint` makes of all lists. So cheap that a worker can ask twice a second whether a rule has changed."""

ListRow = tuple[int, int, int | None, int]
"""List id, account id, environment id (None: the account's own list), stamp."""
RuleRow = tuple[int, int, str]
"""List id, rule id, canonical text."""

Compiled = CompiledRules[int]


def fingerprint(lists: Sequence[ListRow]) -> tuple[int, int]:
    """Another one whenever the rules of any list have changed: stamps only ever grow."""
    return len(lists), sum(stamp for _, _, _, stamp in lists)


class RulesInForce:
    """All rules at one moment."""

    def __init__(self, compiled: Mapping[tuple[int, int | None], Compiled]) -> None:
        self._compiled = compiled

    def of(self, *, account_id: int, environment_id: int) -> tuple[Compiled, ...]:
        """The lists that hold for one environment, none to two; `.match(address)` of each gives a rule id or None."""
        scopes = ((account_id, None), (account_id, environment_id))
        return tuple(self._compiled[scope] for scope in scopes if scope in self._compiled)


class CompiledLists:
    """The compiled rules of every list that has any, kept from one look at the database to the next.

    Ask for `stale`, read those lists' rules, and hand both to `renew`.
    """

    def __init__(self) -> None:
        self._by_list: dict[int, tuple[int, Compiled]] = {}

    def stale(self, lists: Iterable[ListRow]) -> list[int]:
        """The ids of lists whose rules have changed since they were compiled."""
        return [
            list_id for list_id, _, _, stamp in lists if self._by_list.get(list_id, (None, None))[0] != stamp
        ]  # fmt: skip

    def renew(self, lists: Sequence[ListRow], rules: Iterable[RuleRow]) -> RulesInForce:
        """Compile `rules`, all those of the stale lists ordered by list, and say what is in force now.

        Takes some 2 µs a rule. Not for several threads at once.
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
    """A rule that cannot be read (somebody wrote it into the database by hand) is left out, and said so."""
    pairs = []
    for list_id, rule_id, canonical in rows:
        try:
            pairs.append((rule_id, triples_of(canonical)))
        except NotARule as refused:
            log.error("Excluded IP %d of list %d holds for nobody: %r %s", rule_id, list_id, canonical, refused.reason)
    return compile_rules(pairs)
