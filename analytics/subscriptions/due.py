"""What is due: a row for each mail before anything else is done, and whose turn it is.

The mails of an account get turns a second apart, so that one account's hundreds do not keep another's one waiting.
After downtime the last interval alone is due.
"""

from collections import Counter
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from django.db import transaction
from django.db.models import F, Q
from django.utils import timezone

from analytics.subscriptions.models import Sending, Subscription
from analytics.subscriptions.schedule import Schedule

AT_ONCE = 500  # in one transaction
ABANDONED = timedelta(minutes=10)  # after so long, whoever composed a mail was killed
MOST_TRIES = 6
REMEMBERED = timedelta(days=62)
FAILED = "It could not be made, although it was tried again and again."
OVERTAKEN = "The next one was due before it could be sent."


def schedule_of(subscription: Subscription) -> Schedule:
    """In the time zone that the project has now."""
    zone = ZoneInfo(subscription.environment.project.time_zone)
    return Schedule(subscription.frequency, subscription.day, subscription.hour, zone)


def replan(now: datetime) -> None:
    """Compute anew when those are due whose project has another time zone since."""
    rows = Subscription.objects.filter(ended_at=None).exclude(zone=F("environment__project__time_zone"))
    for each in rows.select_related("environment__project")[:AT_ONCE]:
        schedule = schedule_of(each)
        Subscription.objects.filter(pk=each.pk, due_at=each.due_at).update(
            zone=schedule.zone.key, due_at=schedule.following(now)
        )


@transaction.atomic
def plan(now: datetime) -> int:
    """Give those that are due a row each and their next moment. Returns how many; at most AT_ONCE."""
    due = Subscription.objects.filter(ended_at=None, due_at__lte=now).select_related("environment__project")
    rows = list(due.order_by("due_at", "pk").select_for_update(of=("self",), skip_locked=True)[:AT_ONCE])
    behind: Counter[int] = Counter()
    made = []
    for each in rows:
        schedule = schedule_of(each)
        account = each.environment.project.account_id
        interval, _ = schedule.latest(now)
        if not each.email or each.confirmed_at:
            made.append(Sending(subscription=each, interval=interval, turn_at=now + timedelta(seconds=behind[account])))
            behind[account] += 1
        each.due_at, each.zone = schedule.following(now), schedule.zone.key
    _overtake(made, now)
    old = (now - REMEMBERED).date()
    Sending.objects.filter(subscription__in=rows, interval__lt=old).delete()
    Sending.objects.bulk_create(made, ignore_conflicts=True)
    Subscription.objects.bulk_update(rows, ["due_at", "zone"])
    return len(rows)


def _overtake(made: list[Sending], now: datetime) -> None:
    """End what still waits of the same subscriptions, of intervals before."""
    intervals = {each.subscription_id: each.interval for each in made}
    waiting = Sending.objects.filter(subscription__in=intervals, handed_at=None, done_at=None)
    before = [each.pk for each in waiting if each.interval != intervals[each.subscription_id]]
    waiting.filter(pk__in=before).update(done_at=now, problem=OVERTAKEN)


def take(now: datetime) -> Sending | None:
    """The mail whose turn it is, now this worker's; None if there is none."""
    free = Q(taken_at=None) | Q(taken_at__lt=now - ABANDONED)
    is_turn = Q(tries=0) | Q(turn_at__lte=now)  # before the first try, turn_at is an order alone
    waiting = Sending.objects.filter(free, is_turn, done_at=None, handed_at=None)
    with transaction.atomic():
        found = waiting.order_by("turn_at", "pk").select_for_update(skip_locked=True).first()
        if found is None:
            return None
        if found.taken_at is not None:  # whoever took it was killed, or failed
            found.tries += 1
        if found.tries > MOST_TRIES:
            found.done_at, found.problem = now, FAILED
        found.taken_at = now
        found.save(update_fields=["taken_at", "tries", "done_at", "problem"])
    if found.done_at is not None:
        return take(now)
    with_all = Sending.objects.select_related(
        "subscription__environment__project__account", "subscription__membership__user"
    )
    return with_all.filter(pk=found.pk).first()


def hand(sending: Sending) -> bool:
    """Mark it as given to the mail server, for good. False if it is no longer to be sent by this worker."""
    mine = Sending.objects.filter(pk=sending.pk, taken_at=sending.taken_at, handed_at=None, done_at=None)
    return bool(mine.filter(subscription__ended_at=None).update(handed_at=timezone.now()))


def is_lost(sending: Sending, now: datetime) -> bool:
    """Whether its worker was killed while the mail server took it, so that nobody knows whether it came."""
    return sending.done_at is None and sending.handed_at is not None and sending.handed_at < now - ABANDONED


def sent(sending: Sending) -> None:
    now = timezone.now()
    Sending.objects.filter(pk=sending.pk).update(sent_at=now, done_at=now, problem="")


def not_sent(sending: Sending, why: str) -> None:
    """It is not to be sent, and not tried again."""
    Sending.objects.filter(pk=sending.pk).update(done_at=timezone.now(), problem=why[:300])


def refused(sending: Sending, why: str) -> None:
    """The server certainly did not get it, so it may be tried again: after 1, 4, 16, 64 minutes, 4 and 17 hours.

    Unless another worker has it since.
    """
    now = timezone.now()
    tries = sending.tries + 1
    again = now + timedelta(minutes=4 ** (tries - 1))
    over = {"done_at": now} if tries > MOST_TRIES else {}
    Sending.objects.filter(pk=sending.pk, taken_at=sending.taken_at).update(
        handed_at=None, taken_at=None, tries=tries, turn_at=again, problem=why[:300], **over
    )
