"""Reading the activity for the Activity tab and its CSV: filters, pages by key, and a plain phrase for each verb."""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from django.db.models import Q, QuerySet

from accounts.models import Account, Activity

PER_PAGE = 50
HEADER = ("When (UTC)", "Who", "E-mail", "Staff", "What", "On what", "Address", "Details")

WORDS = {
    "account.open": "opened the account",
    "account.settings": "changed the account's settings",
    "account.close": "closed the account",
    "account.reopen": "reopened the account",
    "account.ask_to_close": "asked support to close the account",
    "account.export": "asked for an export of the account",
    "account.export_fetch": "fetched the export of the account",
    "project.create": "created the project",
    "project.change": "changed the project",
    "project.months_kept": "changed how long events are kept in",
    "project.delete": "deleted the project",
    "project.removed": "All data is removed of the project",
    "environment.add": "added the environment",
    "environment.rename": "renamed the environment",
    "environment.capture": "changed what is captured in",
    "environment.delete": "deleted the environment",
    "api_key.create": "created the API key",
    "api_key.revoke": "revoked the API key",
    "environment.removed": "All data is removed of the environment",
    "environment.expired": "Events that are kept no longer are removed of the environment",
    "environment.carry_over": "carried over into",
    "environment.carry_undo": "took back what was carried over into",
    "excluded_ips.save": "changed the excluded IPs of",
    "definition.create": "made the definition",
    "definition.change": "changed the definition",
    "definition.delete": "deleted the definition",
    "definition.tag": "changed the tags of the definition",
    "segment.create": "made the segment",
    "segment.change": "changed the segment",
    "segment.delete": "deleted the segment",
    "segment.tag": "changed the tags of the segment",
    "report.create": "saved the report",
    "report.change": "changed the report",
    "report.delete": "deleted the report",
    "report.tag": "changed the tags of the report",
    "report.pin": "pinned to the dashboard:",
    "report.unpin": "took off the dashboard:",
    "dashboard.reorder": "put the dashboard into another order:",
    "name.describe": "described the name",
    "name.hide": "hid the name",
    "name.show": "showed again the name",
    "name.verify": "verified the name",
    "name.unverify": "no longer verifies the name",
    "person.delete": "asked to delete",
    "person.deleted": "deleted all data of",
    "person.download": "downloaded all data of",
    "teammate.full_access": "gave full access to",
    "teammate.read_only": "made read-only:",
    "teammate.remove": "removed",
    "teammate.leave": "left the account:",
    "invitation.create": "invited",
    "invitation.resend": "sent a new invitation to",
    "invitation.revoke": "revoked the invitation of",
    "invitation.copy_link": "copied the invitation link of",
    "invitation.accept": "accepted the invitation of",
    "invitation.decline": "declined the invitation of",
    "invitation.ask_again": "asked for a new invitation of",
    "person.delete_by_api": "asked for the deletion of",
    "person.deleted_by_api": "has had deleted",
    "login.sign_in": "signed in",
    "login.rename": "changed their own name to",
    "login.email_ask": "asked for another address than",
    "login.email_cancel": "kept their own address",
    "login.email": "changed their own address to",
    "login.password": "changed their own password",
    "login.second_factor_add": "added a second factor",
    "login.second_factor_remove": "removed a second factor",
    "login.recovery_codes": "made new recovery codes",
    "login.session_end": "ended a session of their own",
    "login.sessions_end": "ended all other sessions of their own",
    "login.rescue_offer": "The operator made a one-time link for",
    "login.rescue": "used the operator's one-time link",
    "login.delete": "deleted their own login",
    "support.look": "looked at",
    "support.visit": "visited the account:",
    "support.visit_end": "ended the visit:",
    "support.allow_visits": "allowed visits of support",
    "support.forbid_visits": "forbade visits of support",
    "support.reply": "answered",
    "support.new": "took up again:",
    "support.answered": "marked as answered:",
    "support.closed": "closed",
    "refused": "was refused",
}
KINDS = {
    "account": "The account",
    "project": "Projects",
    "environment": "Environments",
    "api_key": "API keys",
    "excluded_ips": "Excluded IPs",
    "teammate": "Teammates",
    "invitation": "Invitations",
    "definition": "Definitions",
    "segment": "Segments",
    "report": "Reports",
    "dashboard": "Dashboards",
    "name": "Events and properties",
    "person": "People",
    "login": "Logins and passwords",
    "support": "Support",
    "refused": "Refused attempts",
}


def words(verb: str) -> str:
    """The phrase for `verb`. A verb without a phrase stays readable ("report.star" becomes "report: star")."""
    return WORDS.get(verb) or verb.replace(".", ": ").replace("_", " ")


def kinds() -> list[tuple[str, str]]:
    """The choices of the filter: (first part of the verb, label)."""
    return list(KINDS.items())


@dataclass(frozen=True)
class ActivityLine:
    """One row as the Activity tab shows it."""

    activity: Activity
    words: str
    details: list[tuple[str, str]]

    @property
    def refused(self) -> str:
        """What the person tried to do: turns "POST projects:project_create" into words."""
        method, _, page = self.activity.target.partition(" ")
        if ":" not in page:
            return self.activity.target
        wanted = page.rpartition(":")[2].replace("_", " ")
        return f"to open “{wanted}”" if method == "GET" else f"“{wanted}”"

    @property
    def who(self) -> str:
        return self.activity.by_name or self.activity.by_email or "Somebody"


@dataclass(frozen=True)
class ActivityPage:
    """One page of rows, newest first, with the keys of the newer and the older page ('' if there is none)."""

    lines: list[ActivityLine]
    newer_key: str
    older_key: str


def found(account: Account, wanted: dict[str, Any]) -> QuerySet[Activity]:
    """The account's rows that match the filter, newest first. Days are days in the account's time zone."""
    rows = Activity.objects.filter(account=account).order_by("-at", "-id")
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


def page(*, account: Account, wanted: dict[str, Any], key: str) -> ActivityPage:
    """The page that `key` names: "older:<moment>:<id>" or "newer:<moment>:<id>". Other text gives the newest page."""
    rows = found(account, wanted)
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
    return ActivityPage([ActivityLine(row, words(row.verb), _details(row)) for row in rows], newer, older)


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


def _details(row: Activity) -> list[tuple[str, str]]:
    return [(name.replace("_", " "), _in_words(value)) for name, value in row.details.items()]


def _in_words(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return " → ".join(_in_words(each) for each in value)
    if isinstance(value, dict) and value.keys() == {"count", "names"}:
        return (
            f"{value['count']:,} ({', '.join(value['names'])}{', …' if value['count'] > len(value['names']) else ''})"
        )
    if isinstance(value, dict):
        return ", ".join(f"{_in_words(each)} {name}" for name, each in value.items())
    return str(value)


def rows(*, account: Account, wanted: dict[str, Any]) -> Iterator[tuple[Any, ...]]:
    """The rows of the CSV, with columns in the order of HEADER, read from the database in chunks."""
    for row in found(account, wanted).iterator(chunk_size=2000):
        details = "; ".join(f"{name}: {value}" for name, value in _details(row))
        staff = "yes" if row.as_staff else ""
        yield row.at, row.by_name, row.by_email, staff, words(row.verb), row.target, row.address, details
