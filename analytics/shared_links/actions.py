"""Making and ending shared links. Both are in the account's activity."""

from datetime import datetime
from uuid import UUID

from django.contrib.auth.hashers import make_password
from django.db import transaction
from django.utils import timezone

from accounts import activity
from accounts.models import User
from analytics.models import SharedLink
from analytics.shared_links import secret
from common import links
from projects.models import Environment

MOST_IN_FORCE = 200  # of an environment


class TooManyLinks(Exception):
    """The environment has MOST_IN_FORCE links that were not ended. The message says so."""


@transaction.atomic
def create_link(
    *,
    environment: Environment,
    noun: str,
    lineage: UUID,
    shown: str,
    name: str,
    expires_at: datetime | None,
    password: str,
    shows_people: bool,
    shows_notes: bool,
    by: User,
) -> SharedLink:
    """Make a link to a report or dashboard of the environment, which is named `shown`. Raises TooManyLinks."""
    Environment.objects.select_for_update(no_key=True).get(pk=environment.pk)  # so that two at once are counted
    if SharedLink.objects.filter(environment=environment, ended_at=None).count() >= MOST_IN_FORCE:
        raise TooManyLinks(f"The environment has {MOST_IN_FORCE} shared links. End one first.")
    nonce = secret.new_nonce()
    link = SharedLink.objects.create(
        environment=environment,
        noun=noun,
        lineage=lineage,
        name=name,
        nonce=nonce,
        digest=secret.digest_of(links.secret(secret.PURPOSE, nonce)),
        password=make_password(password) if password else "",
        shows_people=shows_people,
        shows_notes=shows_notes,
        expires_at=expires_at,
        created_by=by,
    )
    details = {
        noun: shown,
        "expires": expires_at.isoformat(timespec="minutes") if expires_at else "never",
        "asks for a password": bool(password),
        "shows people": shows_people,
        "shows notes": shows_notes,
    }
    _record(link, by, "shared_link.create", details)
    return link


@transaction.atomic
def end_link(*, link: SharedLink, by: User) -> None:
    """End it, effective now. One that was ended before stays unchanged."""
    if SharedLink.objects.filter(pk=link.pk, ended_at=None).update(ended_at=timezone.now(), ended_by=by):
        _record(link, by, "shared_link.end", {})


def _record(link: SharedLink, by: User, verb: str, details: dict[str, object]) -> None:
    project = link.environment.project
    activity.record(
        account=project.account,
        by=by,
        verb=verb,
        target=link.name,
        details={"project": project.name, "environment": link.environment.name} | details,
        project_number=project.pk,
    )
