"""The sites of an environment on which people may label: those that somebody with full access has confirmed."""

from urllib.parse import urlsplit

from django.db import IntegrityError, transaction

from accounts.models import User
from analytics import actions
from analytics.labelling.addresses import is_host
from analytics.labelling.models import ConfirmedSite
from analytics.questions.conditions import Field, Source
from analytics.questions.query import Scope
from analytics.store.current import event_store
from analytics.store.failures import QueryTimeout
from common.web_addresses import read_domain
from projects.models import Environment

MOST_SITES = 50  # of an environment
MOST_PROPOSED = 10


class TooManySites(Exception):
    """The environment has MOST_SITES already."""


def confirmed(environment: Environment) -> list[ConfirmedSite]:
    found = ConfirmedSite.objects.filter(environment=environment).select_related("confirmed_by")
    return list(found.order_by("origin"))


def proposed(environment: Environment, known: list[ConfirmedSite]) -> list[str]:
    """Domains in recent events that no confirmed site has, as people read them: the most frequent first."""
    try:
        domains = event_store().field_values(Scope.of(environment), Field(Source.EVENT, "domain"))
    except QueryTimeout:
        return []
    taken = {read_domain(urlsplit(each.origin).hostname or "") for each in known}
    sound = (each for each in dict.fromkeys(map(read_domain, domains)) if each not in taken and is_host(each))
    return list(sound)[:MOST_PROPOSED]


@transaction.atomic
def confirm(*, environment: Environment, origin: str, by: User) -> ConfirmedSite:
    """`origin` as `origin_of` gives it. Confirming it again changes nothing. Raises TooManySites."""
    sites = ConfirmedSite.objects.filter(environment=environment)
    if (found := sites.filter(origin=origin).first()) is not None:
        return found
    if sites.count() >= MOST_SITES:
        raise TooManySites
    try:
        with transaction.atomic():
            site = ConfirmedSite.objects.create(environment=environment, origin=origin, confirmed_by=by)
    except IntegrityError:  # somebody confirmed it at the same moment
        return sites.get(origin=origin)
    actions.note(environment, by, "site.confirm", origin)
    return site


@transaction.atomic
def remove(*, site: ConfirmedSite, by: User) -> None:
    """Labelling on it ends at once."""
    if ConfirmedSite.objects.filter(pk=site.pk).delete()[0]:
        actions.note(site.environment, by, "site.remove", site.origin)
