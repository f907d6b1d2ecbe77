"""The facts on the staff's page of an account: its people, contents and usage, but no collected data."""

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from django.db.models import Max, QuerySet
from django.utils import timezone

from accounts.activity_log import ActivityLine, line
from accounts.models import Account, Activity, Membership
from accounts.second_factor import users_with_second_factor
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from projects.models import Environment, Project
from support.closing.models import Closing
from support.exports.models import AccountExport
from support.talk.models import Message
from support.visits.actions import allowed
from support.visits.models import Visit

USAGE_DAYS = 14
COUNT_TIMEOUT = timedelta(seconds=3)


@dataclass(frozen=True)
class Facts:
    """Everything on the account's page."""

    account: Account
    state: str
    closing: Closing | None  # while it is closed
    members: list[tuple[Membership, bool]]  # and whether they have a second factor
    projects: QuerySet[Project]
    usage: list[tuple[date, int]] | None  # events per day, oldest first; None if counting takes too long
    last_activity_at: datetime | None
    visits_allowed: bool
    visits: QuerySet[Visit]
    exports: QuerySet[AccountExport]
    messages: QuerySet[Message]
    activity: list[ActivityLine]


def facts_of(account: Account) -> Facts:
    """Look up all facts of one account."""
    closing = Closing.objects.under_way().filter(account_number=account.pk).first()
    members = list(account.memberships.select_related("user").order_by("user__email"))
    secured = users_with_second_factor(each.user_id for each in members)
    activity = Activity.objects.filter(account=account)
    return Facts(
        account=account,
        state=state_of(account, closing),
        closing=closing,
        members=[(each, each.user_id in secured) for each in members],
        projects=account.projects.prefetch_related("environments").order_by("name"),
        usage=events_per_day(account),
        last_activity_at=activity.aggregate(Max("at"))["at__max"],
        visits_allowed=allowed(account),
        visits=Visit.objects.filter(account=account).order_by("-started_at")[:10],
        exports=AccountExport.objects.filter(account=account).order_by("-asked_at")[:5],
        messages=Message.objects.filter(account=account).order_by("-sent_at")[:10],
        activity=[line(row) for row in activity.order_by("-at", "-pk")[:15]],
    )


def state_of(account: Account, closing: Closing | None) -> str:
    """The state in words: open, closed (and until when it can be reopened), or being removed."""
    if account.closed_at is None:
        return "Open"
    if closing is None:
        return f"Closed since {account.closed_at:%Y-%m-%d %H:%M} UTC"
    if not closing.may_be_reopened:
        return "Being removed"
    return f"Closed; can be reopened until {closing.grace_until:%Y-%m-%d %H:%M} UTC"


def events_per_day(account: Account) -> list[tuple[date, int]] | None:
    """Events of the last two weeks by day (UTC), empty days included; None if counting takes too long."""
    environments = list(Environment.objects.filter(project__account=account).values_list("pk", flat=True))
    first = timezone.now().date() - timedelta(days=USAGE_DAYS - 1)
    try:
        counts = event_store().events_per_day(environments, first, COUNT_TIMEOUT)
    except QueryTimeout:
        return None
    days = [first + timedelta(days=n) for n in range(USAGE_DAYS)]
    return [(day, counts.get(day, 0)) for day in days]
