"""The history of a list, from the activity: who saved it, and what changed."""

from accounts.models import Activity
from ipfilter.actions import VERB
from ipfilter.list_scope import ListScope

MOST_SHOWN = 10


def latest(scope: ListScope) -> list[Activity]:
    """The newest saves of this list, newest first; `details` has "added", "removed" or "changed"."""
    rows = Activity.objects.filter(account=scope.account, verb=VERB).order_by("-at", "-id")
    if scope.environment:
        rows = rows.filter(details__app_id=scope.environment.app_id)
    else:
        rows = rows.exclude(details__has_key="app_id")
    return list(rows[:MOST_SHOWN])
