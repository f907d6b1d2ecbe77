"""HOST, SITE_URL and ALLOWED_HOSTS: where Heapadmin listens, what people type, and by which names it is called."""

import ipaddress
import re
import unicodedata
from contextlib import suppress
from urllib.parse import SplitResult, urlsplit

import idna

from heapadmin.given_settings.reader import WrongSetting, shown

LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
NAME = re.compile(r"(?!-)[a-z0-9_-]{1,63}(\.[a-z0-9_-]{1,63})*\.?")
DEFAULT_PORTS = {"http": 80, "https": 443}


def listening_host(text: str) -> str:
    """HOST, without brackets. Raises WrongSetting."""
    host = _host(text)
    if host is None:
        raise WrongSetting(
            f"HOST={shown(text)} must be an address of this machine, such as 127.0.0.1 or ::1, or a name of it. "
            "0.0.0.0 and :: are all its addresses. The port is PORT, and what people type is SITE_URL."
        )
    return host.strip("[]")


def in_url(host: str) -> str:
    """`host` as it stands in an address: IPv6 in brackets."""
    return f"[{host}]" if ":" in host else host


def to_open(host: str) -> str:
    """What to open to reach a server that listens on `host`: "all addresses" is none that a browser knows."""
    with suppress(ValueError):
        if ipaddress.ip_address(host).is_unspecified:
            return "localhost"
    return in_url(host)


def origin(name: str, text: str) -> str:
    """An address without a path, as browsers write it in the header Origin. Raises WrongSetting."""
    example = f"Write it like this: {name}=https://analytics.example.com"
    if "@" in text:
        raise WrongSetting(f"{name} must have no login in it. {example}")
    if not re.match(r"https?://", text, re.IGNORECASE):
        raise WrongSetting(f"{name}={shown(text)} must begin with https:// or http://. {example}")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        raise WrongSetting(f"{name}={shown(text)} is not an address. {example}") from None
    if parts.path not in {"", "/"} or "?" in text or "#" in text:
        raise WrongSetting(f"{name}={shown(text)} must end after its host and port: no path, ? or #. {example}")
    host = _host(_netloc_host(parts))
    if host is None or port == 0:
        raise WrongSetting(f"{name}={shown(text)} is not an address. {example}")
    is_default = port is None or port == DEFAULT_PORTS[parts.scheme]
    return f"{parts.scheme}://{host}" + ("" if is_default else f":{port}")


def page(name: str, text: str) -> str:
    """The address of a page, or "" if none is given. Raises WrongSetting."""
    example = f"Write it like this: {name}=https://docs.example.com/heapadmin/"
    with suppress(ValueError):
        parts = urlsplit(text)
        if not text or (parts.scheme in DEFAULT_PORTS and _host(_netloc_host(parts)) and "@" not in parts.netloc):
            return text
    raise WrongSetting(f"{name}={shown(text)} is not the address of a page. {example}")


def allowed_hosts(given: list[str], *, host: str, site_url: str) -> list[str]:
    """ALLOWED_HOSTS as Django compares them; if none are given, those that lead to `host` and `site_url`."""
    if given:
        return [_allowed(item) for item in given]
    return list(dict.fromkeys([*LOOPBACK, to_open(host), _netloc_host(urlsplit(site_url))]))


def _allowed(item: str) -> str:
    if item == "*":
        return item
    dot = "." if item.startswith(".") else ""
    host = _host(item.removeprefix("."))
    if host is None:
        raise WrongSetting(
            f"ALLOWED_HOSTS must hold names of hosts, separated by commas, and {shown(item)} is none: write "
            "analytics.example.com without https://, port or path, and .example.com for all names under it."
        )
    return dot + host


def _netloc_host(parts: SplitResult) -> str:
    """The host with its brackets, which `hostname` takes away."""
    return in_url(parts.hostname or "")


def _host(text: str) -> str | None:
    """A name in ASCII and lower case, or an address, IPv6 in brackets; None if `text` is neither."""
    text = text.lower()
    bare = text[1:-1] if text.startswith("[") and text.endswith("]") else text
    with suppress(ValueError):
        return in_url(str(ipaddress.ip_address(bare)))
    with suppress(idna.IDNAError):
        if not text.isascii():
            text = idna.encode(unicodedata.normalize("NFC", text), uts46=True).decode()
    is_number = text.replace(".", "").isdecimal()  # such as 127.0.0.256
    return text if NAME.fullmatch(text) and not is_number else None
