"""Forms for teammates, invitations, the account's settings, the person's own login and the activity filter."""

from typing import Any

from allauth.account.forms import LoginForm, ResetPasswordForm
from allauth.mfa.adapter import get_adapter
from allauth.mfa.models import Authenticator
from allauth.mfa.totp.forms import ActivateTOTPForm
from allauth.mfa.utils import encrypt
from allauth.mfa.webauthn.forms import AddWebAuthnForm
from django import forms
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.utils.html import format_html

from accounts.models import MOST_EMBEDDING_SITES, Account, RolesByProject, User, WhoMayInvite, known_as
from accounts.pasted_addresses import addresses
from accounts.second_factor import has_second_factor
from common.addresses import AddressField, normal
from common.counted import counted
from common.names import NameField
from common.origins import NoOrigin, origin_of
from common.time_zones import time_zones

MOST_AT_ONCE = 200  # addresses to invite
SURE = "sure_to_show"  # the checkbox that confirms it
LONGEST_LIST = 60_000  # characters: that many addresses, with a name each


class InviteForm(forms.Form):
    """One or several addresses to invite, with full access or read-only."""

    emails = forms.CharField(
        label="E-mail address",
        max_length=LONGEST_LIST,
        help_text="One, or several with commas or lines between them, with or without names.",
        widget=forms.Textarea(
            attrs={
                "rows": 1,
                "maxlength": False,  # browsers would cut what is pasted, without a word
                "autocomplete": "off",
                "spellcheck": "false",
                "placeholder": "ada@example.com",
                "data-enter-submits": True,
            }
        ),
    )
    read_only = forms.BooleanField(label="Read-only: can look, run queries and view reports", required=False)

    def clean_emails(self) -> list[str]:
        found = addresses(self.cleaned_data["emails"])
        if not found:
            raise ValidationError("Type at least one e-mail address.")
        if len(found) > MOST_AT_ONCE:
            raise ValidationError(f"{len(found):,} addresses at once are too many; {MOST_AT_ONCE} are fine.")
        return found


class AccessForm(forms.Form):
    """The read-only switch of a teammate."""

    read_only = forms.BooleanField(required=False)


class NewPersonForm(forms.Form):
    """Name and password of a person who accepts an invitation and has no login yet."""

    name = NameField(label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html(),
    )

    def __init__(self, *args: Any, email: str, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.email = email

    def clean(self) -> dict[str, Any]:
        cleaned = super().clean() or {}
        if password := cleaned.get("password"):
            try:
                validate_password(password, User(email=self.email, name=cleaned.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return cleaned


class NewPasswordForm(forms.Form):
    """A new password for a person who was locked out."""

    password = forms.CharField(
        label="New password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html(),
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_password(self) -> str:
        password: str = self.cleaned_data["password"]
        validate_password(password, self.user)
        return password


class SignInForm(LoginForm):
    """The library's form. People may type either form of a domain."""

    def clean_login(self) -> str:
        return known_as(super().clean_login())


class ForgottenPasswordForm(ResetPasswordForm):
    """The library's form. People may type either form of a domain."""

    def clean_email(self) -> str:
        self.cleaned_data["email"] = normal(self.cleaned_data["email"])
        email: str = super().clean_email()
        return email


class AddKeyForm(AddWebAuthnForm):
    """Add a passkey or security key: the library's form, with plainer labels."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.fields["name"].help_text = "So that you tell it from others, such as “Blue USB key”."
        passkey = self.fields["passwordless"]
        passkey.label = "Sign in with it instead of the password"
        passkey.help_text = "Then it has to ask for your fingerprint, face or PIN, as phones and laptops do."


class AddAppForm(ActivateTOTPForm):
    """Set up an authenticator app: the library's form, after which the code that was typed opens nothing any more."""

    def clean_code(self) -> str:
        code: str = super().clean_code()
        app = Authenticator(user=self.user, type=Authenticator.Type.TOTP, data={"secret": encrypt(self.secret)})
        if not app.wrap().validate_code(code):  # as at a sign-in: it marks the code as used
            raise get_adapter().validation_error("incorrect_code")
        return code


class ChangesForm(forms.BaseForm):
    """A form that remembers its initial values, so that saving it does not undo what others saved meanwhile."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        for field in self.fields.values():
            field.show_hidden_initial = True

    @property
    def changes(self) -> dict[str, Any]:
        """The new values of only those fields that this person changed."""
        return {name: self.cleaned_data[name] for name in self.changed_data}


class SitesField(forms.CharField):
    """Origins of sites, one a line, as browsers write them: a list."""

    widget = forms.Textarea(attrs={"rows": 3, "spellcheck": "false"})

    def prepare_value(self, value: Any) -> Any:
        return "\n".join(value) if isinstance(value, list) else value

    def to_python(self, value: Any) -> list[str]:  # type: ignore[override]  # a CharField's is a text
        typed = (super().to_python(value) or "").split()
        if len(typed) > MOST_EMBEDDING_SITES:
            raise ValidationError(f"At most {MOST_EMBEDDING_SITES} sites.")
        return list(dict.fromkeys(_origin(each) for each in typed))

    def has_changed(self, initial: Any, data: Any) -> bool:
        try:
            return bool((initial or []) != self.to_python(data))
        except ValidationError:
            return True


def _origin(typed: str) -> str:
    """Raises ValidationError."""
    try:
        return origin_of(typed)
    except NoOrigin:
        raise ValidationError(
            f"“{typed[:100]}” is not a site. Write it like this: https://intranet.example.com, without a path."
        ) from None


class AccountForm(ChangesForm, forms.ModelForm):
    """The account's name and rules."""

    name = NameField(label="Name", max_length=100)
    embedding_sites = SitesField(
        label="Sites that may show shared links in a frame",
        required=False,
        max_length=10_000,
        help_text="One a line: https://intranet.example.com. Their pages may embed reports and dashboards of shared "
        "links; no other site may.",
    )
    time_zone = forms.ChoiceField(
        label="Time zone",
        choices=time_zones(),
        help_text="What new projects start with. Each project has its own.",
    )

    class Meta:
        model = Account
        fields = (
            "name",
            "time_zone",
            "who_may_invite",
            "require_second_factor",
            "roles_by_project",
            "allows_shared_links",
            "embedding_sites",
        )
        labels = {
            "who_may_invite": "Who may invite",
            "require_second_factor": "Require a second factor of everybody",
            "roles_by_project": "What read-only teammates reach",
            "allows_shared_links": "Allow shared links",
        }
        help_texts = {
            "roles_by_project": "By project: full access, read-only or none is chosen for each under Teammates. "
            "Those with full access to the account have it in every project.",
            "require_second_factor": "Teammates without one are asked to set it up before they get in.",
            "allows_shared_links": "They show a report or a dashboard without a login. Without this, all of them open "
            "nothing at once; with it, those that were not ended work again.",
        }

    def __init__(self, *args: Any, by: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.by = by
        self.now: str = self.instance.roles_by_project
        if self.is_bound and "roles_by_project" not in self.data:  # sent by a page from before there was the field
            del self.fields["roles_by_project"]

    def clean(self) -> dict[str, Any]:
        """Only people with a second factor may require one, so that they do not lock themselves out."""
        cleaned = super().clean() or {}
        for field, on in (
            ("require_second_factor", cleaned.get("require_second_factor")),
            ("who_may_invite", cleaned.get("who_may_invite") == WhoMayInvite.SECOND_FACTOR),
        ):
            if on and field in self.changed_data and not has_second_factor(self.by.pk):
                self.add_error(field, "Set up a second factor for yourself first, under Profile & security.")
        if "roles_by_project" in cleaned:
            self._ask_to_widen(cleaned["roles_by_project"])
        return cleaned

    def _ask_to_widen(self, wanted: str) -> None:
        """Ask, with a checkbox, before teammates are shown projects that are hidden from them now."""
        hides = RolesByProject.values.index
        read_only = self.instance.memberships.filter(read_only=True).count()
        if hides(wanted) < hides(self.now) and read_only and self.data.get(SURE) != "on":
            self.add_error("roles_by_project", _widening(wanted, read_only))
            self.fields[SURE] = forms.BooleanField(label="Yes, show these projects", required=False)


def _widening(wanted: str, read_only: int) -> str:
    """What changes for how many, when access by project is switched off or hides less."""
    who = f"{counted(read_only, 'read-only teammate')} will see"
    if wanted == RolesByProject.OFF:
        return (
            f"{who} every project, and can change nothing in any. What is chosen by project is kept, and holds again "
            "when this is switched on again. Confirm it below."
        )
    return f"{who} every project for which nothing is chosen for them. Confirm it below."


class NameForm(forms.Form):
    """The person's own name."""

    name = NameField(label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))


class AppearanceForm(forms.ModelForm):
    """How pages look to the person."""

    class Meta:
        model = User
        fields = ("theme", "density")


class EmailChangeForm(forms.Form):
    """The new address of the person's own login."""

    new_email = AddressField(
        label="New address", max_length=254, widget=forms.EmailInput(attrs={"autocomplete": "email"})
    )

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user

    def clean_new_email(self) -> str:
        new_email: str = self.cleaned_data["new_email"]
        if new_email == self.user.email:
            raise ValidationError("That is your address now.")
        return new_email


class DeleteLoginForm(forms.Form):
    """Delete the person's own login, confirmed by typing its address."""

    confirm = forms.CharField(max_length=254, widget=forms.TextInput(attrs={"autocomplete": "off"}))

    def __init__(self, *args: Any, user: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.user = user
        self.fields["confirm"].label = format_html("Type <strong>{}</strong> to confirm", user.email)

    def clean_confirm(self) -> str:
        typed: str = self.cleaned_data["confirm"]
        if normal(typed) != normal(self.user.email):
            raise ValidationError("That is not your address.")
        return typed


class ActivityFilterForm(forms.Form):
    """The filter of the activity; every field is optional."""

    who = forms.CharField(label="Who", max_length=254, required=False)
    what = forms.ChoiceField(label="What", required=False)
    words = forms.CharField(label="On what", max_length=100, required=False)
    after = forms.DateField(label="From", required=False, widget=forms.DateInput(attrs={"type": "date"}))
    before = forms.DateField(label="To", required=False, widget=forms.DateInput(attrs={"type": "date"}))

    def __init__(self, *args: Any, kinds: list[tuple[str, str]], **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        what = self.fields["what"]
        assert isinstance(what, forms.ChoiceField)
        what.choices = [("", "Everything"), *kinds]
