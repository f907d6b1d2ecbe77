"""Tickets for the script on a site: given in the console, used once, and asked anew at each request what they open."""

import secrets
from dataclasses import dataclass
from datetime import timedelta

from allauth.usersessions.models import UserSession
from django.db import transaction
from django.http import HttpRequest
from django.utils import timezone

from accounts.door import kept_out
from accounts.models import Membership, User
from accounts.policy import Can, rights
from accounts.sessions import as_request
from analytics.labelling.models import ConfirmedSite, LabelTicket
from common import links
from projects.access import access
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
    """None if the session is over or does not open the account, the environment goes, or the person lost access."""
    environment, user = ticket.site.environment, ticket.user
    project = environment.project
    is_there = project.deleting_at is None and Environment.objects.live().filter(pk=environment.pk).exists()
    found = Membership.objects.select_related("account").filter(account=project.account_id, user=user)
    membership, request = found.first(), _request(ticket)
    if membership is None or request is None or not is_there:
        return None
    membership.user = user
    here = access(membership, project)
    if here is None or kept_out(request, membership) or Can.VIEW not in (can := rights(membership, here)):
        return None
    return Labeller(ticket, can)


def _request(ticket: LabelTicket) -> HttpRequest | None:
    """As the session would make it from which the ticket came; None if that is over."""
    keys = UserSession.objects.filter(user=ticket.user_id).values_list("session_key", flat=True)
    own = (key for key in keys if secrets.compare_digest(links.digest(SESSION, key), ticket.session_digest))
    return next((request for key in own if (request := as_request(ticket.user, key))), None)
