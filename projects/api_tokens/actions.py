"""Creating and revoking API tokens."""

from collections.abc import Sequence

from django.db import transaction
from django.utils import timezone

from accounts import activity
from accounts.models import Membership, User
from projects.api_tokens import tokens
from projects.models import ApiToken, Project

SHOWN_ENDING = 4  # characters of the secret that are stored, so that people can recognise the token
MOST_IN_FORCE = 100  # of a project: read-only people may make tokens, so there is a bound


class TooManyTokens(Exception):
    """The project has MOST_IN_FORCE tokens that are not revoked. The message says so."""


@transaction.atomic
def create_api_token(
    *, project: Project, name: str, scopes: Sequence[str], membership: Membership
) -> tuple[ApiToken, str]:
    """Create a token that reaches what this membership reaches; returns it and its secret, shown this once.

    Raises IntegrityError if the project has a token of that name that is not revoked (case-insensitive); TooManyTokens.
    """
    Project.objects.select_for_update(no_key=True).get(pk=project.pk)  # so that two at once are counted
    if project.api_tokens.filter(revoked_at=None).count() >= MOST_IN_FORCE:
        raise TooManyTokens(f"The project has {MOST_IN_FORCE} API tokens. Revoke one first.")
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
