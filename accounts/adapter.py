"""How django-allauth is bent to this product: a switch for sign-up, links from SITE_URL."""

from allauth.account.adapter import DefaultAccountAdapter
from django.conf import settings
from django.http import HttpRequest


class AccountAdapter(DefaultAccountAdapter):
    def is_open_for_signup(self, request: HttpRequest) -> bool:
        """Whether anybody may make a login and an account (SIGNUP_OPEN)."""
        return bool(settings.SIGNUP_OPEN)
