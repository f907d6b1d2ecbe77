"""The page that compares two environments of a project, and carries things over from the other one into this one."""

from dataclasses import dataclass
from typing import Any

from django.contrib import messages
from django.db.models import QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.door import signed_in_user
from accounts.policy import Can
from analytics.definitions.lineages import LineageKey
from analytics.environments.carry import Clash, NotPossible, carry, things
from analytics.environments.compare import EnvironmentComparison, Pair, PairState, compare
from analytics.environments.differences import Difference, differences, names_only
from analytics.environments.undo import Undone, undo
from analytics.models import Carry
from analytics.views.pages import page
from projects.door import environment_view
from projects.models import Environment

MAX_SHOWN = 200  # pairs per list; the search finds the others
CLASHES = [
    (Clash.SKIP, "Skip", "what is here stays as it is"),
    (Clash.REPLACE, "Replace", "what is here gets what is there"),
    (Clash.KEEP_BOTH, "Keep both", "carried over under another name"),
]


@dataclass(frozen=True)
class PairRow:
    """A pair on the page, with its differences in words."""

    pair: Pair
    differences: list[Difference]


@dataclass(frozen=True)
class Listed:
    """The pairs of one state: how many there are, and the ones that are shown."""

    count: int
    rows: list[PairRow]

    @property
    def more(self) -> int:
        return self.count - len(self.rows)


@require_safe
@environment_view(Can.VIEW)
def compare_environments(request: HttpRequest, environment: Environment) -> HttpResponse:
    """`?with=` is the app_id of the other environment. The default is Production, or else the first one."""
    others = list(_others(environment))
    other = _chosen(others, request.GET.get("with", ""), environment)
    context: dict[str, Any] = {"others": others, "other": other, "search": _search(request), "clashes": CLASHES}
    if other is not None:
        context |= _listed(environment, other, _search(request))
        context["undoable"] = environment.carries.select_related("by").filter(undone_at=None).order_by("-at").first()
    return page(request, environment, "analytics/compare.html", context)


def _others(environment: Environment) -> QuerySet[Environment]:
    live = Environment.objects.live().filter(project_id=environment.project_id)
    return live.exclude(pk=environment.pk).order_by("-is_production", "name")


def _chosen(others: list[Environment], app_id: str, environment: Environment) -> Environment | None:
    if not app_id or app_id == environment.app_id:  # the switcher keeps `with` even if it leads to that environment
        return others[0] if others else None
    for other in others:
        if other.app_id == app_id:
            return other
    raise Http404


def _search(request: HttpRequest) -> str:
    return request.GET.get("q", "").replace("\0", "").strip()


def _listed(environment: Environment, other: Environment, search: str) -> dict[str, Any]:
    """The lists of the page: {"differs": Listed, "there": …, "here": …, "same": …}."""
    there, here = things(other), things(environment)
    comparison = compare(there, here)
    labels = names_only(there), names_only(here)
    found = {}
    for state in PairState:
        pairs = _matching(comparison, state, search)
        rows = [PairRow(pair, differences(pair, *labels)) for pair in pairs[:MAX_SHOWN]]
        found[state.value] = Listed(len(pairs), rows)
    return found


def _matching(comparison: EnvironmentComparison, state: PairState, search: str) -> list[Pair]:
    return [pair for pair in comparison.in_state(state) if search.lower() in pair.thing.name.lower()]


@require_POST
@environment_view(Can.EDIT)
def compare_carry(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Carry the ticked things over from the environment in `source`."""
    source = get_object_or_404(_others(environment), app_id=request.POST.get("source", ""))
    try:
        chosen = [LineageKey.parse(text) for text in request.POST.getlist("item")]
        clash = Clash(request.POST.get("clash", Clash.SKIP))
    except ValueError:
        raise Http404 from None
    if not chosen:
        messages.error(request, "Nothing was ticked, nothing was carried over.")
        return _back(environment, source)
    try:
        receipt, _ = carry(source=source, target=environment, chosen=chosen, clash=clash, by=signed_in_user(request))
    except NotPossible as error:
        messages.error(request, str(error))
    else:
        messages.success(request, f"{receipt}.")
    return _back(environment, source)


@require_POST
@environment_view(Can.EDIT)
def compare_undo(request: HttpRequest, environment: Environment) -> HttpResponse:
    """Undo the carry-over that the form names. The page offers the last one."""
    number = request.POST.get("carry", "")
    if not (number.isdecimal() and number.isascii() and len(number) < 19):
        raise Http404
    carried = get_object_or_404(Carry, environment=environment, pk=number)
    try:
        receipt = undo(carried=carried, by=signed_in_user(request))
    except Undone:
        messages.error(request, "Somebody undid that already.")
    else:
        stays = f" {', '.join(receipt.left[:5])} stay: changed since, or in use." if receipt.left else ""
        messages.success(request, f"Undone: {receipt.undone:,} as before.{stays}")
    source = _others(environment).filter(name=carried.source_name).first()
    return _back(environment, source)


def _back(environment: Environment, source: Environment | None) -> HttpResponse:
    url = reverse("analytics:compare", args=[environment.app_id])
    return redirect(f"{url}?with={source.app_id}" if source else url)
