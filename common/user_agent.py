"""Finds the browser, operating system and kind of device in a User-Agent header."""

import re
from functools import lru_cache
from typing import NamedTuple

from ua_parser import parse

from common.crawlers import is_crawler

MOST_CHARACTERS = 512  # only these are read: a longer header is made up
REMEMBERED = 4_096
_MOBILE = re.compile(r"^Mobile |\bMobile\b.*$| iOS$|^Headless")


class Agent(NamedTuple):
    """What a User-Agent header says. `device` is "desktop", "mobile" or "tablet"; None if unknown."""

    browser: str | None = None
    os: str | None = None
    device: str | None = None
    is_robot: bool = False


def agent_of(header: bytes | None) -> Agent:
    """The agent that `header`, a User-Agent, describes. The last few thousand results are cached."""
    return _agent(header[:MOST_CHARACTERS].decode("latin-1")) if header else Agent()


@lru_cache(maxsize=REMEMBERED)
def _agent(text: str) -> Agent:
    found = parse(text)
    browser = found.user_agent and found.user_agent.family
    is_robot = getattr(found.device, "family", None) == "Spider" or is_crawler(text)
    return Agent(_plain_name(browser), found.os and found.os.family, _device(text, found.device, found.os), is_robot)


def _plain_name(browser: str | None) -> str | None:
    """Use one name for a browser on every device: "Chrome Mobile" is Chrome, "Mobile Safari" is Safari."""
    return (_MOBILE.sub("", browser).split(" UI/")[0].strip() or browser) if browser else None


def _device(text: str, device: object, system: object) -> str | None:
    family = getattr(device, "family", None)
    if family == "iPad" or "Tablet" in text or ("Android" in text and "Mobile" not in text):
        return "tablet"
    if "Mobi" in text or family in ("iPhone", "iPod"):
        return "mobile"
    return "desktop" if system is not None else None
