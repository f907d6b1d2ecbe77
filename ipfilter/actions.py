"""Saving a list of excluded IPs."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from django.db import connection, transaction
from django.utils import timezone

from accounts import activity
from accounts.models import User
from common.counted import counted
from ipfilter import combined_lists
from ipfilter.list_scope import ListScope
from ipfilter.models import ExcludedIP, ExcludedIPList
from ipfilter.rules.lists import Rule, RuleList
from ipfilter.rules.names import named

VERB = "excluded_ips.save"
MOST_NAMED = 100
"""How many rules of one save the activity names; it only counts the rest."""

PUT_RULES = """
insert into ipfilter_excludedip as kept (list_id, canonical, source, note, position, added_at, added_by_id)
select %(list)s, canonical, source, note, number - 1, %(at)s, %(by)s
  from unnest(%(canonical)s::text[], %(source)s::text[], %(note)s::text[])
       with ordinality as typed (canonical, source, note, number)
    on conflict (list_id, canonical) do update
       set source = excluded.source, note = excluded.note, position = excluded.position
     where (kept.source, kept.note, kept.position) is distinct from (excluded.source, excluded.note, excluded.position)
"""


class SavedMeanwhile(Exception):
    """Another person saved the list after the page was loaded; `saved` is the list as it is now."""

    def __init__(self, saved: ExcludedIPList) -> None:
        super().__init__(saved.version)
        self.saved = saved


class BlocksEverybody(Exception):
    """The rules would keep all visitors out, and this was not confirmed."""


@dataclass(frozen=True)
class Saved:
    """What a save changed: the rules added and removed, as typed, and how many stayed."""

    added: Sequence[str]
    removed: Sequence[str]
    kept: int
    is_changed: bool  # whether the text changed, comments and order included

    @property
    def receipt(self) -> str:
        """ "2 rules added, 1 removed" """
        if not self.added and not self.removed:
            return "The rules are the same as before"
        return f"{_count(self.added)} added, {len(self.removed):,} removed"


@transaction.atomic
def save_list(
    *,
    scope: ListScope,
    text: str,
    rules: RuleList,
    version: int,
    by: User,
    everybody_confirmed: bool = False,
    api_token: str = "",
) -> Saved:
    """Make `rules`, parsed from `text`, the rules in force of `scope`.

    Rules that stay keep their rows, and so their counters. `version` is the version of the list that `by` was editing.
    Raises SavedMeanwhile if that is no longer the newest. Raises BlocksEverybody if the rules keep all visitors out,
    alone or together with another list that applies, and `everybody_confirmed` is false. `api_token` names the token
    with which a program of `by` did it.
    """
    if not everybody_confirmed and (rules.blocks_everybody or combined_lists.block_everybody(scope, rules)):
        raise BlocksEverybody
    kept = _locked(scope)
    if kept.version != version:
        raise SavedMeanwhile(kept)
    if kept.text == text:
        return Saved([], [], len(rules.rules), is_changed=False)
    before = {rule.canonical: rule for rule in kept.rules.all()}
    wanted = {rule.canonical: rule for rule in rules.rules}
    gone = [rule for key, rule in before.items() if key not in wanted]
    saved = Saved(
        added=[rule.source for key, rule in wanted.items() if key not in before],
        removed=[rule.source for rule in gone],
        kept=len(before) - len(gone),
        is_changed=True,
    )
    _remove(gone)
    _put(kept, rules.rules, by)
    kept.text, kept.version, kept.saved_at, kept.saved_by = text, version + 1, timezone.now(), by
    kept.save(update_fields=["text", "version", "saved_at", "saved_by"])
    activity.record(
        account=scope.account,
        by=by,
        verb=VERB,
        target=str(scope),
        details=_details(scope, saved) | ({"API_token": api_token} if api_token else {}),
        project_number=scope.environment.project_id if scope.environment else None,
    )
    return saved


def _locked(scope: ListScope) -> ExcludedIPList:
    """Lock the list's row, creating it if needed. Others who save the list wait until this transaction ends."""
    row, _ = ExcludedIPList.objects.get_or_create(**scope.lookup())
    return ExcludedIPList.objects.select_for_update().get(pk=row.pk)


def _remove(rules: Iterable[ExcludedIP]) -> None:
    """Delete rules, after locking them in the order in which the collector's workers lock them to write counters."""
    ids = [rule.pk for rule in rules]
    if ids:
        list(ExcludedIP.objects.select_for_update().filter(pk__in=ids).order_by("pk").values_list("pk"))
        ExcludedIP.objects.filter(pk__in=ids).delete()


def _put(kept: ExcludedIPList, rules: Sequence[Rule], by: User) -> None:
    """Write all rules in one statement: writing 10,000 rows one by one would hold the lock for seconds."""
    values: dict[str, Any] = {
        "list": kept.pk,
        "at": timezone.now(),
        "by": by.pk,
        "canonical": [rule.canonical for rule in rules],
        "source": [rule.source for rule in rules],
        "note": [rule.note for rule in rules],
    }
    with connection.cursor() as cursor:
        cursor.execute(PUT_RULES, values)


def _details(scope: ListScope, saved: Saved) -> dict[str, str]:
    """The details for the activity, in words. The page's history (page/history.py) reads them too."""
    where = {"app_id": scope.environment.app_id} if scope.environment else {}
    if not saved.added and not saved.removed:
        return {"changed": "comments, order or spelling alone"} | where
    rules = {"added": named(saved.added, MOST_NAMED), "removed": named(saved.removed, MOST_NAMED)}
    return {what: names for what, names in rules.items() if names} | {"unchanged": f"{saved.kept:,}"} | where


def _count(rules: Sequence[str]) -> str:
    return counted(len(rules), "rule")
