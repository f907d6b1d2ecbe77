"""Judges the alerts that are due, one after the other, and notes what changed with whom it is told.

What an alert found, the change, and the deliveries that tell it are one transaction. A kill before it leaves the
alert due, and one after it leaves deliveries that wait: nothing is lost, and nothing noted twice.
"""

import logging
import time
from datetime import datetime, timedelta

from django.db import transaction
from django.db.models import F, Q, QuerySet, Window
from django.db.models.functions import RowNumber
from django.utils import timezone

from analytics.alerts import intervals, words
from analytics.alerts.models import Alert, AlertChange, AlertDelivery, AlertRecipient, AlertRule, ChangeKind
from analytics.alerts.reading import FoundNumber, Unanswerable, read
from analytics.alerts.rules import Thresholds
from analytics.questions.conditions import BadQuery
from analytics.questions.query import Scope
from analytics.questions.spans import Bucket, Unit
from analytics.store.failures import PASSING, QueryFailed
from common.database import TookTooLong
from common.jobs import defer, defer_once

log = logging.getLogger(__name__)
AT_ONCE = 500  # turns that are found by one statement
AGAIN = timedelta(minutes=1)  # after a try that says nothing about the question
PAUSES = (
    timedelta(minutes=2),
    timedelta(minutes=10),
)  # before the second and third try of a question that took too long
TOO_LONG = "The question takes too long."
BROKEN = "It could not be judged, for a reason that is in the server's log."


def run(*, seconds: float, after: int) -> int | None:
    """Judge for so long, one alert of each account in turn, beginning with the account after that id.

    Returns the last account's id if more are due, else None.
    """
    until = time.monotonic() + seconds
    while turns := _turns(after):
        for number, account in turns:
            after = account
            if (alert := _due().select_related("environment__project__account").filter(pk=number).first()) is not None:
                _judge_alone(alert)
            if time.monotonic() > until:
                return after if _due().exists() else None
    return None


def _due() -> QuerySet[Alert]:
    return Alert.objects.filter(
        is_on=True,
        next_at__lte=timezone.now(),
        environment__deleting_at=None,
        environment__project__deleting_at=None,
        environment__project__account__closed_at=None,
    )


def _turns(after: int) -> list[tuple[int, int]]:
    """(alert, account) of those that are due, in turn: of each account the one that has been due longest comes first.

    Finding them looks at all that are due, so it is done for AT_ONCE of them.
    """
    account = F("environment__project__account")
    turn = Window(RowNumber(), partition_by=account, order_by=["next_at", "pk"])
    ranked = _due().annotate(account=account, turn=turn, is_later=Q(environment__project__account__gt=after))
    return list(ranked.order_by("turn", "-is_later", "account").values_list("pk", "account")[:AT_ONCE])


def _judge_alone(alert: Alert) -> None:
    """Whatever goes wrong, also when it is noted, it is due later: the others are due too."""
    try:
        judge(alert, timezone.now())
    except Exception:
        log.exception("What alert %s found could not be noted", alert.pk)
        _put_off(alert, timezone.now() + AGAIN)


def judge(alert: Alert, now: datetime) -> None:
    """Judge the interval that was over last, unless it was judged already. A question that fails is asked later."""
    scope, unit = Scope.of(alert.environment), Unit(alert.unit)
    interval = intervals.last_finished(now, unit, scope)
    following = intervals.next_judging(now, unit, scope)
    if alert.judged_until is not None and interval.end <= alert.judged_until:
        _put_off(alert, following)
        return
    try:
        reading = read(alert, interval)
    except Unanswerable as error:
        _note(alert, interval, following, str(error))
    except BadQuery as error:
        _note(alert, interval, following, error.message)
    except PASSING:
        _put_off(alert, now + AGAIN)
    except (QueryFailed, TookTooLong):
        _try_again(alert, interval, following, now, TOO_LONG)
    except Exception:  # whatever it is, it is tried again before it is told
        log.exception("Alert %s could not be judged", alert.pk)
        _try_again(alert, interval, following, now, BROKEN)
    else:
        _note(alert, interval, following, reading)


def _put_off(alert: Alert, until: datetime) -> None:
    Alert.objects.filter(pk=alert.pk, version=alert.version, judged_until=alert.judged_until).update(next_at=until)


def _try_again(alert: Alert, interval: Bucket, following: datetime, now: datetime, problem: str) -> None:
    """Later, in case the database is busy now; after the last try the interval is not judged."""
    if alert.attempts >= len(PAUSES):
        _note(alert, interval, following, problem)
        return
    same = Alert.objects.filter(pk=alert.pk, version=alert.version, judged_until=alert.judged_until)
    same.update(next_at=now + PAUSES[alert.attempts], attempts=alert.attempts + 1)


@transaction.atomic
def _note(alert: Alert, interval: Bucket, following: datetime, found: FoundNumber | str) -> None:
    """Write what was found, or why nothing was. Nothing is written of an alert that changed meanwhile."""
    rows = Alert.objects.select_for_update(of=("self",)).select_related("environment__project__account")
    row = rows.filter(pk=alert.pk, version=alert.version, is_on=True).first()
    if row is None or (row.judged_until is not None and row.judged_until >= interval.end):
        return
    change = _unanswered(row, found) if isinstance(found, str) else _answered(row, found)
    row.judged_until, row.next_at, row.attempts = interval.end, following, 0
    if change is not None:
        if change is not ChangeKind.UNANSWERED:
            row.turned_at = timezone.now()
        _tell(row, interval, change, found)
    row.save(
        update_fields=["judged_until", "next_at", "attempts", "turned_at", "value", "problem", "is_firing"],
    )


def _answered(row: Alert, reading: FoundNumber) -> ChangeKind | None:
    rule = Thresholds(AlertRule(row.rule), row.fires_at, row.over_at)
    was_firing, row.value, row.problem = row.is_firing, reading.value, ""
    row.is_firing = rule.is_firing(was_firing, reading.value)
    if row.is_firing == was_firing:
        return None
    return ChangeKind.FIRED if row.is_firing else ChangeKind.OVER


def _unanswered(row: Alert, problem: str) -> ChangeKind | None:
    """It is as it was, so it is not over. Told when it begins, and not again until there was an answer."""
    is_new, row.problem, row.value = not row.problem, problem[:300], None
    return ChangeKind.UNANSWERED if is_new else None


def _tell(row: Alert, interval: Bucket, change: ChangeKind, found: FoundNumber | str) -> None:
    reading = FoundNumber(None) if isinstance(found, str) else found
    told = words.told(row, interval, reading, words.names_for(row))
    if isinstance(found, str):
        told["words"] = found
    noted = AlertChange.objects.create(alert=row, interval_end=interval.end, change=change, told=told)
    recipients = AlertRecipient.objects.filter(alert=row).values_list("membership_id", flat=True)
    for membership_id in recipients:
        delivery = AlertDelivery.objects.create(change=noted, membership_id=membership_id)
        defer("analytics.mail_alert", delivery_id=delivery.pk)
    webhooks = row.webhooks.filter(ended_at=None).values_list("pk", flat=True)
    AlertDelivery.objects.bulk_create(AlertDelivery(change=noted, webhook_id=pk) for pk in webhooks)
    if webhooks:
        defer_once("analytics.send_webhooks", timestamp=int(timezone.now().timestamp()))
