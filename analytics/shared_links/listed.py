"""The links of an environment, with what each shows, its state and how often it was opened lately."""

from dataclasses import dataclass
from datetime import date, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

from django.db.models import F, Q, QuerySet, Sum
from django.urls import reverse
from django.utils import timezone

from accounts.leaving import MOST_LISTED, KnownSecret
from accounts.models import Account, User
from analytics.dashboards.kept import dashboards
from analytics.kinds.kind import Sparkline
from analytics.models import Report, SharedLink, SharedLinkViews
from common.counted import counted
from common.local_days import last_days
from projects.models import Environment

DAYS = 30


@dataclass(frozen=True)
class ListedLink:
    """`shown` is the name of the report or dashboard; empty if it was deleted. `views`: in the last DAYS days."""

    link: SharedLink
    shown: str
    state: str
    views: int

    @property
    def is_in_force(self) -> bool:
        return self.state == "in force"


def links_of(environment: Environment, noun: str = "", lineage: UUID | None = None) -> QuerySet[SharedLink]:
    """All of an environment, or of one thing in it: those first that were not ended, the newest first."""
    of_one = Q(noun=noun, lineage=lineage) if lineage else Q()
    links = SharedLink.objects.filter(of_one, environment=environment).select_related("created_by", "ended_by")
    return links.order_by(F("ended_at").desc(nulls_first=True), "-created_at", "-pk")


def shared_count(environment: Environment, noun: str, *lineages: UUID) -> int:
    """How many links in force show any of these reports, or dashboards."""
    return SharedLink.objects.in_force().filter(environment=environment, noun=noun, lineage__in=lineages).count()


def links_of_leaver(account: Account, user: User) -> list[KnownSecret]:
    """The links in force that `user` made in `account`. They are the account's, and go on to work."""
    made = SharedLink.objects.in_force().filter(environment__project__account=account, created_by=user)
    found = made.select_related("environment__project").order_by("environment__project__name", "name", "pk")
    return [
        KnownSecret(
            "Shared link for",
            link.name,
            reverse("analytics:shared_link", args=[link.environment.app_id, link.pk]),
            link.environment.project.name,
        )
        for link in found[:MOST_LISTED]
    ]


def listed(environment: Environment, links: list[SharedLink]) -> list[ListedLink]:
    """In the same order: three statements more."""
    lineages = [link.lineage for link in links if link.noun == "report"]
    reports = Report.objects.filter(environment=environment, lineage__in=lineages).values_list("lineage", "name")
    names = {("report", lineage): name for lineage, name in reports}
    names |= {("dashboard", each.lineage): each.name for each in dashboards(environment)}
    first, _ = _days(environment)
    rows = SharedLinkViews.objects.filter(link__in=links, day__gte=first).values_list("link").annotate(Sum("views"))
    views: dict[int, int] = dict(rows)
    return [
        ListedLink(link, shown, _state(environment, link, shown), views.get(link.pk, 0))
        for link in links
        for shown in [names.get((link.noun, link.lineage), "")]
    ]


def _state(environment: Environment, link: SharedLink, shown: str) -> str:
    if link.ended_at:
        return "ended"
    if link.expires_at and link.expires_at <= timezone.now():
        return "expired"
    if not environment.project.account.allows_shared_links:
        return "not allowed"
    return "in force" if shown else "deleted"


def spark_of(link: SharedLink) -> Sparkline:
    """Its views of the last DAYS days, day by day."""
    first, last = _days(link.environment)
    found = dict(link.views.filter(day__gte=first).values_list("day", "views"))
    counts = [found.get(first + timedelta(days=after), 0) for after in range((last - first).days + 1)]
    return Sparkline.of(counts, "day", lambda views: counted(int(views), "view"))


def _days(environment: Environment) -> tuple[date, date]:
    return last_days(DAYS, timezone.now(), ZoneInfo(environment.project.time_zone))
