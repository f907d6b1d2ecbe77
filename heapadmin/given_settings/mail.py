"""EMAIL_URL: the mail server, the login for it, and how the connection is encrypted."""

import re
from email.utils import parseaddr
from typing import Any
from urllib.parse import unquote, urlsplit

from heapadmin.given_settings.reader import WrongSetting, shown

FORM = "EMAIL_URL must look like this: smtp+tls://user:password@host:587"
PORTS = {"smtp": 25, "smtp+tls": 587, "smtps": 465, "smtp+ssl": 465}
TLS_FROM_THE_START = ("smtps", "smtp+ssl")
# The password may hold any character, since the last @ ends it.
LOGIN = re.compile(r"(?:(?P<user>[^:]*)(?::(?P<password>.*))?@)?(?P<place>[^@]*)", re.DOTALL)
PLACE = re.compile(r"(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>[0-9]{1,5}))?/?", re.IGNORECASE)


def mail_server(url: str) -> dict[str, Any]:
    """Django's settings for the server named by `url`. Raises WrongSetting, which shows nothing of a password.

    `%` and two hexadecimal digits stand for a character, as in every URL; all other characters stand for themselves.
    """
    scheme, separator, rest = url.partition("://")
    scheme = scheme.lower()
    if not separator or scheme not in PORTS:
        kind = f", and {shown(scheme)}:// is none of them" if separator and re.fullmatch(r"[a-z+]+", scheme) else ""
        raise WrongSetting(
            f"{FORM}. It begins with smtp+tls:// (encrypted by STARTTLS), smtps:// (encrypted from the start) or "
            f"smtp:// (not encrypted){kind}."
        )
    login = LOGIN.fullmatch(rest)
    place = login and PLACE.fullmatch(login["place"])
    if login is None or place is None:
        raise WrongSetting(f"{FORM}. It ends with the host and its port; without a login, it is smtp://host:25.")
    port = int(place["port"] or PORTS[scheme])
    if not 0 < port < 2**16:
        raise WrongSetting(f"{FORM}. Its port is no number from 1 to 65,535.")
    if scheme in TLS_FROM_THE_START and port == PORTS["smtp+tls"]:
        raise WrongSetting(
            f"EMAIL_URL names port 587, where servers expect STARTTLS: write smtp+tls:// for {scheme}://."
        )
    if scheme == "smtp+tls" and port == PORTS["smtps"]:
        raise WrongSetting(
            "EMAIL_URL names port 465, which is encrypted from the start: write smtps:// for smtp+tls://."
        )
    return {
        "EMAIL_BACKEND": "django.core.mail.backends.smtp.EmailBackend",
        "EMAIL_HOST": place["host"].strip("[]"),
        "EMAIL_PORT": port,
        "EMAIL_HOST_USER": _decoded(login["user"] or ""),
        "EMAIL_HOST_PASSWORD": _decoded(login["password"] or ""),
        "EMAIL_USE_SSL": scheme in TLS_FROM_THE_START,
        "EMAIL_USE_TLS": scheme == "smtp+tls",
    }


def sender(name: str, text: str) -> str:
    """An address, or a name and an address in <>. Raises WrongSetting."""
    address = parseaddr(text)[1]
    if not re.fullmatch(r"[^\s@<>]+@[^\s@<>]+", address):
        raise WrongSetting(f"{name}={shown(text)} must be an e-mail address, or like Heapadmin <a@b.example>.")
    return text


def default_sender(site_url: str) -> str:
    """The sender of an installation at `site_url`: at its host, if that has a name which others can look up."""
    host = urlsplit(site_url).hostname or ""
    has_a_name = "." in host and ":" not in host and not host.rpartition(".")[2].isdecimal()
    return f"Heapadmin <heapadmin@{host if has_a_name else 'localhost'}>"


def _decoded(text: str) -> str:
    try:
        return unquote(text, errors="strict")
    except UnicodeDecodeError:
        raise WrongSetting(f"{FORM}. What follows a % in its login is not UTF-8; write % itself as %25.") from None
