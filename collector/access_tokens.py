"""Access tokens: what a program shows instead of its API key, for five minutes.

Signed and not stored: a token names the key, and whether that still opens anything is looked up at every use. The
salt belongs to this purpose alone, so nothing else that is signed with SECRET_KEY passes for a token.
"""

from django.core import signing

from projects.models import ApiKey

LIVES_SECONDS = 300
_signer = signing.TimestampSigner(salt="collector.access_token", sep=".")  # a header allows no colon in a token


def issue(key: ApiKey) -> str:
    return _signer.sign_object(key.pk)


def key_id(token: str) -> int | None:
    """The id of the key that `token` was issued for; None when it is no such token, or is over."""
    try:
        found: int = _signer.unsign_object(token, max_age=LIVES_SECONDS)
    except signing.BadSignature:
        return None
    return found
