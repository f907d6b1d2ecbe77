"""Analytics' jobs: counting past days, deleting people and what is kept no longer, alerts, and subscriptions."""

import time
from datetime import UTC, datetime

from django.utils import timezone
from procrastinate import RetryStrategy
from procrastinate.contrib.django import app

from analytics import erasure
from analytics.alerts import judging, log
from analytics.alerts import mail as alert_mail
from analytics.alerts.webhooks import sending
from analytics.definitions.bodies import DefinitionBody
from analytics.expiry import removing
from analytics.expiry.night import NIGHTLY
from analytics.models import Definition
from analytics.questions.conditions import BadQuery
from analytics.questions.query import Scope
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from analytics.subscriptions import actions as subscriptions
from analytics.subscriptions import confirming, due
from analytics.subscriptions import sending as subscription_mails
from common import steps
from common.jobs import LONG, LOW, MAIL, MAIL_RETRY, SLICE_SECONDS, defer_once

LOWEST = -20  # the lowest priority, because nobody waits for counted days: queries are exact without them


@app.task(name="analytics.erase_person", retry=RetryStrategy(max_attempts=5, exponential_wait=4))
def erase_person(environment_id: int, actor_id: int, by_id: int) -> None:
    """Delete one person. A second run finds nothing left to delete."""
    erasure.erase(environment_id, actor_id, by_id)


@app.periodic(cron="*/10 * * * *")
@app.task(name="analytics.count_days", queueing_lock="analytics.count_days", pass_context=False, priority=LOWEST)
def count_days(timestamp: int) -> None:
    """Update the counted days of all environments, some at a time."""
    since = datetime.fromtimestamp(timestamp, UTC)
    until = time.monotonic() + SLICE_SECONDS
    store = event_store()
    for environment in store.environments_to_count(since):
        store.count_days(environment, seconds=until - time.monotonic())
        if time.monotonic() > until:
            break
    if store.environments_to_count(since):
        defer_once("analytics.count_days", in_seconds=1, timestamp=timestamp)


@app.periodic(cron=f"{NIGHTLY.minute} {NIGHTLY.hour} * * *")
@app.task(name="analytics.expire_nightly", queueing_lock="analytics.expire_nightly", pass_context=False, priority=LOW)
def expire_nightly(timestamp: int) -> None:
    """Remove the events that are kept no longer: whole months at once, then the others in steps."""
    removing.drop_months(removing.moments(datetime.fromtimestamp(timestamp, UTC)))
    defer_once("analytics.expire", timestamp=timestamp, after=0)


@app.task(name="analytics.expire", priority=LOW)
def expire(timestamp: int, after: int) -> None:
    """Remove some more, for the environments after that id, and queue again until all is gone."""
    following = removing.run(datetime.fromtimestamp(timestamp, UTC), seconds=SLICE_SECONDS, after=after)
    if following is not None:
        defer_once("analytics.expire", in_seconds=1, timestamp=timestamp, after=following)


@app.periodic(cron="41 4 * * *")
@app.task(name="analytics.look_nightly", queueing_lock="analytics.look_nightly", pass_context=False, priority=LOWEST)
def look_nightly(timestamp: int) -> None:
    """Find out when each definition matched last, for the list of definitions."""
    defer_once("analytics.look", timestamp=timestamp, after=0)


@app.task(name="analytics.look", priority=LOWEST)
def look(timestamp: int, after: int) -> None:
    """Look at the definitions after that id, as many as there is time for, and queue again for the others."""
    until = time.monotonic() + SLICE_SECONDS
    following = Definition.objects.filter(pk__gt=after).select_related("environment__project").order_by("pk")
    for definition in following[:100]:
        _look(definition)
        after = definition.pk
        if time.monotonic() > until:
            break
    if Definition.objects.filter(pk__gt=after).exists():
        defer_once("analytics.look", in_seconds=1, timestamp=timestamp, after=after)


def _look(definition: Definition) -> None:
    """It stays not known where that takes too long. Somebody may change the definition, or delete it, meanwhile."""
    now = timezone.now()
    try:
        body = DefinitionBody.from_json(definition.body)
        matched_at = event_store().last_match(Scope.of(definition.environment), body)
    except (BadQuery, KeyError, TypeError, ValueError, QueryTimeout):
        return
    same = Definition.objects.filter(pk=definition.pk, version=definition.version)
    same.update(looked_at=now, matched_at=matched_at)


@app.periodic(cron="* * * * *")
@app.task(name="analytics.judge_alerts", queueing_lock="analytics.judge_alerts", pass_context=False, priority=LOW)
def judge_alerts(timestamp: int) -> None:
    """Judge the alerts that are due."""
    defer_once("analytics.judge", after=0)


@app.task(name="analytics.judge", queueing_lock="analytics.judge", priority=LOW)
def judge(after: int) -> None:
    """Judge some, those of the account after that id first, and queue again for the others."""
    following = judging.run(seconds=SLICE_SECONDS, after=after)
    if following is not None:
        defer_once("analytics.judge", after=following)


@app.task(name="analytics.mail_alert", queue=MAIL, retry=MAIL_RETRY)
def mail_alert(delivery_id: int) -> None:
    """Tell a teammate what changed of an alert, unless they were told."""
    alert_mail.send(delivery_id)


@app.periodic(cron="* * * * *")
@app.task(name="analytics.send_webhooks", queueing_lock="analytics.send_webhooks", pass_context=False, priority=LOW)
def send_webhooks(timestamp: int) -> None:
    """Tell webhooks what waits for them, some at a time."""
    if sending.run(seconds=SLICE_SECONDS):
        defer_once("analytics.send_webhooks", timestamp=timestamp)


@app.periodic(cron="17 4 * * *")
@app.task(name="analytics.forget_alerts", queueing_lock="analytics.forget_alerts", pass_context=False, priority=LOWEST)
def forget_alerts(timestamp: int) -> None:
    """Forget what alerts told a month ago, in steps, and queue again until all is gone."""
    if not steps.run([log.forget], seconds=SLICE_SECONDS):
        defer_once("analytics.forget_alerts", in_seconds=1, timestamp=timestamp)


@app.periodic(cron="* * * * *")
@app.task(
    name="analytics.plan_subscriptions",
    queue=LONG,
    queueing_lock="analytics.plan_subscriptions",
    pass_context=False,
    priority=LOW,
)
def plan_subscriptions(timestamp: int) -> None:
    """Give each subscription that is due a row for its mail."""
    now = timezone.now()
    due.replan(now)
    while due.plan(now):
        pass
    defer_once("analytics.send_subscriptions", part=0)


@app.task(name="analytics.send_subscriptions", queue=LONG, queueing_lock="analytics.send_subscriptions", priority=LOW)
def send_subscriptions(part: int) -> None:
    """Send some of the mails that are due, one at a time, and queue again for the others."""
    if subscription_mails.run(seconds=SLICE_SECONDS):
        defer_once("analytics.send_subscriptions", part=part + 1)


@app.periodic(cron="23 4 * * *")
@app.task(
    name="analytics.forget_subscriptions",
    queueing_lock="analytics.forget_subscriptions",
    pass_context=False,
    priority=LOWEST,
)
def forget_subscriptions(timestamp: int) -> None:
    """End what no address confirmed, and forget what ended long ago."""
    subscriptions.forget()


@app.task(name="analytics.ask_to_confirm", queue=MAIL, retry=MAIL_RETRY)
def ask_to_confirm(subscription_id: int) -> None:
    """Ask an address whether it wants the mails of a subscription, unless that ended meanwhile."""
    confirming.ask(subscription_id)
