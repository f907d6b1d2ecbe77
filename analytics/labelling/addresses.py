"""Addresses of pages that people type, and their origins as browsers send them. Pure."""

import re
from urllib.parse import urlsplit

from analytics.labelling.models import MAX_ORIGIN
from common.web_addresses import sent_domain

MAX_ADDRESS = 2000  # characters
PORTS = {"http": 80, "https": 443}
HOST = re.compile(r"(?:[a-z0-9_](?:[a-z0-9_-]{0,62})\.)*[a-z0-9_](?:[a-z0-9_-]{0,62})|\[[0-9a-f:.]+\]")


class BadAddress(Exception):
    """No address of a page; the message is for people."""


def origin_of(address: str) -> str:
    """The origin of an address that somebody typed, as browsers send it. Raises BadAddress."""
    return _split(address)[0]


def address_of(address: str) -> str:
    """The same address, with its scheme and its host as browsers write them. Raises BadAddress."""
    origin, rest = _split(address)
    return origin + rest


def _split(address: str) -> tuple[str, str]:
    address = address.strip()
    if len(address) > MAX_ADDRESS or re.search(r"[\0-\x20\x7f\\]", address):
        raise BadAddress("Give the address of a page, without spaces in it.")
    if not re.match(r"[a-z][a-z0-9+.-]*://", address, re.IGNORECASE):
        address = f"https://{address}"
    try:
        parts = urlsplit(address)
        host, port = sent_domain(parts.hostname or ""), parts.port
    except ValueError:
        raise BadAddress("Give the address of a page, such as https://www.shop.example/.") from None
    if parts.scheme not in PORTS:
        raise BadAddress("Give an address that begins with https:// or http://.")
    host = f"[{host}]" if ":" in host else host.lower().rstrip(".")
    if parts.username is not None or parts.password is not None:
        raise BadAddress("Leave the name and the password out of the address.")
    if not HOST.fullmatch(host):
        raise BadAddress("Give the address of a page, such as https://www.shop.example/.")
    origin = f"{parts.scheme}://{host}" + ("" if port in (None, PORTS[parts.scheme]) else f":{port}")
    if len(origin) > MAX_ORIGIN:
        raise BadAddress("This address is too long.")
    rest = parts._replace(scheme="", netloc="").geturl()
    return origin, rest if rest.startswith("/") else f"/{rest}"


def is_host(domain: str) -> bool:
    try:
        return origin_of(f"https://{domain}") == f"https://{sent_domain(domain)}"
    except BadAddress:
        return False
