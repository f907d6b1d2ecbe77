"""Somebody of staff who is signed in as staff must be: with a second factor that was used."""

import time

from allauth.account.internal.flows.login import AUTHENTICATION_METHODS_SESSION_KEY
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.test import Client

from tests.factories import UserFactory


def make_staff(name: str = "Grace", **fields):
    """A login of staff with an authenticator app."""
    user = UserFactory(is_staff=True, name=name, **fields)
    TOTP.activate(user, generate_totp_secret())
    return user


def sign_in(user, *, second_factor: bool = True) -> Client:
    """A browser in which `user` is signed in; with `second_factor` it was used in this session."""
    client = Client()
    client.force_login(user)
    if second_factor:
        session = client.session
        session[AUTHENTICATION_METHODS_SESSION_KEY] = [{"method": "mfa", "at": time.time(), "type": "totp"}]
        session.save()
    return client


def staff_client(name: str = "Grace") -> Client:
    return sign_in(make_staff(name))
