"""Which rules keep one address out: used by "Test an address" on the page and by `manage.py testip`."""

from dataclasses import dataclass
from itertools import groupby

from django.db.models import F, Q, QuerySet

from accounts.models import Account
from ipfilter.list_scope import ListScope
from ipfilter.models import ExcludedIP
from ipfilter.rules.canonical import triples_of
from ipfilter.rules.lists import RulesError, parse
from ipfilter.rules.parsing import NotARule, address
from ipfilter.rules.refusals import refusal
from ipfilter.rules.triples import address_text
from projects.models import Environment


class NoAddress(Exception):
    """The text is not one IP address. The message says why and begins with the text."""


@dataclass(frozen=True)
class Hits:
    """The rules of one list that hold the address."""

    scope: ListScope
    rules: list[ExcludedIP]


@dataclass(frozen=True)
class Checked:
    """The result for one address; `hits` are the lists that keep it out, the account's list first."""

    address: str  # as it is compared: an IPv4-mapped IPv6 address becomes IPv4
    hits: list[Hits]


def rules_for(account: Account, environment: Environment | None = None) -> QuerySet[ExcludedIP]:
    """The rules that apply to `environment`, the account's list included. Without one, those of all lists."""
    rules = ExcludedIP.objects.filter(list__account=account, list__environment__deleting_at=None)
    if environment:
        rules = rules.filter(Q(list__environment=None) | Q(list__environment=environment))
    return rules.order_by(F("list__environment").asc(nulls_first=True), "list", "position")


def check(text: str, rules: QuerySet[ExcludedIP]) -> Checked:
    """Compare an address with `rules`, in the order of `rules_for`. Raises NoAddress.

    Only the canonical text of each rule is loaded to compare it. Rules that contain the address are then read whole.
    """
    version, value = _read(text.strip())
    holding_ids = [pk for pk, canonical in rules.values_list("pk", "canonical") if _holds(canonical, version, value)]
    holding = (
        rules.filter(pk__in=holding_ids)
        .select_related("list__account", "list__environment__project__account", "added_by")
        .defer("list__text")
    )
    hits = [
        Hits(ListScope(kept.account, kept.environment), list(found))
        for kept, found in groupby(holding, key=lambda rule: rule.list)
    ]
    return Checked(address_text(version, value), hits)


def _read(text: str) -> tuple[int, int]:
    try:
        return address(text)
    except NotARule as refused:
        if _is_rule(text):
            raise NoAddress(f"{text} is more than one address: test one of them") from None
        raise NoAddress(f"{text} {refusal(text, refused)[0]}" if text else "Type an address") from None


def _is_rule(text: str) -> bool:
    try:
        return len(parse(text).rules) > 0
    except RulesError:
        return False


def _holds(canonical: str, version: int, value: int) -> bool:
    try:
        triples = triples_of(canonical)
    except NotARule:  # edited by hand in the database: matches nothing, as in rules_cache.py
        return False
    return any(triple.version == version and value & triple.mask == triple.value for triple in triples)
