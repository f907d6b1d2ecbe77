"""The password of a shared link: trying it, and the cookie of a browser that knew it.

Tries are counted as those of sign-ins are (accounts/sign_in_pauses.py). Whoever has the link may try, so the pauses of
all tries of a link together are short; a browser that knew the password before does not even have these.
"""

import secrets
from dataclasses import dataclass
from datetime import timedelta
from http.cookies import Morsel
from typing import Any

from django.conf import settings
from django.contrib.auth.hashers import check_password
from django.core import signing
from django.http import HttpRequest
from django.http.response import HttpResponseBase
from django.urls import reverse

from accounts.current_request import client_address
from accounts.sign_in_pauses import ONE_SENDER, Pauses, begin, key_of, succeeded
from analytics.models import SharedLink
from common.networks import network_of

COOKIE = "shared_link"
OPEN_FOR = timedelta(days=1)  # until the password is asked for again
KNOWN_FOR = timedelta(days=90)  # the browser may then try it without minding others
MOST_CHARACTERS = 128
OF_ALL = Pauses(free=100, first=1, longest=10, forgets=60)  # in the end 8,640 tries a day from all networks together


@dataclass(frozen=True)
class PasswordTry:
    """One try of a link's password: where it comes from, and the browser if it knew the password before."""

    link_id: int
    client: str
    browser: str | None

    @property
    def own(self) -> str:
        if self.browser is not None:
            return key_of("link browser", self.browser, str(self.link_id))
        return key_of("link", network_of(self.client), str(self.link_id))

    @property
    def pauses(self) -> dict[str, Pauses]:
        if self.browser is not None:
            return {self.own: ONE_SENDER}
        return {self.own: ONE_SENDER, key_of("link everywhere", str(self.link_id)): OF_ALL}


@dataclass(frozen=True)
class Tried:
    """What came of it: right, or how many seconds to wait before the next try counts, or simply wrong."""

    is_right: bool
    wait_seconds: float = 0.0


def try_password(request: HttpRequest, link: SharedLink, password: str) -> Tried:
    """Check it, unless it has to wait."""
    attempt = PasswordTry(link.pk, client_address(request) or "", _browser(request, link, KNOWN_FOR))
    if wait := begin(attempt):
        return Tried(is_right=False, wait_seconds=wait)
    is_right = len(password) <= MOST_CHARACTERS and check_password(password, link.password)
    if is_right:
        succeeded(attempt)
    return Tried(is_right)


def is_unlocked(request: HttpRequest, link: SharedLink) -> bool:
    """Whether it asks for no password, or this browser knew it within OPEN_FOR."""
    return not link.password or _browser(request, link, OPEN_FOR) is not None


def unlock(request: HttpRequest, response: HttpResponseBase, link: SharedLink, secret: str) -> None:
    """Let the browser in until OPEN_FOR is over, by a cookie that is sent to the addresses of this link alone.

    Where the account lists sites that embed links, it is sent within their pages too, and kept for each apart.
    """
    browser = _browser(request, link, KNOWN_FOR) or secrets.token_hex(16)
    morsel = PartitionedMorsel()
    value = signing.dumps(browser, salt=_salt(link))
    morsel.set(COOKIE, value, value)
    morsel["path"] = reverse("analytics:shared", args=[secret])
    morsel["max-age"] = int(KNOWN_FOR.total_seconds())
    morsel["httponly"] = True
    if settings.HTTPS:
        morsel["secure"] = True
    is_embedded = settings.HTTPS and link.environment.project.account.embedding_sites
    morsel["samesite"] = "None" if is_embedded else "Lax"
    if is_embedded:
        morsel["partitioned"] = True
    dict.__setitem__(response.cookies, COOKIE, morsel)


class PartitionedMorsel(Morsel[str]):
    """A cookie that may have the attribute Partitioned, which Python knows from 3.14 on."""

    _reserved: dict[str, str] = {**Morsel._reserved, "partitioned": "Partitioned"}  # type: ignore[attr-defined]
    _flags: set[str] = {*Morsel._flags, "partitioned"}  # type: ignore[attr-defined]


def _browser(request: HttpRequest, link: SharedLink, age: timedelta) -> str | None:
    """The name of this browser if it knew the password of this link within `age`."""
    try:
        browser: Any = signing.loads(request.COOKIES.get(COOKIE, ""), salt=_salt(link), max_age=age)
    except signing.BadSignature:
        return None
    return str(browser)


def _salt(link: SharedLink) -> str:
    """Made of the password's hash, so the cookie is good for this link and this password alone."""
    return f"heapadmin.shared_link:{link.pk}:{link.password}"
