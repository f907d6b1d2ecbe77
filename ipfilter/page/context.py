"""The template context of the Excluded IPs page."""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import groupby
from typing import Any

from django.db.models import Count
from django.http import HttpRequest

from accounts.current_request import client_address
from accounts.door import TenantRequest
from accounts.models import Membership
from ipfilter.address_check import NoAddress, check, rules_for
from ipfilter.forms import ExcludedIPsForm
from ipfilter.list_scope import ListScope
from ipfilter.models import ExcludedIPList
from ipfilter.page import history, statistics
from ipfilter.page.preview import Preview, SavedRule
from ipfilter.page.your_address import Visitor
from ipfilter.rules.lists import RulesError, parse
from projects.models import Project


@dataclass(frozen=True)
class Choice:
    """A list that the scope switch offers."""

    scope: ListScope
    rule_count: int
    is_current: bool

    @property
    def url(self) -> str:
        return self.scope.url


def context(request: TenantRequest, scope: ListScope, form: ExcludedIPsForm) -> dict[str, Any]:
    """Everything that the page shows; `form` is bound if a text was posted."""
    order = request.GET.get("order", "list")
    page = statistics.rule_page(scope, order=order, number=request.GET.get("page", ""))
    return editing(request, scope, form) | {
        "choices": list(_choices(scope, request.membership)),
        "elsewhere": _elsewhere(scope),
        "order": order if order in statistics.ORDERS else "list",
        "page": page,
        "rule_lines": statistics.rule_lines(page),
        "environment_lines": statistics.environment_lines(scope, request.membership),
        "history": history.latest(scope),
    } | testing(request, scope)  # fmt: skip


def editing(request: HttpRequest, scope: ListScope, form: ExcludedIPsForm) -> dict[str, Any]:
    """The text area and what saving it would do."""
    visitor = Visitor(client_address(request))
    rules = form.rules if form.is_bound else _saved_rules(form)
    saved = [SavedRule(*row) for row in scope.rules().values_list("canonical", "source")] if form.is_bound else None
    preview = None if rules is None else Preview(rules, saved, visitor)
    return {"scope": scope, "form": form, "visitor": visitor, "preview": preview}


def _saved_rules(form: ExcludedIPsForm) -> Any:
    try:
        return parse(form.initial["text"])
    except RulesError:  # saved when the parser accepted more than today; the form shows what is wrong on editing
        return None


def testing(request: HttpRequest, scope: ListScope) -> dict[str, Any]:
    """The answer to "Test an address", if an address was given."""
    text = request.GET.get("address", "").strip()[:200]
    if not text:
        return {"tested": "", "checked": None}
    try:
        return {"tested": text, "checked": check(text, rules_for(scope.account, scope.environment))}
    except NoAddress as why:
        return {"tested": text, "checked": None, "no_address": str(why)}


def _choices(scope: ListScope, membership: Membership) -> Iterator[tuple[Project | None, list[Choice]]]:
    """The account's list, then those of the environments that the person reaches, by project."""
    lists = ExcludedIPList.objects.filter(account=scope.account).annotate(rule_count=Count("rules"))
    counts: dict[int | None, int] = dict(lists.values_list("environment_id", "rule_count"))
    everywhere = ListScope(scope.account)
    yield None, [Choice(everywhere, counts.get(None, 0), is_current=scope.environment is None)]
    reached = statistics.environments_of(everywhere, membership)
    for project, environments in groupby(reached, key=lambda each: each.project):
        own = [(each, counts.get(each.pk, 0)) for each in environments]
        yield project, [Choice(ListScope.of(each), count, each == scope.environment) for each, count in own]


def _elsewhere(scope: ListScope) -> dict[str, Any] | None:
    """For an environment's list: the account's list, which applies there as well."""
    if scope.environment is None:
        return None
    everywhere = ListScope(scope.account)
    return {"scope": everywhere, "url": everywhere.url, "rule_count": everywhere.rules().count()}
