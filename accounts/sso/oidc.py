"""OpenID Connect: to a provider and back, by code with PKCE. docs/decisions/single-sign-on.md says what is checked."""

import hashlib
import json
import time
from base64 import urlsafe_b64encode
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote, urlencode, urlsplit

import jwt
from django.conf import settings
from django.core.cache import cache
from django.urls import reverse

from accounts.sso.actions.providers import open_secret
from accounts.sso.attempts import SsoAttempt
from accounts.sso.models import IdentityProvider
from accounts.sso.person import SignInRefused, SsoPerson
from common import guarded_http, links
from common.guarded_http import NoUsableAnswer

SCOPES = "openid email profile"
ALGORITHMS = ["RS256", "RS384", "RS512", "PS256", "PS384", "PS512", "ES256", "ES384", "ES512", "EdDSA"]  # never HMAC
CLOCKS_APART_SECONDS = 60
OLDEST_SECONDS = 10 * 60  # of a token: it was made for the code that we have just sent
KEPT_SECONDS = 5 * 60  # what a provider says of itself
DOWN_SECONDS = 10  # that it does not answer: an office that clicks again would hold all the turns of its address
LONGEST_CODE = 4_096


@dataclass(frozen=True)
class Metadata:
    """What a provider says of itself at its issuer's `.well-known/openid-configuration`."""

    authorization_endpoint: str
    token_endpoint: str
    jwks_uri: str
    userinfo_endpoint: str
    end_session_endpoint: str
    posts_secret: bool  # in the form rather than in a header


def discover(issuer: str) -> Metadata:
    """Read what the provider says of itself. Raises NoUsableAnswer, in words for whoever sets it up."""
    found = _json(*_fetch("GET", f"{issuer.rstrip('/')}/.well-known/openid-configuration"), "its configuration")
    if found.get("issuer") != issuer:
        raise NoUsableAnswer(f"It calls itself another issuer: {str(found.get('issuer'))[:300]}")
    for name in ("authorization_endpoint", "token_endpoint", "jwks_uri"):
        guarded_http.check_url(str(found.get(name, "")), settings.SSO_INTERNAL_HOSTS)
    methods = found.get("token_endpoint_auth_methods_supported", ["client_secret_basic"])
    return Metadata(
        authorization_endpoint=found["authorization_endpoint"],
        token_endpoint=found["token_endpoint"],
        jwks_uri=found["jwks_uri"],
        userinfo_endpoint=_optional_url(found, "userinfo_endpoint"),
        end_session_endpoint=_optional_url(found, "end_session_endpoint"),
        posts_secret=isinstance(methods, list) and "client_secret_basic" not in methods,
    )


def metadata(provider: IdentityProvider) -> Metadata:
    """What was discovered in the last minutes, or is now. Raises NoUsableAnswer, which is kept for some seconds too."""
    key = f"sso_metadata:{hashlib.sha256(provider.issuer.encode()).hexdigest()}"
    known = cache.get(key)
    if isinstance(known, str):
        raise NoUsableAnswer(known)
    if known:
        return Metadata(**known)
    try:
        found = discover(provider.issuer)
    except NoUsableAnswer as why:
        cache.set(key, str(why), DOWN_SECONDS)
        raise
    cache.set(key, found.__dict__, KEPT_SECONDS)
    return found


def answer_url(provider: IdentityProvider) -> str:
    """The redirect URI. Each provider has its own, so that no provider's answer passes for another's."""
    return links.absolute(reverse("accounts:sso_answer", args=[provider.slug]))


def signed_out_url() -> str:
    """Where the provider leads to after it has signed somebody out."""
    return links.absolute(reverse(settings.LOGIN_URL))


def way_there(provider: IdentityProvider, attempt: SsoAttempt) -> str:
    """The URL to which the browser is sent. Raises NoUsableAnswer."""
    challenge = urlsafe_b64encode(hashlib.sha256(attempt.verifier.encode()).digest()).decode().rstrip("=")
    endpoint = metadata(provider).authorization_endpoint
    query = {
        "response_type": "code",
        "client_id": provider.client_id,
        "redirect_uri": answer_url(provider),
        "scope": SCOPES,
        "state": attempt.state,
        "nonce": attempt.nonce,
        "code_challenge": challenge,
        "code_challenge_method": "S256",
    }
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"


def way_out(provider: IdentityProvider) -> str:
    """The URL that signs somebody out at the provider too; "" if it has none or does not answer."""
    try:
        endpoint = metadata(provider).end_session_endpoint
    except NoUsableAnswer:
        return ""
    if not endpoint:
        return ""
    query = {"client_id": provider.client_id, "post_logout_redirect_uri": signed_out_url()}
    return f"{endpoint}{'&' if urlsplit(endpoint).query else '?'}{urlencode(query)}"


def person_of(provider: IdentityProvider, attempt: SsoAttempt, code: str) -> SsoPerson:
    """Change the code for a token, check it, and say who signed in. Raises SignInRefused and NoUsableAnswer."""
    if not 0 < len(code) <= LONGEST_CODE:
        raise SignInRefused(f"{provider.name} sent nothing to go by.")
    known = metadata(provider)
    answer = _exchanged(provider, known, attempt, code)
    claims = checked_claims(provider, known, str(answer.get("id_token", "")), attempt.nonce)
    if "email" not in claims and known.userinfo_endpoint:
        claims = _with_userinfo(known, claims, answer)
    return SsoPerson(
        issuer=provider.issuer,
        subject=str(claims["sub"]),
        email=_text(claims, "email"),
        email_verified=claims.get("email_verified") is True,  # "false" is a text, and would be true
        name=_text(claims, "name"),
    )


def checked_claims(provider: IdentityProvider, known: Metadata, token: str, nonce: str) -> dict[str, Any]:
    """What the provider has signed, for us, for this attempt, and lately. Raises SignInRefused and NoUsableAnswer."""
    try:
        claims: dict[str, Any] = jwt.decode(
            token,
            _signing_key(known, token),
            algorithms=ALGORITHMS,
            audience=provider.client_id,
            issuer=provider.issuer,
            leeway=CLOCKS_APART_SECONDS,
            options={"require": ["exp", "iat", "iss", "aud", "sub"]},
        )
    except (jwt.PyJWTError, ValueError, TypeError) as error:
        raise SignInRefused(f"The answer of {provider.name} is not valid ({type(error).__name__}).") from None
    if claims.get("nonce") != nonce:
        raise SignInRefused(f"The answer of {provider.name} belongs to another attempt to sign in.")
    audience = claims["aud"]
    if isinstance(audience, list) and len(audience) > 1 and claims.get("azp") != provider.client_id:
        raise SignInRefused(f"The answer of {provider.name} was made for another program.")
    if claims["iat"] < time.time() - OLDEST_SECONDS:
        raise SignInRefused(f"The answer of {provider.name} is too old.")
    return claims


def _signing_key(known: Metadata, token: str) -> Any:
    """The provider's key that the token names; its only one if it names none. Read anew each time, as keys change."""
    header = jwt.get_unverified_header(token)
    keys = jwt.PyJWKSet.from_dict(_json(*_fetch("GET", known.jwks_uri), "its keys")).keys
    usable = [each for each in keys if each.public_key_use in (None, "sig")]
    named = [each for each in usable if each.key_id == header.get("kid")] if "kid" in header else usable
    if len(named) != 1:
        raise jwt.InvalidKeyError("no such key")
    return named[0]


def _exchanged(provider: IdentityProvider, known: Metadata, attempt: SsoAttempt, code: str) -> dict[str, Any]:
    form = {
        "grant_type": "authorization_code",
        "code": code,
        "redirect_uri": answer_url(provider),
        "client_id": provider.client_id,
        "code_verifier": attempt.verifier,
    }
    secret, login = open_secret(provider), None
    if secret and known.posts_secret:
        form["client_secret"] = secret
    elif secret:
        login = (quote(provider.client_id, safe=""), quote(secret, safe=""))
    status, body = _fetch("POST", known.token_endpoint, data=form, auth=login, headers={"Accept": "application/json"})
    if status in (400, 401, 403):
        raise SignInRefused(
            f"{provider.name} does not take our request. Its client id or secret may be another by now."
        )
    return _json(status, body, "a token")


def _with_userinfo(known: Metadata, claims: dict[str, Any], answer: dict[str, Any]) -> dict[str, Any]:
    """The claims with what some providers tell elsewhere only, as long as it is about the same person."""
    headers = {"Authorization": f"Bearer {str(answer.get('access_token', ''))[:LONGEST_CODE]}"}
    more = _json(*_fetch("GET", known.userinfo_endpoint, headers=headers), "who you are")
    if more.get("sub") != claims["sub"]:
        raise SignInRefused("The provider's answers are about two people.")
    return claims | {name: more[name] for name in ("email", "email_verified", "name") if name in more}


def _fetch(method: str, url: str, **kwargs: Any) -> tuple[int, bytes]:
    return guarded_http.fetch(method, url, internal_hosts=settings.SSO_INTERNAL_HOSTS, **kwargs)


def _json(status: int, body: bytes, what: str) -> dict[str, Any]:
    if status != 200:
        raise NoUsableAnswer(f"Asked for {what}, it answers {status}.")
    try:
        found = json.loads(body)
    except (ValueError, RecursionError):
        raise NoUsableAnswer(f"Asked for {what}, it answers no JSON.") from None
    if not isinstance(found, dict):
        raise NoUsableAnswer(f"Asked for {what}, it answers something else.")
    return found


def _optional_url(found: dict[str, Any], name: str) -> str:
    url = found.get(name)
    if not url:
        return ""
    guarded_http.check_url(str(url), settings.SSO_INTERNAL_HOSTS)
    return str(url)


def _text(claims: dict[str, Any], name: str) -> str:
    value = claims.get(name, "")
    return value if isinstance(value, str) else ""
