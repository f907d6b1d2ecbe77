"""The person's own side of single sign-on: which providers know them, connecting and disconnecting."""

from django.contrib import messages
from django.db.models import F, QuerySet
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.urls import reverse
from django.views.decorators.http import require_POST, require_safe

from accounts.door import signed_in_user
from accounts.models import Membership
from accounts.sso import installation, session
from accounts.sso.actions import people
from accounts.sso.attempts import Purpose
from accounts.sso.leaving import leave
from accounts.sso.models import IdentityProvider, SsoIdentity


@require_safe
def sso_connections(request: HttpRequest) -> HttpResponse:
    """Every provider of the person's accounts, and whether it knows them."""
    known = {each.provider_id: each for each in SsoIdentity.objects.filter(user=signed_in_user(request))}
    began_at = session.provider_of(request)
    rows = [
        {"provider": each, "identity": known.get(each.pk), "is_of_session": each == began_at}
        for each in _offered(request)
    ]
    return render(request, "accounts/sso/connections.html", {"rows": rows})


@require_POST
def sso_connect(request: HttpRequest, slug: str) -> HttpResponse:
    """Go to the provider, so that it knows this login afterwards."""
    provider = get_object_or_404(_offered(request), slug=slug)
    return leave(request, provider, Purpose.CONNECT, request.POST.get("next") or reverse("accounts:sso_connections"))


@require_POST
def sso_disconnect(request: HttpRequest, slug: str) -> HttpResponse:
    user = signed_in_user(request)
    theirs = SsoIdentity.objects.filter(provider__in=_known(request), user=user)
    identity = get_object_or_404(theirs.select_related("provider__account"), provider__slug=slug)
    people.disconnect(identity=identity, by=user)
    messages.success(request, f"{identity.provider.name} does not know you any more.")
    return redirect("accounts:sso_connections")


def _offered(request: HttpRequest) -> QuerySet[IdentityProvider]:
    installation.provider()  # its row, as the settings are now
    found = IdentityProvider.objects.usable().filter(pk__in=_known(request)).select_related("account")
    return found.order_by(F("account__name").asc(nulls_first=True), "name", "pk")


def _known(request: HttpRequest) -> QuerySet[IdentityProvider]:
    """The providers of which this session may know: the person's accounts', and the installation's."""
    of_account = IdentityProvider.objects.filter(account__in=_accounts(request))
    if session.standing(request).alone:  # with the installation's they could open all that the person can
        return of_account
    return of_account | IdentityProvider.objects.filter(account=None)


def _accounts(request: HttpRequest) -> list[int]:
    """The person's accounts of which this session may know.

    Connecting gives whoever came by one account's provider what the person may do in the account of another.
    """
    theirs = Membership.objects.filter(user=signed_in_user(request))
    return [each.account_id for each in session.known_to(request, theirs)]
