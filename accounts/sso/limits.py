"""How often somebody may begin and end a sign-in at a provider, and let us ask one. Numbers: ACCOUNT_RATE_LIMITS."""

from allauth.core.internal import ratelimit  # its public function counts no GET
from django.http import HttpRequest

APP = "allauth.account"  # whose settings have the limits


def may_go_on(request: HttpRequest) -> bool:
    """Whether this address, behind which there may be a whole office, and this browser have begun few enough."""
    if not _count(request, "sso"):
        return False
    browser = request.session.session_key  # there is none at the first beginning
    return browser is None or _count(request, "sso_browser", key=browser)


def may_post(request: HttpRequest) -> bool:
    """Whether this address has posted few enough answers of SAML providers."""
    return _count(request, "sso_saml")


def may_set_up(request: HttpRequest) -> bool:
    """Whether whoever is signed in has let us ask few enough providers and name servers."""
    return _count(request, "sso_setup", user=request.user)


def _count(request: HttpRequest, action: str, **whose: object) -> bool:
    return bool(ratelimit.consume(request, app=APP, action=action, limit_get=True, **whose))
