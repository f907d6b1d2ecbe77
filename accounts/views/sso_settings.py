"""The settings page "Single sign-on": providers, their test, domains, and what is compulsory."""

from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_POST, require_safe

from accounts.door import TenantRequest, account_view, signed_in_user
from accounts.full_access import LastWayBack
from accounts.models import Account, Membership
from accounts.policy import Can
from accounts.second_factor import users_with_second_factor
from accounts.sso import limits
from accounts.sso.actions import domains, providers, ways_back
from accounts.sso.actions.providers import NotReady, TooManySsoEntries
from accounts.sso.attempts import Purpose
from accounts.sso.forms import DomainForm, OidcForm, addresses_of
from accounts.sso.leaving import leave
from accounts.sso.models import Protocol, WayBack
from accounts.sso.saml_certificates import warned_of
from accounts.views import sso_saml_settings
from common import mails

ONLY_WAY = "Single sign-on is compulsory, and this is its only way back. Name another one first."


@require_safe
@account_view(Can.MANAGE)
def sso(request: HttpRequest, account: Account) -> HttpResponse:
    return _show(request, account, DomainForm())


def _show(request: HttpRequest, account: Account, form: DomainForm, status: int = 200) -> HttpResponse:
    named = list(WayBack.objects.filter(membership__account=account).select_related("membership__user"))
    full = list(Membership.objects.full_access().filter(account=account, way_back=None).select_related("user"))
    able = users_with_second_factor([each.user_id for each in full])
    context = {
        "providers": [
            {"provider": each, "certificate_ends_at": warned_of(each)}
            for each in account.identity_providers.order_by("pk")
        ],
        "domains": [
            {"domain": each, "record": domains.record_name(each), "value": domains.record_value(each)}
            for each in domains.of_account(account)
        ],
        "form": form,
        "ways_back": named,
        "candidates": [each for each in full if each.user_id in able],
        "is_tried": providers.tried_ways_back(account).exists(),
        "mail_is_set_up": mails.is_set_up(),
    }
    return render(request, "accounts/sso/settings.html", context, status=status)


@account_view(Can.MANAGE)
def sso_provider_add(request: HttpRequest, account: Account) -> HttpResponse:
    if request.method == "POST" and not limits.may_set_up(request):
        return render(request, "429.html", status=429)
    form = OidcForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "accounts/sso/provider_add.html", {"form": form}, status=status)
    try:
        made = providers.add(account=account, by=signed_in_user(request), protocol=Protocol.OIDC, **form.cleaned_data)
    except TooManySsoEntries:
        messages.error(request, f"{providers.MOST} providers are as many as an account can have. Delete one first.")
        return redirect("accounts:sso", account.pk)
    messages.success(request, "Stored. Copy the redirect URI to your provider, then test it.")
    return redirect("accounts:sso_provider", account.pk, made.pk)


@account_view(Can.MANAGE)
def sso_provider(request: HttpRequest, account: Account, provider_id: int) -> HttpResponse:
    """One provider: what has to be copied to it, and what can be changed."""
    provider = get_object_or_404(account.identity_providers, pk=provider_id)
    if provider.protocol == Protocol.SAML:
        return sso_saml_settings.show(request, account, provider)
    form = OidcForm(request.POST if request.method == "POST" else None, provider=provider)
    if not form.is_valid():
        context = {
            "provider": provider,
            "form": form,
            "addresses": addresses_of(provider),
            "people": provider.identities.count(),
        }
        return render(request, "accounts/sso/provider.html", context, status=422 if request.method == "POST" else 200)
    changed = providers.change_provider(provider=provider, by=signed_in_user(request), **form.cleaned_data)
    messages.success(request, "Saved." if changed else "Nothing had changed.")
    return redirect("accounts:sso_provider", account.pk, provider.pk)


@require_POST
@account_view(Can.MANAGE)
def sso_provider_test(request: HttpRequest, account: Account, provider_id: int) -> HttpResponse:
    """Go to the provider and come back, as somebody who signs in does."""
    return leave(request, get_object_or_404(account.identity_providers, pk=provider_id), Purpose.TEST)


@require_POST
@account_view(Can.MANAGE)
def sso_provider_switch(request: HttpRequest, account: Account, provider_id: int) -> HttpResponse:
    provider = get_object_or_404(account.identity_providers, pk=provider_id)
    is_on = request.POST.get("to") == "on"
    try:
        (providers.switch_on if is_on else providers.switch_off)(provider=provider, by=signed_in_user(request))
    except NotReady as why:
        messages.error(request, str(why))
    else:
        words = "People can sign in through it now." if is_on else "Nobody can sign in through it any more."
        messages.success(request, words)
    return redirect("accounts:sso", account.pk)


@account_view(Can.MANAGE)
def sso_provider_delete(request: HttpRequest, account: Account, provider_id: int) -> HttpResponse:
    provider = get_object_or_404(account.identity_providers, pk=provider_id)
    if request.method != "POST":
        context = {"provider": provider, "people": provider.identities.count()}
        return render(request, "accounts/sso/provider_delete.html", context)
    try:
        providers.delete(provider=provider, by=signed_in_user(request))
    except NotReady as why:
        messages.error(request, str(why))
    else:
        messages.success(request, f"{provider.name} is deleted.")
    return redirect("accounts:sso", account.pk)


@require_POST
@account_view(Can.MANAGE)
def sso_require(request: HttpRequest, account: Account) -> HttpResponse:
    is_on = request.POST.get("to") == "on"
    try:
        (providers.require if is_on else providers.stop_requiring)(account=account, by=signed_in_user(request))
    except NotReady as why:
        messages.error(request, str(why))
    else:
        messages.success(request, f"Single sign-on is {'compulsory' if is_on else 'optional'} now.")
    return redirect("accounts:sso", account.pk)


@require_POST
@account_view(Can.MANAGE)
def sso_domain_add(request: HttpRequest, account: Account) -> HttpResponse:
    form = DomainForm(request.POST)
    if not form.is_valid():
        return _show(request, account, form, status=422)
    try:
        domains.add(account=account, by=signed_in_user(request), **form.cleaned_data)
    except TooManySsoEntries:
        messages.error(request, f"{domains.MOST} domains are as many as an account can have.")
    return redirect("accounts:sso", account.pk)


@require_POST
@account_view(Can.MANAGE)
def sso_domain(request: HttpRequest, account: Account, domain_id: int) -> HttpResponse:
    """Look for a domain's record, mail its postmaster, or take it away: as `do` says."""
    domain = get_object_or_404(account.sso_domains.select_related("account"), pk=domain_id)
    by = signed_in_user(request)
    if not limits.may_set_up(request):
        return render(request, "429.html", status=429)
    try:
        match request.POST.get("do"):
            case "check":
                domains.check_record(domain=domain, by=by)
                messages.success(request, f"{domain.domain} is proven.")
            case "mail" if mails.is_set_up():
                address = domains.send_mail(domain=domain, by=by)
                messages.success(request, f"A mail to {address} is on its way. Its link proves the domain.")
            case "remove":
                domains.remove(domain=domain, by=by)
                messages.success(request, f"{domain.domain} is removed. Who joined by it stays.")
    except NotReady as why:
        messages.error(request, str(why))
    return redirect("accounts:sso", account.pk)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sso_domain_proof(request: HttpRequest, secret: str) -> HttpResponse:
    """The page behind the link in the postmaster's mail: GET asks, POST confirms."""
    domain = domains.by_secret(secret)
    if domain is None:
        return render(request, "accounts/sso/domain_proof.html", {"state": "unknown"}, status=404)
    context: dict[str, object] = {"state": "ask", "domain": domain}
    if request.method == "POST":
        try:
            domains.confirm_mail(domain=domain)
        except NotReady as why:
            return render(request, "accounts/sso/domain_proof.html", {"state": "refused", "why": why}, status=409)
        context["state"] = "proven"
    return render(request, "accounts/sso/domain_proof.html", context)


@require_POST
@account_view(Can.MANAGE)
def sso_way_back(request: TenantRequest, account: Account) -> HttpResponse:
    """Name a teammate as a way back, or (`remove`) take a way back away."""
    by = signed_in_user(request)
    wanted = request.POST.get("membership", "")
    membership = get_object_or_404(account.memberships.select_related("user"), pk=int(wanted) if _is_id(wanted) else 0)
    membership.account = account
    try:
        if "remove" in request.POST:
            ways_back.remove(membership=membership, by=by)
            messages.success(request, f"{membership.user} is no way back any more.")
        else:
            ways_back.name(membership=membership, by=by)
            messages.success(request, f"{membership.user} is a way back. It counts once they have signed in anew.")
    except LastWayBack:
        messages.error(request, ONLY_WAY)
    except NotReady as why:
        messages.error(request, str(why))
    return redirect("accounts:sso", account.pk)


def _is_id(text: str) -> bool:
    return text.isascii() and text.isdigit() and len(text) < 19
