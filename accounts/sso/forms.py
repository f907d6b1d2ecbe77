"""Forms of the settings page "Single sign-on"."""

import re
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from accounts.sso import oidc
from accounts.sso.models import IdentityProvider
from common.addresses import normal
from common.guarded_http import NoUsableAnswer
from common.names import NameField

DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
LONGEST_DOMAIN = 253
ACCESS = [(True, "Read-only"), (False, "Full access")]


class ProviderForm(forms.Form):
    """What every provider has, whatever its protocol."""

    name = NameField(
        label="Name", max_length=60, help_text="What people see on the button, as in “Continue with Example”."
    )
    joins_read_only = forms.TypedChoiceField(
        label="Access of people who join by signing in",
        choices=ACCESS,
        coerce=lambda value: value == "True",
        initial=True,
    )


class OidcForm(ProviderForm):
    """An OpenID Connect provider. The issuer can be given once only, and is asked at once what it is."""

    issuer = forms.CharField(
        label="Issuer",
        max_length=300,
        help_text="The URL under which your provider knows itself, such as https://login.example.com.",
        widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"}),
    )
    client_id = forms.CharField(
        label="Client ID", max_length=255, widget=forms.TextInput(attrs={"autocomplete": "off", "spellcheck": "false"})
    )
    client_secret = forms.CharField(
        label="Client secret",
        max_length=1_000,
        required=False,
        strip=True,
        widget=forms.PasswordInput(attrs={"autocomplete": "off"}),
        help_text="Stored encrypted, and never shown again. Leave it empty if your provider gives none.",
    )
    field_order = ("name", "issuer", "client_id", "client_secret", "joins_read_only")

    def __init__(self, *args: Any, provider: IdentityProvider | None = None, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        if provider is not None:
            del self.fields["issuer"]
            self.fields["client_secret"].help_text = "Leave it empty to keep the one that is stored."
            for name in ("name", "client_id", "joins_read_only"):
                self.fields[name].initial = getattr(provider, name)

    def clean_issuer(self) -> str:
        issuer: str = self.cleaned_data["issuer"]
        issuer = issuer.removesuffix("/.well-known/openid-configuration")
        try:
            oidc.discover(issuer)
        except NoUsableAnswer as why:
            raise ValidationError(f"That is no OpenID Connect provider that we can use. {why}") from None
        return issuer

    def clean(self) -> dict[str, Any]:
        """The page does not send a secret back. Without a word, the next try would store none."""
        values: dict[str, Any] = super().clean() or {}
        if self.errors and values.get("client_secret"):
            self.add_error("client_secret", "Type it again: this page does not send it back.")
        return values

    def fields_of_provider(self) -> dict[str, Any]:
        """What to store: what was typed."""
        return self.cleaned_data

    def words_when_stored(self) -> str:
        return "Stored. Copy the redirect URI to your provider, then test it."


class DomainForm(forms.Form):
    """A domain of e-mail addresses."""

    domain = forms.CharField(
        label="Domain",
        max_length=LONGEST_DOMAIN,
        widget=forms.TextInput(attrs={"placeholder": "example.com", "autocomplete": "off", "spellcheck": "false"}),
    )

    def clean_domain(self) -> str:
        typed = self.cleaned_data["domain"].strip().rpartition("@")[2].rstrip(".")
        domain = normal(f"x@{typed}").removeprefix("x@")
        if len(domain) > LONGEST_DOMAIN or not DOMAIN.fullmatch(domain):
            raise ValidationError("That is no domain. It is what stands behind the @, such as example.com.")
        return domain
