"""Subscribing, changing and ending. To addresses of others nothing is sent before they have confirmed.

Limits count what was made, ended ones among them, so that making and ending in turns is no mail bomb.
"""

from collections.abc import Iterable, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account, Membership, User
from analytics.actions import note
from analytics.models import Dashboard, Report
from analytics.subscriptions.contents import found
from analytics.subscriptions.due import schedule_of
from analytics.subscriptions.mail import CONFIRM, END
from analytics.subscriptions.models import Subscription
from common import links
from common.counted import counted
from common.jobs import defer
from projects.models import Environment

OF_ACCOUNT, OF_PERSON = 200, 50  # that run
A_DAY_OF_ACCOUNT, A_DAY_OF_PERSON, A_DAY_TO_ADDRESS = 50, 20, 3  # requests to confirm
DAY = timedelta(days=1)
CONFIRM_WITHIN = timedelta(days=7)
FORGOTTEN = timedelta(days=90)  # after so long, what ended is no longer listed
LONGEST_NAME = 150  # of whoever acted, in Activity
DECLINED, BY_LINK = "the address said no", "by the link in a mail"
UNCONFIRMED = "the address did not answer in time"


class NotSubscribed(Exception):
    """It is not made. The message says why."""


@transaction.atomic
def subscribe(
    *,
    environment: Environment,
    membership: Membership,
    thing: Report | Dashboard,
    emails: Sequence[str],
    frequency: str,
    day: int,
    hour: int,
    shows_people: bool = False,
) -> list[Subscription]:
    """One for each of `emails`, which are asked to confirm; without any, one to oneself. Raises NotSubscribed."""
    account = environment.project.account
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)  # limits hold for two at once
    for email in emails:
        _refuse_too_much_mail(account, membership, email)
    made = []
    for email in emails or [""]:
        _refuse_too_many(account, membership)
        nonce = links.new_nonce()
        row = Subscription(
            environment=environment,
            membership=membership,
            noun="dashboard" if isinstance(thing, Dashboard) else "report",
            lineage=thing.lineage,
            email=email,
            shows_people=bool(email) and shows_people,
            frequency=frequency,
            day=day,
            hour=hour,
            nonce=nonce,
            end_digest=links.digest(END, links.secret(END, nonce)),
            confirm_digest=links.digest(CONFIRM, links.secret(CONFIRM, nonce)),
        )
        _plan_anew(row)
        try:
            with transaction.atomic():
                row.save(force_insert=True)
        except IntegrityError:
            raise NotSubscribed(f"{email or 'You'} {'gets' if email else 'get'} it already: change that one.") from None
        _note(row, membership.user, "subscription.create")
        if email:
            defer("analytics.ask_to_confirm", subscription_id=row.pk)
        made.append(row)
    return made


def _refuse_too_many(account: Account, membership: Membership) -> None:
    running = Subscription.objects.filter(ended_at=None, environment__project__account=account)
    if running.count() >= OF_ACCOUNT:
        raise NotSubscribed(f"The account has {counted(OF_ACCOUNT, 'subscription')} already, which is the most.")
    if running.filter(membership=membership).count() >= OF_PERSON:
        raise NotSubscribed(f"You have made {counted(OF_PERSON, 'subscription')} already, which is the most.")


def _refuse_too_much_mail(account: Account, membership: Membership, email: str) -> None:
    asked = Subscription.objects.filter(created_at__gt=timezone.now() - DAY).exclude(email="")
    of_account = asked.filter(environment__project__account=account)
    if of_account.count() >= A_DAY_OF_ACCOUNT or of_account.filter(membership=membership).count() >= A_DAY_OF_PERSON:
        raise NotSubscribed("That were too many requests to confirm in a day. Go on tomorrow.")
    if asked.filter(email=email).count() >= A_DAY_TO_ADDRESS:
        raise NotSubscribed(f"{email} was asked often enough today. Go on tomorrow.")
    if Subscription.objects.filter(environment__project__account=account, email=email, ended_why=DECLINED).exists():
        raise NotSubscribed(f"{email} said that it wants none of these mails.")


@transaction.atomic
def change(
    *, subscription: Subscription, frequency: str, day: int, hour: int, by: User, shows_people: bool | None = None
) -> None:
    """If it ended meanwhile, nothing changes. `shows_people` is None where it stays."""
    if shows_people is not None:
        subscription.shows_people = bool(subscription.email) and shows_people
    subscription.frequency, subscription.day, subscription.hour = frequency, day, hour
    _plan_anew(subscription)
    changed = ("frequency", "day", "hour", "shows_people", "due_at", "zone")
    fields = {name: getattr(subscription, name) for name in changed}
    if Subscription.objects.filter(pk=subscription.pk, ended_at=None).update(**fields):
        _note(subscription, by, "subscription.change")


@transaction.atomic
def end(*, subscription: Subscription, by: User | None, why: str = "") -> bool:
    """False if it has ended already. `by` is None for whoever has the link."""
    why = why or f"by {by}"
    if not Subscription.objects.filter(pk=subscription.pk, ended_at=None).update(
        ended_at=timezone.now(), ended_why=why[:100]
    ):
        return False
    _note(subscription, by, "subscription.end", {"ended": why})
    return True


@transaction.atomic
def confirm(*, subscription: Subscription) -> bool:
    """False if it is too late."""
    open_ = Subscription.objects.filter(pk=subscription.pk, ended_at=None, confirmed_at=None)
    subscription.confirmed_at = timezone.now()
    _plan_anew(subscription)
    fields = {name: getattr(subscription, name) for name in ("confirmed_at", "due_at", "zone")}
    if not open_.filter(created_at__gt=timezone.now() - CONFIRM_WITHIN).update(**fields):
        return False
    _note(subscription, None, "subscription.confirm")
    return True


def by_secret(purpose: str, secret: str) -> Subscription | None:
    """The subscription whose link for END or CONFIRM has this secret, ended or not."""
    name = {END: "end_digest", CONFIRM: "confirm_digest"}[purpose]
    with_all = Subscription.objects.select_related("environment__project__account", "membership__user")
    return with_all.filter(**{name: links.digest(purpose, secret)}).first()


def listed(environment: Environment, membership: Membership | None) -> list[Subscription]:
    """Those that run, and those that ended lately; those of one teammate, or of all if None."""
    lately = Q(ended_at=None) | Q(ended_at__gt=timezone.now() - FORGOTTEN)
    rows = Subscription.objects.filter(lately, environment=environment).select_related(
        "environment__project", "membership__user"
    )
    if membership is not None:
        rows = rows.filter(membership=membership)
    return list(rows.order_by("-ended_at", "pk")[: OF_ACCOUNT * 2])


def running(environment: Environment, noun: str, lineages: Iterable[UUID]) -> int:
    """How many send any of these reports or dashboards, so that whoever deletes one knows."""
    return Subscription.objects.filter(
        environment=environment, noun=noun, lineage__in=list(lineages), ended_at=None
    ).count()


def forget() -> None:
    """End those that were not confirmed in time, and forget those that ended long ago, but not who said no."""
    now = timezone.now()
    asked = Subscription.objects.filter(ended_at=None, confirmed_at=None).exclude(email="")
    asked.filter(created_at__lt=now - CONFIRM_WITHIN).update(ended_at=now, ended_why=UNCONFIRMED)
    Subscription.objects.filter(ended_at__lt=now - FORGOTTEN).exclude(ended_why=DECLINED).delete()


def names(environment: Environment, rows: Sequence[Subscription]) -> dict[tuple[str, UUID], str]:
    """What the reports and dashboards of these subscriptions are called: two statements."""
    kept: dict[tuple[str, UUID], str] = {}
    models: dict[str, Any] = {"report": Report, "dashboard": Dashboard}
    for noun, model in models.items():
        lineages = [each.lineage for each in rows if each.noun == noun]
        found_rows = model.objects.filter(environment=environment, lineage__in=lineages)
        kept |= {(noun, lineage): name for lineage, name in found_rows.values_list("lineage", "name")}
    return kept


def _plan_anew(subscription: Subscription) -> None:
    schedule = schedule_of(subscription)
    subscription.due_at, subscription.zone = schedule.following(timezone.now()), schedule.zone.key


def _note(subscription: Subscription, by: User | None, verb: str, details: dict[str, Any] | None = None) -> None:
    thing = found(subscription)
    about = {"to": subscription.to, "when": schedule_of(subscription).words()}
    if subscription.shows_people:
        about["people"] = "their names too, and notes"
    name = thing.name if thing else "what was deleted"
    reader = "" if by else subscription.to[:LONGEST_NAME]  # whoever has the mail acts by its link
    note(subscription.environment, by, verb, name, about | (details or {}), program=reader)
