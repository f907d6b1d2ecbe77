"""Whether people use a second factor."""

from collections.abc import Iterable

from allauth.mfa.models import Authenticator

KINDS = (Authenticator.Type.TOTP, Authenticator.Type.WEBAUTHN)  # recovery codes alone protect nothing


def has_second_factor(user_id: int) -> bool:
    """Whether this login has an authenticator app or a passkey."""
    return bool(Authenticator.objects.filter(user_id=user_id, type__in=KINDS).exists())


def users_with_second_factor(user_ids: Iterable[int]) -> set[int]:
    """Those of `user_ids` that have a second factor, in one query."""
    return set(Authenticator.objects.filter(user_id__in=user_ids, type__in=KINDS).values_list("user_id", flat=True))
