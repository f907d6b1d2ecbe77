"""The addresses that a SAML provider knows: our metadata, and where browsers post its answers."""

import logging

from django.contrib.auth.decorators import login_not_required
from django.core import signing
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, render
from django.urls import reverse
from django.views.decorators.cache import never_cache
from django.views.decorators.csrf import csrf_exempt
from django.views.decorators.http import require_POST, require_safe

from accounts.sso import limits, saml_flow
from accounts.sso.actions import people
from accounts.sso.leaving import come_back, refuse
from accounts.sso.models import IdentityProvider, Protocol
from accounts.sso.saml.words import SamlRefused

log = logging.getLogger(__name__)
WHY = "heapadmin.saml_refusal"  # the salt of the reason in an address: nobody else puts words on our page
WHY_SECONDS = 10 * 60


@login_not_required
@require_safe
def sso_saml_metadata(request: HttpRequest, slug: str) -> HttpResponse:
    """Our metadata for one provider. Its address is our entity id there."""
    return HttpResponse(saml_flow.our_metadata(_provider(slug)), content_type="application/samlmetadata+xml")


@csrf_exempt  # the provider's page posts it: the signature, and the session at the next request, take the token's place
@login_not_required
@never_cache
@require_POST
def sso_saml_answer(request: HttpRequest, slug: str) -> HttpResponse:
    """Take an answer without knowing whose browser brings it, and lead on to where that shows.

    It reads and sets no cookie: what a browser has here stays as it is, whatever another site posts.
    """
    provider = _provider(slug)
    if not limits.may_post(request):
        return render(request, "429.html", status=429)
    try:
        secret = saml_flow.receive(provider, request.POST.get("SAMLResponse", ""), request.POST.get("RelayState", ""))
    except SamlRefused as refusal:
        log.info("SAML answer refused for provider %s: %s", provider.pk, refusal)
        people.record_refused_answer(provider=provider, why=str(refusal))
        why = signing.dumps(str(refusal), salt=WHY, compress=True)
        return _see(f"{reverse('accounts:sso_saml_refused', args=[slug])}?why={why}")
    return _see(reverse("accounts:sso_saml_finish", args=[slug, secret]))


@login_not_required
@never_cache
@require_safe
def sso_saml_finish(request: HttpRequest, slug: str, secret: str) -> HttpResponse:
    """Now with the session: whether this browser has asked for the answer, and what it was for."""
    provider = _provider(slug)
    answer = saml_flow.kept(provider, secret)
    if answer is None:
        return refuse(request, provider, "This address has been used, or it took too long. Begin again.")
    return come_back(request, provider, answer.state, lambda attempt: saml_flow.person_of(answer, attempt))


@login_not_required
@never_cache
@require_safe
def sso_saml_refused(request: HttpRequest, slug: str) -> HttpResponse:
    """Why an answer was not believed."""
    try:
        why = signing.loads(request.GET.get("why", ""), salt=WHY, max_age=WHY_SECONDS)
    except signing.BadSignature:
        why = "The answer was not believed. Begin again."
    return refuse(request, _provider(slug), why)


def _provider(slug: str) -> IdentityProvider:
    """A SAML provider of an open account, also while it is off: it is tested before it is switched on."""
    found: IdentityProvider = get_object_or_404(
        IdentityProvider.objects.select_related("account"), slug=slug, protocol=Protocol.SAML, account__closed_at=None
    )
    return found


def _see(path: str) -> HttpResponse:
    """Go there by a GET, with which browsers send our cookies again."""
    return HttpResponse(status=303, headers={"Location": path})
