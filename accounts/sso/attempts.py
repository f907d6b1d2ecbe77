"""What this browser has begun at providers, kept in its session until the provider's answer is there.

An answer that nobody here asked for finds no attempt, and each attempt is used up by the first answer.
"""

import secrets
import time
from dataclasses import asdict, dataclass
from enum import StrEnum

from django.http import HttpRequest

from accounts.sso.models import IdentityProvider

KEY = "sso_attempts"  # in the session: {state: what was begun}
MOST = 5  # of one browser; the oldest is forgotten
LASTS_SECONDS = 10 * 60


class Purpose(StrEnum):
    SIGN_IN = "sign_in"
    CONNECT = "connect"  # somebody who is signed in adds the provider to their login
    TEST = "test"  # somebody with full access tries whether the provider works


@dataclass(frozen=True)
class SsoAttempt:
    """One way to a provider and back. `state` goes with it (as SAML's RelayState); `nonce` is in what it signs.

    `user_id` is the person who was signed in when it began. `where_to` is a path of this site, or "".
    """

    provider_id: int
    purpose: Purpose
    user_id: int | None
    where_to: str
    state: str
    nonce: str
    verifier: str  # of PKCE
    at: float


def begin(request: HttpRequest, provider: IdentityProvider, purpose: Purpose, where_to: str = "") -> SsoAttempt:
    """Note that this browser is sent to `provider`."""
    attempt = SsoAttempt(
        provider_id=provider.pk,
        purpose=purpose,
        user_id=request.user.pk,
        where_to=where_to,
        state=secrets.token_urlsafe(32),
        nonce=secrets.token_urlsafe(32),
        verifier=secrets.token_urlsafe(48),
        at=time.time(),
    )
    begun = sorted([*_begun(request), attempt], key=lambda each: each.at)[-MOST:]
    request.session[KEY] = [asdict(each) for each in begun]
    return attempt


def take(request: HttpRequest, provider: IdentityProvider, state: str) -> SsoAttempt | None:
    """The attempt that this answer belongs to, once. None if this browser has begun none, or somebody else is here."""
    begun = _begun(request)
    found = next((each for each in begun if secrets.compare_digest(each.state.encode(), state.encode())), None)
    if found is None:
        return None
    request.session[KEY] = [asdict(each) for each in begun if each is not found]
    is_of_this = found.provider_id == provider.pk and found.user_id == request.user.pk
    return found if is_of_this else None


def _begun(request: HttpRequest) -> list[SsoAttempt]:
    """Those that have not run out, as the session has them."""
    stored = request.session.get(KEY, [])
    found = [SsoAttempt(**{**each, "purpose": Purpose(each["purpose"])}) for each in stored]
    return [each for each in found if time.time() - each.at < LASTS_SECONDS]
