"""Adapters for django-allauth: the sign-up switch, links from SITE_URL, mail sent by jobs, client address, passkeys."""

import ipaddress
from collections.abc import Iterable
from math import ceil
from typing import Any
from urllib.parse import urlsplit

from allauth.account.adapter import DefaultAccountAdapter
from allauth.account.models import EmailConfirmationHMAC
from allauth.core import ratelimit
from allauth.mfa.adapter import DefaultMFAAdapter
from allauth.mfa.models import Authenticator
from allauth.usersessions.adapter import DefaultUserSessionsAdapter
from allauth.usersessions.models import UserSession
from django.conf import settings
from django.core.exceptions import PermissionDenied, ValidationError
from django.http import HttpRequest
from django.urls import reverse

from accounts import activity, known_browsers, sign_in_pauses
from accounts.current_request import client_address
from accounts.models import User
from accounts.sign_in_pauses import Attempt
from accounts.sso import session as sso_session
from common import encryption, jobs, links, mails
from common.addresses import check, normal
from common.counted import counted

AS_THEY_ARE = {"ip", "email", "from_email", "to_email"}  # validated already; all other text may be what a person typed

WAIT = "Too many failed attempts to sign in. Try again in {wait}."


class AccountAdapter(DefaultAccountAdapter):
    error_messages = DefaultAccountAdapter.error_messages | {
        "email_password_mismatch": "This e-mail address and password do not go together.",
    }

    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether anyone may create a login and an account (SIGNUP_OPEN)."""
        return bool(settings.SIGNUP_OPEN)

    def get_client_ip(self, request: HttpRequest) -> str:
        """The address by which attempts are counted: the one that the trusted proxies report."""
        address = client_address(request)
        if address is None:
            raise PermissionDenied("no client address")
        return address

    def clean_email(self, email: str) -> str:
        """The address of a new login, in its normal form. Raises ValidationError."""
        email = normal(email)
        check(email)
        return email

    def authenticate(self, request: HttpRequest, **credentials: Any) -> User | None:
        """The person, if address and password go together. Wrong ones lead to pauses (accounts/sign_in_pauses.py)."""
        attempt = self._attempt(request, credentials.get("email", ""))
        if attempt.browser is None and not ratelimit.consume(request, action="sign_in"):
            raise self.validation_error("too_many_login_attempts")
        if wait := sign_in_pauses.begin(attempt):
            raise ValidationError(WAIT.format(wait=_in_words(wait)), code="too_many_login_attempts")
        user: User | None = super().authenticate(request, **credentials)
        if user is not None:
            sign_in_pauses.succeeded(attempt)
        return user

    def pre_authenticate(self, request: HttpRequest, **credentials: Any) -> None:
        """Nothing: allauth's own limit would let strangers lock people out."""

    def _attempt(self, request: HttpRequest, email: str) -> Attempt:
        is_theirs = isinstance(request.user, User) and request.user.email == email  # they confirm their password
        browser = request.session.session_key if is_theirs else known_browsers.known_browser(request, email)
        return Attempt(email, self.get_client_ip(request), browser)

    def get_logout_redirect_url(self, request: HttpRequest) -> str:
        """The page that offers to sign out at the provider too, if this session began at one."""
        if provider := sso_session.provider_of(request):
            return reverse("accounts:sso_signed_out", args=[provider.slug])
        url: str = super().get_logout_redirect_url(request)
        return url

    def send_password_reset_mail(self, user: User, email: str, context: dict[str, Any]) -> None:
        jobs.defer("accounts.send_password_reset", user_id=user.pk, to=email)

    def send_confirmation_mail(
        self, request: HttpRequest, emailconfirmation: EmailConfirmationHMAC, signup: bool
    ) -> None:
        address_id = emailconfirmation.email_address.pk
        jobs.defer("accounts.send_address_confirmation", address_id=address_id, signup=signup)

    def send_mail(self, template_prefix: str, email: str, context: dict[str, Any]) -> None:
        """All other mail of allauth: "account/email/<name>" becomes our template mail/<name>.txt, sent by a job."""
        words = {key: _harmless(key, value) for key, value in context.items() if isinstance(value, str)}
        if "timestamp" in context:
            words["at"] = f"{context['timestamp']:%-d %B %Y, %H:%M} UTC"
        jobs.defer("accounts.send_mail", template=template_prefix.rpartition("/")[2], to=email, context=words)


class SessionsAdapter(DefaultUserSessionsAdapter):
    def end_sessions(self, sessions: Iterable[UserSession]) -> None:
        """End sessions of one person and record it in the activity."""
        sessions = list(sessions)
        super().end_sessions(sessions)
        if sessions:
            activity.record_everywhere(
                user=sessions[0].user, verb="login.sessions_end", details={"ended": len(sessions)}
            )


class MfaAdapter(DefaultMFAAdapter):
    error_messages = DefaultMFAAdapter.error_messages | {
        "cannot_generate_recovery_codes": "Recovery codes come with a second factor. Set one up first.",
        "incorrect_code": "This code is wrong or was used already. Each works once: wait for the next one.",
        "unverified_email": "Confirm your e-mail address first: the link is in the mail that we sent you.",
    }

    def encrypt(self, text: str) -> str:
        """Encrypt secrets of authenticator apps and recovery codes, so that a copied database opens nothing."""
        return encryption.encrypt("second_factor", text)

    def decrypt(self, encrypted_text: str) -> str:
        """Undo `encrypt`, also for text that was encrypted under a former SECRET_KEY."""
        return encryption.decrypt("second_factor", encrypted_text)

    def generate_authenticator_name(self, user: User, kind: str) -> str:
        """The name of a new key if its owner gives none: "Key 1"."""
        return f"Key {Authenticator.objects.filter(user_id=user.pk, type=kind).count() + 1}"

    def get_public_key_credential_rp_entity(self) -> dict[str, str]:
        """Passkeys belong to the host of SITE_URL. Browsers refuse IP addresses here, but allow localhost."""
        return {"id": _host_with_a_name(), "name": "Heapadmin"}


def _in_words(seconds: float) -> str:
    """A pause in words, rounded up: "20 seconds", "1 minute"."""
    number, unit = ceil(seconds), "second"
    if number >= 60:
        number, unit = ceil(number / 60), "minute"
    return counted(number, unit)


def _host_with_a_name() -> str:
    host = urlsplit(settings.SITE_URL).hostname or "localhost"
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return host
    return "localhost"


def _harmless(key: str, value: str) -> str:
    """Make a value safe for a mail: URLs lead to our own site, validated values stay, other text loses its links."""
    if key.endswith("_url"):
        return links.absolute(value)
    return value if key in AS_THEY_ARE else mails.plain(value)
