"""Browser, operating system and kind of device, as a User-Agent header tells them."""

import re
from functools import lru_cache
from typing import NamedTuple

from ua_parser import parse

MOST_CHARACTERS = 512  # looked at; longer ones are made up
REMEMBERED = 4_096
_MOBILE = re.compile(r"^Mobile |\bMobile\b.*$| iOS$|^Headless")


class Agent(NamedTuple):
    """Who reads the page. `device` is "desktop", "mobile", "tablet" or "robot"; None where nothing tells."""

    browser: str | None = None
    os: str | None = None
    device: str | None = None


def agent_of(header: bytes | None) -> Agent:
    """What `header`, a User-Agent, tells. Remembers the last few thousand."""
    return _agent(header[:MOST_CHARACTERS].decode("latin-1")) if header else Agent()


@lru_cache(maxsize=REMEMBERED)
def _agent(text: str) -> Agent:
    found = parse(text)
    browser = found.user_agent and found.user_agent.family
    return Agent(_plain_name(browser), found.os and found.os.family, _device(text, found.device, found.os))


def _plain_name(browser: str | None) -> str | None:
    """The same browser on a phone has the same name: "Chrome Mobile" is Chrome, "Mobile Safari" is Safari."""
    return (_MOBILE.sub("", browser).split(" UI/")[0].strip() or browser) if browser else None


def _device(text: str, device: object, system: object) -> str | None:
    family = getattr(device, "family", None)
    if family == "Spider":
        return "robot"
    if family == "iPad" or "Tablet" in text or ("Android" in text and "Mobile" not in text):
        return "tablet"
    if "Mobi" in text or family in ("iPhone", "iPod"):
        return "mobile"
    return "desktop" if system is not None else None
