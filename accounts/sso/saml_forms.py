"""Forms for a SAML provider on the settings page "Single sign-on"."""

from typing import Any

from django import forms
from django.conf import settings
from django.core.exceptions import ValidationError
from django.utils import timezone

from accounts.sso.forms import ProviderForm
from accounts.sso.models import IdentityProvider, NameIdFormat
from accounts.sso.saml import certificates, metadata, xml
from accounts.sso.saml.certificates import Certificate
from accounts.sso.saml.words import SamlRefused
from common import guarded_http
from common.guarded_http import NoUsableAnswer

LONGEST_CERTIFICATE = 20_000  # characters; usual ones have 1,500


class SamlAddForm(ProviderForm):
    """A new provider, by its metadata: pasted, or under an address that is read once. Sets `found` to what it says."""

    metadata_url = forms.CharField(
        label="Address of its metadata",
        max_length=500,
        required=False,
        help_text="Begins with https://. It is read now, and never again.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    metadata_xml = forms.CharField(
        label="Or the metadata itself",
        max_length=xml.MOST_BYTES,
        required=False,
        help_text="XML, as your provider lets you copy or download it.",
        widget=forms.Textarea(attrs={"rows": 6, "spellcheck": "false"}),
    )
    field_order = ("name", "metadata_url", "metadata_xml", "joins_read_only")
    found: metadata.ReadMetadata

    def clean(self) -> dict[str, Any]:
        values: dict[str, Any] = super().clean() or {}
        if self.errors:
            return values
        url, pasted = values.pop("metadata_url").strip(), values.pop("metadata_xml")
        if bool(url) == bool(pasted.strip()):
            raise ValidationError("Give the address of the metadata, or the metadata itself: one of the two.")
        field = "metadata_url" if url else "metadata_xml"
        try:
            self.found = metadata.read(
                _fetched(url) if url else pasted.encode(), may_be_visited=may_be_visited, now=timezone.now()
            )
        except (SamlRefused, NoUsableAnswer) as why:
            self.add_error(field, str(why))
        return values

    def fields_of_provider(self) -> dict[str, Any]:
        """What to store: what was typed, and what the metadata says."""
        return {
            "name": self.cleaned_data["name"],
            "joins_read_only": self.cleaned_data["joins_read_only"],
            "issuer": self.found.entity_id,
            "sign_in_url": self.found.sign_in_url,
            "certificates": [each.pem for each in self.found.certificates],
        }


class SamlForm(ProviderForm):
    """What can be changed of a SAML provider; its entity id cannot."""

    sign_in_url = forms.CharField(
        label="Address to sign in",
        max_length=metadata.MOST_ADDRESS_CHARS,
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    name_id_format = forms.ChoiceField(
        label="How it names people (NameID format)",
        choices=NameIdFormat.choices,
        help_text="Another format gives people other names: all have to connect anew.",
    )
    address_attribute = forms.CharField(
        label="Attribute with the e-mail address",
        max_length=200,
        required=False,
        help_text="Leave it empty for the usual ones of Entra ID, Okta, Google, Keycloak: emailaddress, email, mail.",
    )
    name_attribute = forms.CharField(
        label="Attribute with the name",
        max_length=200,
        required=False,
        help_text="Leave it empty for the usual ones: displayname, name, or given name and surname together.",
    )
    field_order = ("name", "sign_in_url", "name_id_format", "address_attribute", "name_attribute", "joins_read_only")

    def __init__(self, *args: Any, provider: IdentityProvider, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for name, field in self.fields.items():
            field.initial = getattr(provider, name)

    def clean_sign_in_url(self) -> str:
        url: str = self.cleaned_data["sign_in_url"]
        if not may_be_visited(url):
            raise ValidationError("That is no address that begins with https://.")
        return url


class CertificateForm(forms.Form):
    """A further certificate, for the time in which the provider changes to it."""

    certificate = forms.CharField(
        label="The next certificate",
        max_length=LONGEST_CERTIFICATE,
        help_text="As text (PEM), beginning with -----BEGIN CERTIFICATE-----.",
        widget=forms.Textarea(attrs={"rows": 5, "spellcheck": "false"}),
    )

    def clean_certificate(self) -> Certificate:
        try:
            read = certificates.read(self.cleaned_data["certificate"])
        except SamlRefused as why:
            raise ValidationError(str(why)) from None
        if read.ends_at <= timezone.now():
            raise ValidationError(f"This certificate ended on {read.ends_at:%-d %B %Y}.")
        return read


def may_be_visited(url: str) -> bool:
    """Whether browsers may be sent there: https, or http on this machine if whoever runs this allows it."""
    try:
        guarded_http.check_url(url, settings.SSO_INTERNAL_HOSTS)
    except NoUsableAnswer:
        return False
    return True


def _fetched(url: str) -> bytes:
    status, body = guarded_http.fetch("GET", url, internal_hosts=settings.SSO_INTERNAL_HOSTS)
    if status != 200:
        raise NoUsableAnswer(f"It answers with status {status}.")
    return body
