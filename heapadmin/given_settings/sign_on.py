"""SSO_…: single sign-on of the whole installation. All that is needed for it is given, or nothing of it."""

import re
from urllib.parse import urlsplit

from heapadmin.given_settings.reader import WrongSetting, shown

NEEDED = ("SSO_ISSUER", "SSO_CLIENT_ID", "SSO_CLIENT_SECRET")
HERE = ("localhost", "127.0.0.1", "::1")
DOMAIN = re.compile(r"(?:[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?\.)+[a-z][a-z0-9-]{0,61}[a-z0-9]")
LONGEST = {"SSO_ISSUER": 300, "SSO_CLIENT_ID": 255, "SSO_NAME": 60}  # characters, as the columns have them


def refuse_half_set(given: dict[str, str | list[str]]) -> None:
    """`given` holds what was given for each setting. Raises WrongSetting, which names what is missing or too long."""
    missing = [name for name in NEEDED if not given[name]]
    there = [name for name, value in given.items() if value]
    if there and missing:
        raise WrongSetting(
            f"Single sign-on is set up in part: {there[0]} is given, and {' and '.join(missing)} "
            f"{'is' if len(missing) == 1 else 'are'} missing. Give {', '.join(NEEDED)}, or none of the SSO_… settings."
        )
    for name, most in LONGEST.items():
        if len(given[name]) > most:
            raise WrongSetting(f"{name} has more than {most} characters.")


def issuer(text: str, internal_hosts: list[str]) -> str:
    """The URL under which the provider knows itself, as it was given. Raises WrongSetting."""
    try:
        parts = urlsplit(text)
        host, _ = parts.hostname or "", parts.port
    except ValueError:
        host = ""
    is_url = text.isprintable() and " " not in text and "@" not in text and host
    is_here = host in HERE and host in internal_hosts
    if text and not (is_url and (parts.scheme == "https" or (parts.scheme == "http" and is_here))):
        raise WrongSetting(
            f"SSO_ISSUER={shown(text)} must be the URL under which your provider knows itself, such as "
            "https://login.example.com. http:// is for this machine alone, if SSO_INTERNAL_HOSTS names it."
        )
    return text


def domains(given: list[str]) -> list[str]:
    """Domains of addresses, in lower case. Raises WrongSetting."""
    found = [each.lower().removeprefix("@") for each in given]
    if wrong := [each for each in found if not DOMAIN.fullmatch(each)]:
        raise WrongSetting(
            f"SSO_DOMAINS must hold domains, separated by commas, and {shown(wrong[0])} is none: write what stands "
            "behind the @ of an address, such as example.com."
        )
    return found
