"""The person's own side of single sign-on: which providers know them, connecting and disconnecting."""

from django.contrib import messages
from django.db.models import QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.door import signed_in_user
from accounts.models import User
from accounts.sso import session
from accounts.sso.actions import people
from accounts.sso.attempts import Purpose
from accounts.sso.leaving import leave
from accounts.sso.models import IdentityProvider, SsoIdentity


@require_safe
def sso_connections(request: HttpRequest) -> HttpResponse:
    """Every provider of the person's accounts, and whether it knows them."""
    user = signed_in_user(request)
    known = {each.provider_id: each for each in SsoIdentity.objects.filter(user=user)}
    providers = _offered(user)
    rows = [{"provider": each, "identity": known.get(each.pk)} for each in providers]
    return render(request, "accounts/sso/connections.html", {"rows": rows, "is_alone": session.standing(request).alone})


@require_POST
def sso_connect(request: HttpRequest, slug: str) -> HttpResponse:
    """Go to the provider, so that it knows this login afterwards."""
    provider = get_object_or_404(_offered(signed_in_user(request)), slug=slug)
    return leave(request, provider, Purpose.CONNECT, request.POST.get("next") or reverse("accounts:sso_connections"))


@require_POST
def sso_disconnect(request: HttpRequest, slug: str) -> HttpResponse:
    user = signed_in_user(request)
    identity = get_object_or_404(
        SsoIdentity.objects.select_related("provider__account"), provider__slug=slug, user=user
    )
    people.disconnect(identity=identity, by=user)
    messages.success(request, f"{identity.provider.name} does not know you any more.")
    return redirect("accounts:sso_connections")


def _offered(user: User) -> QuerySet[IdentityProvider]:
    of_theirs = IdentityProvider.objects.usable().filter(account__memberships__user=user)
    return of_theirs.select_related("account").order_by("account__name", "name", "pk")
