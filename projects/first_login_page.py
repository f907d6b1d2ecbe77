"""The page behind the one-time link for the first login (`manage.py firstlogin`)."""

from typing import Any

from allauth.account.utils import perform_login
from django import forms
from django.contrib import messages
from django.contrib.auth.decorators import login_not_required
from django.contrib.auth.password_validation import password_validators_help_text_html, validate_password
from django.core.exceptions import ValidationError
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import render
from django.views.decorators.cache import never_cache
from django.views.decorators.http import require_http_methods

from accounts.models import FirstLoginLink, User
from common.addresses import AddressField
from common.names import NameField
from projects import first_login as links


class FirstLoginForm(forms.Form):
    """What sign-up asks for. There is nobody yet from whom a known address must be hidden."""

    name = NameField(label="Your name", max_length=150, widget=forms.TextInput(attrs={"autocomplete": "name"}))
    email = AddressField(label="E-mail", widget=forms.EmailInput(attrs={"autocomplete": "email"}))
    password = forms.CharField(
        label="Password",
        strip=False,
        widget=forms.PasswordInput(attrs={"autocomplete": "new-password"}),
        help_text=password_validators_help_text_html(),
    )
    account_name = NameField(
        label="Company or team", max_length=100, widget=forms.TextInput(attrs={"autocomplete": "organization"})
    )
    project_name = NameField(
        label="First project", max_length=100, help_text="The site or app whose events you want to look at."
    )

    def clean_email(self) -> str:
        email: str = self.cleaned_data["email"]
        if User.objects.filter(email=email).exists():
            raise ValidationError("This address has a login already, which is no staff login. Take another address.")
        return email

    def clean(self) -> dict[str, Any]:
        """A password must not look like the person's own address or name."""
        found = self.cleaned_data
        if "password" in found:
            try:
                validate_password(found["password"], User(email=found.get("email", ""), name=found.get("name", "")))
            except ValidationError as error:
                self.add_error("password", error)
        return found


@login_not_required
@never_cache
@require_http_methods(["GET", "HEAD", "POST"])
def first_login(request: HttpRequest, secret: str) -> HttpResponseBase:
    """Make the first staff login and sign in. GET changes nothing, so programs that open links use nothing up."""
    link = links.link_by_secret(secret)
    if link is None:
        return _no_longer(request)
    form = FirstLoginForm(request.POST if request.method == "POST" else None)
    if not form.is_valid():
        return _ask(request, form)
    try:
        user = links.use(link=link, **form.cleaned_data)
    except FirstLoginLink.DoesNotExist:  # used in another window meanwhile
        return _no_longer(request)
    except ValidationError as error:  # somebody signed up with the address meanwhile
        form.add_error("email", ValidationError(error.messages))
        return _ask(request, form)
    messages.success(request, "You are in, with a staff login. Set up a second factor under Profile & security.")
    answer: HttpResponseBase = perform_login(request, user)
    return answer


def _ask(request: HttpRequest, form: FirstLoginForm) -> HttpResponse:
    return render(request, "projects/first_login.html", {"form": form})


def _no_longer(request: HttpRequest) -> HttpResponse:
    return render(request, "projects/first_login.html", status=404)
