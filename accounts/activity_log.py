"""Reading the activity for the Activity tab and its CSV: filters, and pages by key. activity_words.py has the words."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from functools import reduce
from operator import or_
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from accounts import activity_words, by_project
from accounts.activity_words import KINDS, OF_THE_ACCOUNT
from accounts.models import Activity, Membership

PER_PAGE = 50
LONGEST_VALUE = 120  # characters of a detail; a longer one is folded
HEADER = ("When (UTC)", "Who", "E-mail", "Staff", "What", "On what", "Address", "Details")


def kinds() -> list[tuple[str, str]]:
    """The choices of the filter: (first part of the verb, label)."""
    return list(KINDS.items())


@dataclass(frozen=True)
class ActivityLine:
    """One row as the Activity tab shows it."""

    activity: Activity
    words: str
    target: str
    details: list[tuple[str, str]]

    @property
    def details_in_short(self) -> list[tuple[str, str]]:
        return [(name, value) for name, value in self.details if len(value) <= LONGEST_VALUE]

    @property
    def long_details(self) -> list[tuple[str, str]]:
        """Those that the tab folds."""
        return [(name, value) for name, value in self.details if len(value) > LONGEST_VALUE]

    @property
    def who(self) -> str:
        return self.activity.by_name or self.activity.by_email or "Somebody"


@dataclass(frozen=True)
class ActivityPage:
    """One page of rows, newest first, with the keys of the newer and the older page ('' if there is none)."""

    lines: list[ActivityLine]
    newer_key: str
    older_key: str


def found(membership: Membership, wanted: dict[str, Any]) -> QuerySet[Activity]:
    """The account's rows that match the filter, newest first. Days are days in the account's time zone.

    A teammate who does not reach all projects sees the rows of those that they reach, and of the account itself. What
    was written before rows had a project they see only if its verb tells that it is about none.
    """
    account = membership.account
    rows = Activity.objects.filter(account=account).order_by("-at", "-id")
    if (reached := by_project.known().reached(membership)) is not None:
        of_the_account = (Q(project_number=None, verb__startswith=f"{kind}.") for kind in OF_THE_ACCOUNT)
        rows = rows.filter(reduce(or_, of_the_account, Q(project_number__in=reached)))
    if who := wanted.get("who"):
        rows = rows.filter(Q(by_email__icontains=who) | Q(by_name__icontains=who))
    if what := wanted.get("what"):
        rows = rows.filter(Q(verb=what) | Q(verb__startswith=f"{what}."))
    if words_wanted := wanted.get("words"):
        rows = rows.filter(target__icontains=words_wanted)
    zone = ZoneInfo(account.time_zone)
    if after := wanted.get("after"):
        rows = rows.filter(at__gte=datetime.combine(after, time.min, zone))
    if (before := wanted.get("before")) and before < date.max:  # the last date that can be typed has no next day
        rows = rows.filter(at__lt=datetime.combine(before + timedelta(days=1), time.min, zone))
    return rows


def page(*, membership: Membership, wanted: dict[str, Any], key: str) -> ActivityPage:
    """The page that `key` names: "older:<moment>:<id>" or "newer:<moment>:<id>". Other text gives the newest page."""
    rows = found(membership, wanted)
    direction, at, row_id = _parsed(key)
    if at is None:
        taken = list(rows[: PER_PAGE + 1])
        return _page(taken[:PER_PAGE], has_newer=False, has_older=len(taken) > PER_PAGE)
    if direction == "older":
        taken = list(rows.filter(Q(at__lt=at) | Q(at=at, id__lt=row_id))[: PER_PAGE + 1])
        return _page(taken[:PER_PAGE], has_newer=True, has_older=len(taken) > PER_PAGE)
    newer = rows.filter(Q(at__gt=at) | Q(at=at, id__gt=row_id)).order_by("at", "id")
    taken = list(newer[: PER_PAGE + 1])
    return _page(taken[:PER_PAGE][::-1], has_newer=len(taken) > PER_PAGE, has_older=True)


def _page(rows: list[Activity], *, has_newer: bool, has_older: bool) -> ActivityPage:
    newer = _key("newer", rows[0]) if has_newer and rows else ""
    older = _key("older", rows[-1]) if has_older and rows else ""
    return ActivityPage([line(row) for row in rows], newer, older)


def _key(direction: str, row: Activity) -> str:
    return f"{direction}:{row.at.astimezone(UTC).isoformat()}:{row.pk}"


def _parsed(key: str) -> tuple[str, datetime | None, int]:
    direction, _, rest = key.partition(":")
    moment, _, row_id = rest.rpartition(":")
    try:
        at = datetime.fromisoformat(moment).astimezone(UTC)  # PostgreSQL rejects offsets of 16 hours or more
    except (ValueError, OverflowError):
        return "", None, 0
    if direction not in ("older", "newer") or not row_id.isdecimal() or len(row_id) > 18:
        return "", None, 0
    return direction, at, int(row_id)


def line(row: Activity) -> ActivityLine:
    """The row, in words."""
    return ActivityLine(row, activity_words.words(row.verb), activity_words.target(row), activity_words.details(row))


def rows(*, membership: Membership, wanted: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of the CSV, with columns in the order of HEADER, read from the database in chunks."""
    for row in found(membership, wanted).iterator(chunk_size=2000):
        told = line(row)
        details = "; ".join(f"{name}: {value}" for name, value in told.details)
        staff = "yes" if row.as_staff else ""
        yield row.at, row.by_name, row.by_email, staff, told.words, told.target, row.address, details
