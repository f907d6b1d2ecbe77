"""Creating and revoking API tokens."""

from collections.abc import Sequence
from datetime import timedelta

from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from accounts import activity
from accounts.models import Membership, User
from projects.api_tokens import tokens
from projects.models import ApiToken, Project

SHOWN_ENDING = 4  # characters of the secret that are stored, so that people can recognise the token
# Read-only people may make tokens, so there is a bound. It is of each person, so that nobody can use up another's.
MOST_OF_ONE = 20  # tokens of a teammate in a project
COUNTED_FOR = timedelta(days=1)  # after revoking: or making and revoking in turn would fill the table


class TooManyTokens(Exception):
    """The teammate has MOST_OF_ONE tokens in the project. The message says so."""


@transaction.atomic
def create_api_token(
    *, project: Project, name: str, scopes: Sequence[str], membership: Membership
) -> tuple[ApiToken, str]:
    """Create a token that reaches what this membership reaches; returns it and its secret, shown this once.

    Raises IntegrityError if the project has a token of that name that is not revoked (case-insensitive); TooManyTokens.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # so that two at once are counted
    _check_bound(project, membership)
    secret = tokens.new_secret()
    token = ApiToken.objects.create(
        project=project,
        membership=membership,
        name=name,
        scopes=list(scopes),
        digest=tokens.digest(secret),
        ending=secret[-SHOWN_ENDING:],
        created_by=membership.user,
    )
    _record(token, membership.user, "api_token.create")
    return token, secret


def _check_bound(project: Project, membership: Membership) -> None:
    own = project.api_tokens.filter(membership=membership)
    if own.filter(revoked_at=None).count() >= MOST_OF_ONE:
        raise TooManyTokens(f"You have {MOST_OF_ONE} API tokens in this project. Revoke one that nothing uses.")
    since = timezone.now() - COUNTED_FOR
    if own.filter(Q(revoked_at=None) | Q(revoked_at__gt=since)).count() >= 2 * MOST_OF_ONE:
        raise TooManyTokens("You have made and revoked many API tokens in this project today. Go on tomorrow.")


@transaction.atomic
def revoke_api_token(*, token: ApiToken, by: User) -> None:
    """Revoke the token, effective now. One that was revoked before stays unchanged."""
    revoked = ApiToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now(), revoked_by=by)
    if revoked:
        _record(token, by, "api_token.revoke")


def _record(token: ApiToken, by: User, verb: str) -> None:
    details = {"project": token.project.name, "for": token.scopes_in_short, "ending": token.ending}
    activity.record(
        account=token.project.account,
        by=by,
        verb=verb,
        target=token.name,
        details=details,
        project_number=token.project_id,
    )
