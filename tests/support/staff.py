"""Staff members who are signed in with a second factor, as the staff's admin requires."""

import time

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from tests.factories import UserFactory


def make_staff(name: str = "Grace", **fields):
    """A staff member with an authenticator app."""
    user = UserFactory(is_staff=True, name=name, **fields)
    TOTP.activate(user, generate_totp_secret())
    return user


def sign_in(user, *, second_factor: bool = True) -> Client:
    """A browser in which `user` is signed in. `second_factor` says whether the second factor was used."""
    client = Client()
    client.force_login(user)
    if second_factor:
        session = client.session
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time(), "type": "totp"}]
        session.save()
    return client


def staff_client(name: str = "Grace") -> Client:
    return sign_in(make_staff(name))
