"""How often somebody may begin and end a sign-in at a provider, and let us ask one. Numbers: ACCOUNT_RATE_LIMITS."""

from django.http import HttpRequest

from accounts import rate_limits


def may_go_on(request: HttpRequest) -> bool:
    """Whether this address, behind which there may be a whole office, and this browser have begun few enough."""
    if not rate_limits.may_go_on(request, "sso"):
        return False
    browser = request.session.session_key  # there is none at the first beginning
    return browser is None or rate_limits.may_go_on(request, "sso_browser", key=browser)


def may_post(request: HttpRequest) -> bool:
    """Whether this address has posted few enough answers of SAML providers."""
    return rate_limits.may_go_on(request, "sso_saml")


def may_set_up(request: HttpRequest) -> bool:
    """Whether whoever is signed in has let us ask few enough providers and name servers."""
    return rate_limits.may_go_on(request, "sso_setup", user=request.user)
