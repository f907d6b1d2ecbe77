"""Signing in through a provider: finding it by one's address, going there, coming back."""

from django.contrib.auth.decorators import login_not_required
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods, require_safe

from accounts.sso import installation, limits, oidc
from accounts.sso.attempts import Purpose, SsoAttempt
from accounts.sso.leaving import come_back, leave
from accounts.sso.models import IdentityProvider, Protocol, SsoDomain
from accounts.sso.person import SignInRefused, SsoPerson
from common.addresses import LONGEST, normal


@login_not_required
@never_cache
@require_safe
def sso_find(request: HttpRequest) -> HttpResponse:
    """The providers for the domain of an address. Whether the address has a login makes no difference."""
    typed = request.GET.get("email", "")[:LONGEST].replace("\0", "")
    providers = for_address(typed) if typed else []
    context = {"typed": typed, "providers": providers, "next": request.GET.get("next", "")}
    return render(request, "accounts/sso/find.html", context)


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def sso_start(request: HttpRequest, slug: str) -> HttpResponse:
    """The page of one provider. Only a POST goes there, so that no other site can begin a sign-in here."""
    provider = _usable(slug)
    where_to = (request.POST if request.method == "POST" else request.GET).get("next", "")
    if request.method != "POST":
        return render(request, "accounts/sso/start.html", {"provider": provider, "next": where_to})
    return leave(request, provider, Purpose.SIGN_IN, where_to)


@login_not_required
@never_cache
@require_safe
def sso_answer(request: HttpRequest, slug: str) -> HttpResponse:
    """Where an OpenID Connect provider sends the browser back to."""
    provider = get_object_or_404(_open(), slug=slug, protocol=Protocol.OIDC)

    def read(attempt: SsoAttempt) -> SsoPerson:
        if request.GET.get("iss", provider.issuer) != provider.issuer:
            raise SignInRefused("This answer came from another provider.")
        if "error" in request.GET:
            raise SignInRefused(f"{provider.name} did not let you in, or you stopped there.")
        return oidc.person_of(provider, attempt, request.GET.get("code", ""))

    return come_back(request, provider, request.GET.get("state", ""), read)


@login_not_required
@never_cache
@require_safe
def sso_signed_out(request: HttpRequest, slug: str) -> HttpResponse:
    """After signing out here: the way to sign out at the provider too, which would let anybody in again at once."""
    provider = _usable(slug)
    may_ask = provider.protocol == Protocol.OIDC and limits.may_go_on(request)
    context = {"provider": provider, "url": oidc.way_out(provider) if may_ask else ""}
    return render(request, "accounts/sso/signed_out.html", context)


def for_address(address: str) -> list[IdentityProvider]:
    """The providers of the account that has proven the address's domain, and the installation's if it is one of its."""
    proven = SsoDomain.objects.proven().of_address(normal(address))
    of_account = IdentityProvider.objects.usable().filter(account__sso_domains__in=proven).order_by("name", "pk")
    of_all = installation.provider() if installation.vouches_for(normal(address)) else None
    return [*([of_all] if of_all else []), *of_account]


def _usable(slug: str) -> IdentityProvider:
    """Raises Http404."""
    if slug == installation.SLUG:
        installation.provider()  # its row, as the settings are now
    found: IdentityProvider = get_object_or_404(IdentityProvider.objects.usable().select_related("account"), slug=slug)
    return found


def _open() -> QuerySet[IdentityProvider]:
    """Those of open accounts, also while they are off: they are tested before they are switched on."""
    of_account = IdentityProvider.objects.filter(account__isnull=False, account__closed_at=None)
    return (of_account | IdentityProvider.objects.usable()).select_related("account")
