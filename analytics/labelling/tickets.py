"""Tickets for the script on a site: given in the console, used once, and asked anew at each request what they open."""

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from allauth.usersessions.models import UserSession
from django.contrib.sessions.models import Session
from django.db import transaction
from django.utils import timezone

from accounts.models import User
from accounts.policy import Can, rights
from analytics.sites.models import ConfirmedSite, LabelTicket
from common import links
from projects.access import access_in
from projects.models import Environment

LASTS = timedelta(minutes=30)
MOST_OF_A_PERSON = 20  # that are not over, on one site
RANDOM_BYTES = 32  # 43 characters
TICKET, TOKEN, SESSION = "label.ticket", "label.token", "label.session"


@dataclass(frozen=True)
class Labeller:
    """Who labels: a ticket that is in force at this moment, and what its person may do now."""

    ticket: LabelTicket
    can: frozenset[Can]

    @property
    def environment(self) -> Environment:
        return self.ticket.site.environment

    @property
    def may_save(self) -> bool:
        return Can.EDIT in self.can


@transaction.atomic
def give(*, site: ConfirmedSite, user: User, session_key: str) -> str:
    """The secret of a new ticket, which is stored nowhere. What is over goes, and what is too many ends."""
    now = timezone.now()
    LabelTicket.objects.filter(site=site, ends_at__lt=now).delete()
    kept = LabelTicket.objects.filter(site=site, user=user).order_by("-created_at", "-pk")
    for old in kept[MOST_OF_A_PERSON - 1 :]:
        old.delete()
    secret = secrets.token_urlsafe(RANDOM_BYTES)
    LabelTicket.objects.create(
        site=site,
        user=user,
        digest=links.digest(TICKET, secret),
        session_digest=links.digest(SESSION, session_key),
        created_at=now,
        ends_at=now + LASTS,
    )
    return secret


def use(secret: str, origin: str) -> tuple[str, Labeller] | None:
    """The token for a ticket of the site with this origin, once; None if it opens nothing (any more).

    A ticket that another site shows is stolen: it is over.
    """
    ticket = _found(digest=links.digest(TICKET, secret))
    if ticket is None or ticket.used_at is not None:
        return None
    if ticket.site.origin != origin:
        ticket.delete()
        return None
    labeller = _labeller(ticket)
    if labeller is None:
        return None
    token = secrets.token_urlsafe(RANDOM_BYTES)
    unused = LabelTicket.objects.filter(pk=ticket.pk, used_at=None)
    used = unused.update(used_at=timezone.now(), token_digest=links.digest(TOKEN, token))
    return (token, labeller) if used else None


def find(token: str) -> Labeller | None:
    """Who has this token, if it is in force."""
    ticket = _found(token_digest=links.digest(TOKEN, token)) if token else None
    return _labeller(ticket) if ticket is not None else None


def end(ticket: LabelTicket) -> None:
    LabelTicket.objects.filter(pk=ticket.pk).update(ends_at=timezone.now())


def latest(environment: Environment, user: User) -> LabelTicket | None:
    """The person's newest ticket in this environment, if it is not over."""
    own = LabelTicket.objects.filter(site__environment=environment, user=user, ends_at__gt=timezone.now())
    return own.select_related("site").order_by("-created_at", "-pk").first()


def _found(**by: str) -> LabelTicket | None:
    tickets = LabelTicket.objects.select_related("site__environment__project__account", "user")
    return tickets.filter(ends_at__gt=timezone.now(), **by).first()


def _labeller(ticket: LabelTicket) -> Labeller | None:
    """None if the session is over, the environment goes, or the person reaches it no longer."""
    environment = ticket.site.environment
    if not Environment.objects.live().filter(pk=environment.pk).exists():
        return None
    if not _session_lives(ticket.user_id, ticket.session_digest, timezone.now()):
        return None
    here = access_in(ticket.user, environment.project)
    membership = environment.project.account.memberships.filter(user=ticket.user_id).first()
    if here is None or membership is None or Can.VIEW not in (can := rights(membership, here)):
        return None
    return Labeller(ticket, can)


def _session_lives(user_id: int, digest: str, now: datetime) -> bool:
    keys = UserSession.objects.filter(user=user_id).values_list("session_key", flat=True)
    own = [key for key in keys if secrets.compare_digest(links.digest(SESSION, key), digest)]
    return Session.objects.filter(session_key__in=own, expire_date__gt=now).exists()
