"""Signals: sign-ins and changes of passwords and second factors, made by django-allauth, and people who join."""

from typing import Any

from allauth.account.signals import password_changed, password_reset, password_set, user_logged_in
from allauth.mfa.signals import authenticator_added, authenticator_removed, authenticator_reset
from django.contrib.auth.signals import user_logged_in as session_begins
from django.db.models.signals import post_save
from django.http import HttpRequest

from accounts import activity, known_browsers, second_factor
from accounts.actions import logins
from accounts.models import Membership, User
from accounts.scim.models import ScimPerson
from accounts.sessions import note_sign_in
from accounts.sso import session as sso_session
from accounts.sso.actions import ways_back
from common.addresses import normal


def on_sign_in(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    provider = sso_session.provider_of(request)
    activity.record_everywhere(user=user, verb="login.sign_in", details={"through": provider.name} if provider else {})
    known_browsers.remember(request, user)
    if sso_session.used_second_factor(request):
        ways_back.note_sign_in(user=user)


def on_new_password(sender: Any, request: HttpRequest, user: User, **kwargs: Any) -> None:
    """A new password ends all other sessions. After a reset nobody is signed in, so it ends every session."""
    activity.record_everywhere(user=user, verb="login.password")
    keep = request.session.session_key if request.user.is_authenticated else None
    logins.end_other_sessions(user=user, keep=keep)
    known_browsers.remember(request, user)


def on_authenticator_added(sender: Any, request: HttpRequest, user: User, authenticator: Any, **kwargs: Any) -> None:
    if authenticator.type != "recovery_codes":
        second_factor.note_proof(request, authenticator)
    _record_authenticator(user, authenticator, "login.second_factor_add")


def on_authenticator_removed(sender: Any, user: User, authenticator: Any, **kwargs: Any) -> None:
    _record_authenticator(user, authenticator, "login.second_factor_remove")


def on_authenticator_reset(sender: Any, user: User, authenticator: Any, **kwargs: Any) -> None:
    activity.record_everywhere(user=user, verb="login.recovery_codes")


def _record_authenticator(user: User, authenticator: Any, verb: str) -> None:
    if authenticator.type == "recovery_codes":
        verb = "login.recovery_codes"
    activity.record_everywhere(user=user, verb=verb, target=authenticator.get_type_display())


def on_joining(sender: Any, instance: Membership, created: bool, **kwargs: Any) -> None:
    """Whoever comes into an account, by whatever way, is the person of whom its directory told, if it told of them."""
    if created:
        people = ScimPerson.objects.filter(account_id=instance.account_id)
        now_in = {"user": instance.user_id, "is_waiting": False, "kept_read_only": None}
        if not people.filter(user=instance.user_id).update(**now_in):
            people.filter(user=None, email=normal(instance.user.email)).update(**now_in)


def connect() -> None:
    """Connect the signals; called once, when Django is ready."""
    session_begins.connect(note_sign_in)
    user_logged_in.connect(on_sign_in)
    post_save.connect(on_joining, sender=Membership)
    for signal in (password_changed, password_set, password_reset):
        signal.connect(on_new_password)
    authenticator_added.connect(on_authenticator_added)
    authenticator_removed.connect(on_authenticator_removed)
    authenticator_reset.connect(on_authenticator_reset)
