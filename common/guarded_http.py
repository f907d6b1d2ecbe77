"""Requests to addresses that somebody typed: never into our own network, never far, never long, never large.

A name is looked up once, and the connection goes to the address that was checked. Redirects are not followed, and
proxies of the environment are not used.
"""

import ipaddress
import time
from typing import Any
from urllib.parse import urlsplit

import requests
from requests_hardened import Config, HTTPSession
from requests_hardened.ip_filter import InvalidIPAddress
from requests_hardened.ip_filter_adapter import IPFilterAdapter

CONNECT_SECONDS, READ_SECONDS = 4, 5
MOST_SECONDS = 8  # for the whole answer
MOST_BYTES = 512 * 1024
CHUNK = 16 * 1024


class NoUsableAnswer(Exception):
    """There is no usable answer. Its text says why, in a sentence."""


class _PublicAdapter(IPFilterAdapter):
    """The package's adapter knows neither `::127.0.0.1` nor `fec0::`; here only global addresses pass."""

    def build_connection_pool_key_attributes(self, *args: Any, **kwargs: Any) -> Any:
        host, pool = super().build_connection_pool_key_attributes(*args, **kwargs)
        address = ipaddress.ip_address(host["host"].strip("[]"))
        if not is_public(address):
            raise InvalidIPAddress(address)
        return host, pool


def is_public(address: ipaddress.IPv4Address | ipaddress.IPv6Address) -> bool:
    """Whether it is somebody's on the Internet, and holds no other address that is not."""
    if isinstance(address, ipaddress.IPv6Address):
        if address.is_site_local or int(address) >> 32 == 0:  # ::a.b.c.d
            return False
        if address.ipv4_mapped is not None:
            return is_public(address.ipv4_mapped)
    return address.is_global and not address.is_multicast


def check_url(url: str, internal_hosts: list[str]) -> None:
    """Raise NoUsableAnswer unless it is an https URL without a login in it.

    http is accepted from `internal_hosts`, and only where it does not leave this machine.
    """
    try:
        parts = urlsplit(url)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        raise NoUsableAnswer("That is no URL.") from None
    if not url.isprintable() or " " in url or "\\" in url or not host or parts.username or parts.password:
        raise NoUsableAnswer("That is no URL.")
    is_here = host in internal_hosts and host in ("localhost", "127.0.0.1", "::1")
    if parts.scheme != "https" and not (parts.scheme == "http" and is_here):
        raise NoUsableAnswer("The URL has to begin with https://.")


def fetch(method: str, url: str, *, internal_hosts: list[str], **kwargs: Any) -> tuple[int, bytes]:
    """(status, body) of one request. Raises NoUsableAnswer, also for redirects.

    `internal_hosts` are names that whoever runs this installation allows to lead into their own network.
    """
    check_url(url, internal_hosts)
    is_internal = urlsplit(url).hostname in internal_hosts
    config = Config(
        ip_filter_enable=not is_internal,
        ip_filter_allow_loopback_ips=False,
        never_redirect=True,
        default_timeout=(CONNECT_SECONDS, READ_SECONDS),
        user_agent_override="Heapadmin",
    )
    ends_at = time.monotonic() + MOST_SECONDS
    try:
        with HTTPSession(config) as session:
            session.trust_env = False
            if not is_internal:
                session.mount("https://", _PublicAdapter(is_https_proto=True))
            with session.request(method, url, stream=True, **kwargs) as answer:
                body = _read(answer, ends_at)
    except InvalidIPAddress:
        raise NoUsableAnswer("It leads into a network that is not public.") from None
    except (requests.RequestException, OSError, ValueError) as error:
        raise NoUsableAnswer(f"It does not answer ({type(error).__name__}).") from None
    if 300 <= answer.status_code < 400:
        raise NoUsableAnswer("It leads on to another address, which is not followed.")
    return answer.status_code, body


def _read(answer: requests.Response, ends_at: float) -> bytes:
    body = b""
    for chunk in answer.iter_content(CHUNK):
        body += chunk
        if len(body) > MOST_BYTES:
            raise NoUsableAnswer("Its answer is too large.")
        if time.monotonic() > ends_at:
            raise NoUsableAnswer("Its answer takes too long.")
    return body
