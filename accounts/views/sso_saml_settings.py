"""A SAML provider among an account's settings: its page, and its certificates."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.door import account_view, signed_in_user
from accounts.models import Account
from accounts.policy import Can
from accounts.sso import saml_flow
from accounts.sso.actions import providers
from accounts.sso.actions.saml_certificates import add_certificate, remove_certificate
from accounts.sso.models import IdentityProvider, Protocol
from accounts.sso.saml_certificates import held
from accounts.sso.saml_forms import CertificateForm, SamlForm
from accounts.views.sso_refusals import telling_why_not


def show(
    request: HttpRequest, account: Account, provider: IdentityProvider, certificate_form: CertificateForm | None = None
) -> HttpResponse:
    """The page of a SAML provider: what to copy to it, what its metadata said, and what can be changed."""
    is_saving = request.method == "POST" and certificate_form is None
    form = SamlForm(request.POST if is_saving else None, provider=provider)
    if is_saving and form.is_valid():
        changed = providers.change_provider(provider=provider, by=signed_in_user(request), **form.cleaned_data)
        messages.success(request, "Saved." if changed else "Nothing had changed.")
        return redirect("accounts:sso_provider", account.pk, provider.pk)
    ours = saml_flow.ours(provider)
    context = {
        "provider": provider,
        "form": form,
        "certificate_form": certificate_form or CertificateForm(),
        "certificates": held(provider),
        "addresses": [("Entity ID, and address of our metadata", ours.entity_id), ("ACS URL", ours.answer_url)],
        "people": provider.identities.count(),
    }
    return render(request, "accounts/sso/saml.html", context, status=422 if request.method == "POST" else 200)


@require_POST
@account_view(Can.MANAGE)
def sso_certificate(request: HttpRequest, account: Account, provider_id: int) -> HttpResponse:
    """Add the certificate to which the provider changes, or (`remove`: its fingerprint) take one away."""
    provider = get_object_or_404(account.identity_providers, pk=provider_id, protocol=Protocol.SAML)
    by = signed_in_user(request)
    with telling_why_not(request):
        if "remove" in request.POST:
            remove_certificate(provider=provider, by=by, fingerprint=request.POST["remove"])
            messages.success(request, "The certificate is removed. What it signs is not believed any more.")
        else:
            form = CertificateForm(request.POST)
            if not form.is_valid():
                return show(request, account, provider, form)
            add_certificate(provider=provider, by=by, certificate=form.cleaned_data["certificate"])
            messages.success(request, "Added. Both certificates are believed until you remove the former.")
    return redirect("accounts:sso_provider", account.pk, provider.pk)
