"""What two lists do together: the account's list applies in each environment, beside the environment's own."""

from collections.abc import Iterator
from itertools import groupby

from django.db.models import QuerySet

from ipfilter.list_scope import ListScope
from ipfilter.models import ExcludedIP
from ipfilter.rules import coverage
from ipfilter.rules.canonical import NotARule, triples_of
from ipfilter.rules.lists import RuleList
from ipfilter.rules.triples import Triple

Triples = list[tuple[Triple, ...]]


def block_everybody(scope: ListScope, rules: RuleList) -> bool:
    """Whether `rules`, as the list of `scope`, keep all visitors out somewhere, but only together with another list.

    A saved list that does so by itself was confirmed when it was saved, so it is not asked about again.
    """
    own = [rule.triples for rule in rules.rules]
    if not own or rules.blocks_everybody:
        return False
    return any(
        coverage.blocks_everybody([*own, *theirs]) and not coverage.blocks_everybody(theirs)
        for theirs in _lists_beside(scope)
    )


def _lists_beside(scope: ListScope) -> Iterator[Triples]:
    rows = _rules_beside(scope).order_by("list").values_list("list", "canonical")
    for _, rules in groupby(rows, key=lambda row: row[0]):
        yield [triples for _, canonical in rules if (triples := _read(canonical))]


def _rules_beside(scope: ListScope) -> QuerySet[ExcludedIP]:
    if scope.environment:
        return ListScope(scope.account).rules()
    return ExcludedIP.objects.filter(
        list__account=scope.account, list__environment__isnull=False, list__environment__deleting_at=None
    )


def _read(canonical: str) -> tuple[Triple, ...]:
    try:
        return triples_of(canonical)
    except NotARule:  # edited by hand in the database: matches nothing, as in rules_cache.py
        return ()
