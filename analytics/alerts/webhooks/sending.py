"""Sends what waits for webhooks: the oldest delivery of each, several webhooks at once, no account before another.

A webhook that does not answer as it should is left alone for a while, longer each time. What it was not told within a
day is given up. After a kill a delivery is sent again, with the same id.
"""

import logging
import time
import traceback
from collections import Counter
from collections.abc import Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from datetime import datetime, timedelta
from typing import Any

from django.conf import settings
from django.db import transaction
from django.db.models import Exists, F, OuterRef, Q, QuerySet, Value, Window
from django.db.models.functions import Coalesce, NullIf, RowNumber
from django.utils import timezone

from accounts import activity
from analytics.alerts.models import AlertDelivery, DeliveryState, Webhook
from analytics.alerts.webhooks import payload, secrets
from common.guarded_http import MOST_SECONDS, NoUsableAnswer, fetch

log = logging.getLogger(__name__)
AT_ONCE = 8
OF_AN_ACCOUNT = 2  # at once
LEASE = timedelta(seconds=4 * MOST_SECONDS)  # somebody who sends for longer was killed
PAUSES = tuple(timedelta(minutes=each) for each in (1, 5, 15, 60, 180, 360))
GIVEN_UP_AFTER = timedelta(days=1)
GONE = 410
TOO_LATE = "It waited for a day behind others."
BROKEN = "It could not be sent, for a reason that is in the server's log."
Due = tuple[Webhook, AlertDelivery]
Sent = tuple[int | None, str]  # the status, and what was wrong with it, in words


def run(*, seconds: float) -> bool:
    """Send for about so long, at least something. Returns whether more is waiting that may be sent now.

    Each request has a thread, which does nothing else. What is done makes room for the next at once, so that whoever
    is slow keeps nobody waiting.
    """
    until = time.monotonic() + seconds
    under_way: dict[Future[Sent], Due] = {}
    with ThreadPoolExecutor(AT_ONCE) as threads:

        def begin() -> None:
            for webhook, delivery in _claimed(timezone.now(), list(under_way.values())):
                request = _request(webhook, delivery, timezone.now())
                under_way[threads.submit(_post, *request)] = (webhook, delivery)

        begin()
        while under_way:
            for done in wait(under_way, return_when=FIRST_COMPLETED).done:
                note(*under_way.pop(done), *done.result())
            if time.monotonic() < until:
                begin()
    return _due(timezone.now()).exists()


def _due(now: datetime) -> QuerySet[Webhook]:
    waiting = AlertDelivery.objects.filter(webhook=OuterRef("pk"), state=DeliveryState.WAITING)
    return Webhook.objects.filter(
        Exists(waiting),
        Q(paused_until=None) | Q(paused_until__lte=now),
        Q(claimed_until=None) | Q(claimed_until__lte=now),
        ended_at=None,
        environment__deleting_at=None,
        environment__project__deleting_at=None,
        environment__project__account__closed_at=None,
    )


@transaction.atomic
def _claimed(now: datetime, under_way: Sequence[Due] = ()) -> list[Due]:
    """Webhooks that nobody else sends to meanwhile, those that were not tried for longest first, with what waits."""
    busy = Counter(webhook.environment.project.account_id for webhook, _ in under_way)
    oldest_first: list[Any] = [F("tried_at").asc(nulls_first=True), "pk"]
    turn = Window(RowNumber(), partition_by=F("environment__project__account"), order_by=oldest_first)
    free = _due(now).exclude(environment__project__account__in=[each for each in busy if busy[each] >= OF_AN_ACCOUNT])
    ranked = free.annotate(turn=turn).filter(turn__lte=OF_AN_ACCOUNT).order_by("turn", *oldest_first)
    chosen: list[int] = []
    for number, account in ranked.values_list("pk", "environment__project__account")[: 2 * AT_ONCE]:
        if busy[account] < OF_AN_ACCOUNT and len(chosen) < AT_ONCE - len(under_way):
            busy[account] += 1
            chosen.append(number)
    locked = Webhook.objects.select_for_update(skip_locked=True, of=("self",)).filter(pk__in=chosen)
    found = []
    for webhook in locked.select_related("environment__project__account").order_by("pk"):
        if webhook.claimed_until is not None and webhook.claimed_until > now:
            continue
        _give_up(webhook, now)
        waiting = webhook.deliveries.filter(state=DeliveryState.WAITING).select_related("change")
        if (oldest := waiting.order_by("created_at", "pk").first()) is not None:
            Webhook.objects.filter(pk=webhook.pk).update(claimed_until=now + LEASE, tried_at=now)
            found.append((webhook, oldest))
    return found


def _give_up(webhook: Webhook, now: datetime) -> None:
    """What waits for too long is not sent any more. Its last problem stays, if it was tried."""
    late = webhook.deliveries.filter(state=DeliveryState.WAITING, created_at__lt=now - GIVEN_UP_AFTER)
    late.update(state=DeliveryState.FAILED, problem=Coalesce(NullIf("problem", Value("")), Value(TOO_LATE)))


def _request(webhook: Webhook, delivery: AlertDelivery, now: datetime) -> tuple[str, bytes, dict[str, str]]:
    body = payload.body(delivery, webhook)
    signed = secrets.headers(webhook, payload.message_id(delivery), body, now)
    return webhook.secret_url, body, {"content-type": "application/json", **signed}


def _post(url: str, body: bytes, headers: dict[str, str]) -> Sent:
    try:
        status, _ = fetch("POST", url, internal_hosts=settings.WEBHOOK_INTERNAL_HOSTS, data=body, headers=headers)
    except NoUsableAnswer as error:
        return None, str(error)
    except Exception as error:  # whatever it is, what the others answered is still noted
        where = "".join(traceback.format_tb(error.__traceback__))  # without its text, which may hold the address
        log.error("%s could not be sent: %s\n%s", headers["webhook-id"], type(error).__name__, where)
        return None, BROKEN
    return status, "" if 200 <= status < 300 else f"It answers {status}."


@transaction.atomic
def note(webhook: Webhook, delivery: AlertDelivery, status: int | None, problem: str) -> None:
    """Write what became of an attempt, and let others send to the webhook again."""
    now = timezone.now()
    state = DeliveryState.WAITING if problem else DeliveryState.SENT
    AlertDelivery.objects.filter(pk=delivery.pk).update(
        state=state, answer=status, problem=problem, tried_at=now, attempts=F("attempts") + 1
    )
    _give_up(webhook, now)
    row = Webhook.objects.filter(pk=webhook.pk)
    if not problem:
        row.update(claimed_until=None, failures=0, paused_until=None)
        return
    pause = PAUSES[min(webhook.failures, len(PAUSES) - 1)]
    row.update(claimed_until=None, failures=F("failures") + 1, paused_until=now + pause)
    if status == GONE:
        _end(webhook, now)


def _end(webhook: Webhook, now: datetime) -> None:
    """It answered that it is gone for good: nothing is sent to it any more."""
    if not Webhook.objects.filter(pk=webhook.pk, ended_at=None).update(ended_at=now):
        return
    webhook.deliveries.filter(state=DeliveryState.WAITING).update(
        state=DeliveryState.DROPPED, problem="The webhook has ended."
    )
    project = webhook.environment.project
    activity.record(
        account=project.account,
        by=None,
        verb="webhook.ended",
        target=webhook.name,
        details={"project": project.name, "environment": webhook.environment.name},
        program="The webhook itself, by answering 410",
        project_number=project.pk,
    )
