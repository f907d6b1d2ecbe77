"""Names what a URL is about, for the activity. Apps register how their ids in URLs are looked up."""

from collections.abc import Callable, Mapping
from typing import Any

from accounts.models import Account

Namer = Callable[[Account, Mapping[str, Any]], str]
_namers: dict[str, Namer] = {}


def register_namer(argument: str, namer: Namer) -> None:
    """`namer(account, arguments)` names what `argument` of a URL means in the account; '' for what is not there."""
    _namers[argument] = namer


def name_of(account: Account, arguments: Mapping[str, Any]) -> str:
    """Such as "Shop › Production › Signups", from the outer to the inner; '' if the URL is about the account alone."""
    names = (_namers[argument](account, arguments) for argument in arguments if argument in _namers)
    return " › ".join(name for name in names if name)


def _teammate(account: Account, arguments: Mapping[str, Any]) -> str:
    membership = account.memberships.select_related("user").filter(pk=arguments["membership_id"]).first()
    return membership.user.email if membership else ""


def _invitation(account: Account, arguments: Mapping[str, Any]) -> str:
    invitation = account.invitations.filter(pk=arguments["invitation_id"]).first()
    return invitation.email if invitation else ""


def _scim_token(account: Account, arguments: Mapping[str, Any]) -> str:
    token = account.scim_tokens.filter(pk=arguments["scim_token_id"]).first()
    return token.name if token else ""


register_namer("membership_id", _teammate)
register_namer("invitation_id", _invitation)
register_namer("scim_token_id", _scim_token)
