"""Sends browsers to a provider, and takes what they bring back, whatever the protocol."""

from collections.abc import Callable
from urllib.parse import urlsplit

from django.http import HttpRequest, HttpResponse
from django.shortcuts import render
from django.utils.http import url_has_allowed_host_and_scheme

from accounts.sso import attempts, limits, oidc, saml_flow
from accounts.sso.actions import people
from accounts.sso.arrival import arrive
from accounts.sso.attempts import Purpose, SsoAttempt
from accounts.sso.models import IdentityProvider, Protocol
from accounts.sso.person import SignInRefused, SsoPerson
from common.guarded_http import NoUsableAnswer

UPSTREAM = 424  # somebody else's fault, which is none of ours to be told of as 5xx are
WAYS: dict[str, Callable[[IdentityProvider, SsoAttempt], str]] = {
    Protocol.OIDC: oidc.way_there,
    Protocol.SAML: saml_flow.way_there,
}
"""For each protocol, the URL to which the browser is sent. They raise NoUsableAnswer."""


def leave(request: HttpRequest, provider: IdentityProvider, purpose: Purpose, where_to: str = "") -> HttpResponse:
    """Begin an attempt, and answer with a page that leads to the provider by itself.

    It is no redirect: browsers do not follow one from a form to another host, as our pages tell them (form-action).
    """
    if not limits.may_go_on(request):
        return render(request, "429.html", status=429)
    if not url_has_allowed_host_and_scheme(where_to, {request.get_host()}):
        where_to = ""
    attempt = attempts.begin(request, provider, purpose, where_to)
    try:
        url = WAYS[provider.protocol](provider, attempt)
    except NoUsableAnswer as why:
        return refuse(request, provider, f"{provider.name} cannot be reached. {why}", status=UPSTREAM)
    context = {"provider": provider, "url": url, "host": urlsplit(url).hostname}
    return render(request, "accounts/sso/leaving.html", context)


def come_back(
    request: HttpRequest, provider: IdentityProvider, state: str, read: Callable[[SsoAttempt], SsoPerson]
) -> HttpResponse:
    """Take up what this browser began. `read` checks the provider's answer; raises SignInRefused, NoUsableAnswer."""
    if not limits.may_go_on(request):
        return render(request, "429.html", status=429)
    attempt = attempts.take(request, provider, state)
    if attempt is None:
        return refuse(request, provider, "This browser has not asked for that, or it took too long. Begin again.")
    try:
        person = read(attempt)
    except SignInRefused as refusal:
        people.record_refused_answer(provider=provider, why=str(refusal))
        return refuse(request, provider, str(refusal))
    except NoUsableAnswer as why:
        return refuse(request, provider, f"{provider.name} cannot be reached. {why}", status=UPSTREAM)
    try:
        return arrive(request, provider, attempt, person)
    except SignInRefused as refusal:
        return refuse(request, provider, str(refusal))


def refuse(request: HttpRequest, provider: IdentityProvider, why: str, status: int = 403) -> HttpResponse:
    """The page that says why somebody does not get in."""
    return render(request, "accounts/sso/refused.html", {"provider": provider, "why": why}, status=status)
