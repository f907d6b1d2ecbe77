"""Access tokens: a program may send one instead of its API key for five minutes.

A token is signed and not stored. It names the key; every use checks whether the key is still in force. Only tokens use
this salt, so nothing else that is signed with SECRET_KEY is accepted as a token.
"""

from django.core import signing

from projects.models import ApiKey

LIVES_SECONDS = 300
_signer = signing.TimestampSigner(salt="collector.access_token", sep=".")  # a header allows no colon in a token


def issue(key: ApiKey) -> str:
    return _signer.sign_object(key.pk)


def key_id(token: str) -> int | None:
    """The id of the key that `token` was issued for; None if the token is invalid or has expired."""
    try:
        found: int = _signer.unsign_object(token, max_age=LIVES_SECONDS)
    except signing.BadSignature:
        return None
    return found
