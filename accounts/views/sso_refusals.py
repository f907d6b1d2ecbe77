"""Tells whoever sets up single sign-on why something cannot be done."""

from collections.abc import Iterator
from contextlib import contextmanager

from django.contrib import messages
from django.http import HttpRequest

from accounts.sso.actions.providers import NotReady


@contextmanager
def telling_why_not(request: HttpRequest) -> Iterator[None]:
    """Leave the block at NotReady, whose words are shown on the next page."""
    try:
        yield
    except NotReady as why:
        messages.error(request, str(why))
