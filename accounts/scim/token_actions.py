"""Makes and revokes the tokens of an account's directory."""

from django.db import transaction
from django.urls import reverse
from django.utils import timezone

from accounts import activity
from accounts.full_access import require_full_access
from accounts.leaving import MOST_LISTED, KnownSecret
from accounts.models import Account, User
from accounts.scim import tokens
from accounts.scim.models import ScimToken

MOST_IN_FORCE = 2  # the second is there while the first is replaced
SHOWN_ENDING = 4


class TooManyScimTokens(Exception):
    """The account has as many tokens in force as there may be."""


@transaction.atomic
def create_token(*, account: Account, name: str, read_only: bool, by: User) -> tuple[ScimToken, str]:
    """Make a token; returns it and its secret, which cannot be shown again.

    Raises TooManyScimTokens; IntegrityError if a token in force has that name; PermissionDenied if `by` has lost the
    right meanwhile.
    """
    Account.objects.select_for_update(no_key=True).get(pk=account.pk)
    require_full_access(account, by)
    if account.scim_tokens.in_force().count() >= MOST_IN_FORCE:
        raise TooManyScimTokens
    secret = tokens.new_secret()
    token = ScimToken.objects.create(
        account=account,
        name=name,
        read_only=read_only,
        digest=tokens.digest(secret),
        ending=secret[-SHOWN_ENDING:],
        created_by=by,
    )
    _record(token, by, "scim.token_create", {"read_only": read_only})
    return token, secret


@transaction.atomic
def revoke_token(*, token: ScimToken, by: User) -> None:
    """Revoke the token, effective now. One that was revoked before stays as it is."""
    require_full_access(token.account, by)
    if ScimToken.objects.filter(pk=token.pk, revoked_at=None).update(revoked_at=timezone.now(), revoked_by=by):
        _record(token, by, "scim.token_revoke", {})


def _record(token: ScimToken, by: User, verb: str, details: dict[str, bool]) -> None:
    activity.record(
        account=token.account, by=by, verb=verb, target=token.name, details={"ending": token.ending} | details
    )


def tokens_of_leaver(account: Account, user: User) -> list[KnownSecret]:
    """The tokens in force that `user` made. Whoever knows one can let people in, themselves among them."""
    made = account.scim_tokens.in_force().filter(created_by=user).order_by("name")
    return [
        KnownSecret("SCIM token", token.name, reverse("accounts:scim", args=[account.pk]))
        for token in made[:MOST_LISTED]
    ]
