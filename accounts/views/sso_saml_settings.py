"""A SAML provider among an account's settings: adding it by its metadata, its page, and its certificates."""

from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect, render
from django.views.decorators.http import require_POST

from accounts.door import account_view, signed_in_user
from accounts.models import Account
from accounts.policy import Can
from accounts.sso import limits, saml_flow
from accounts.sso.actions import providers
from accounts.sso.actions.providers import NotReady, TooManySsoEntries
from accounts.sso.actions.saml_certificates import add_certificate, remove_certificate
from accounts.sso.models import IdentityProvider, Protocol
from accounts.sso.saml_certificates import held
from accounts.sso.saml_forms import CertificateForm, SamlAddForm, SamlForm
from common.counted import counted


@account_view(Can.MANAGE)
def sso_saml_add(request: HttpRequest, account: Account) -> HttpResponse:
    if request.method == "POST" and not limits.may_set_up(request):
        return render(request, "429.html", status=429)
    form = SamlAddForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        status = 422 if request.method == "POST" else 200
        return render(request, "accounts/sso/saml_add.html", {"form": form}, status=status)
    values = form.fields_of_provider()
    try:
        made = providers.add(account=account, by=signed_in_user(request), protocol=Protocol.SAML, **values)
    except TooManySsoEntries:
        messages.error(request, f"{providers.MOST} providers are as many as an account can have. Delete one first.")
        return redirect("accounts:sso", account.pk)
    kept = counted(len(values["certificates"]), "certificate")
    left_out = f"; {counted(form.found.left_out, 'other')} left out" if form.found.left_out else ""
    messages.success(request, f"Read and stored: see below what the metadata says ({kept}{left_out}).")
    return redirect("accounts:sso_provider", account.pk, made.pk)


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
    try:
        if "remove" in request.POST:
            remove_certificate(provider=provider, by=by, fingerprint=request.POST["remove"])
            messages.success(request, "The certificate is removed. What it signs is not believed any more.")
        else:
            form = CertificateForm(request.POST)
            if not form.is_valid():
                return show(request, account, provider, form)
            add_certificate(provider=provider, by=by, certificate=form.cleaned_data["certificate"])
            messages.success(request, "Added. Both certificates are believed until you remove the former.")
    except NotReady as why:
        messages.error(request, str(why))
    return redirect("accounts:sso_provider", account.pk, provider.pk)
