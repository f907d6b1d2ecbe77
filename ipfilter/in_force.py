"""Which rules hold for which environment, for the collector's directory: plain SQL in, compiled rules out."""

from collections.abc import Iterable

from ipfilter.rules import CompiledRules, Rule, compile_rules

RULES_SQL = """
select rule.id, list.account_id, list.environment_id, rule.canonical
  from ipfilter_excludedip rule join ipfilter_excludediplist list on list.id = rule.list_id
 order by rule.id
"""
"""Every rule of every list: (rule id, account id, environment id or null for the account's own list, canonical)."""

RuleRow = tuple[int, int, int | None, str]


class RulesInForce:
    """All rules at one moment, compiled once per list."""

    def __init__(self, rows: Iterable[RuleRow]) -> None:
        lists: dict[tuple[int, int | None], list[tuple[int, Rule]]] = {}
        for rule_id, account_id, environment_id, canonical in rows:
            lists.setdefault((account_id, environment_id), []).append((rule_id, Rule.from_canonical(canonical)))
        self._compiled = {
            scope: compile_rules((key, rule.triples) for key, rule in rules) for scope, rules in lists.items()
        }

    def of(self, *, account_id: int, environment_id: int) -> tuple[CompiledRules[int], ...]:
        """The lists that hold for one environment, none to two; `.match(address)` of each gives a rule id or None."""
        scopes = ((account_id, None), (account_id, environment_id))
        return tuple(self._compiled[scope] for scope in scopes if scope in self._compiled)
