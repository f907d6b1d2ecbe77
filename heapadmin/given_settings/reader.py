"""Reads settings from the environment. An empty one is one that was left out, so its default holds."""

import re
from collections.abc import Iterable, Mapping
from datetime import UTC, time
from pathlib import Path

from django.core.exceptions import ImproperlyConfigured

ON, OFF = ("on", "true", "yes", "1", "y", "t", "ok"), ("off", "false", "no", "0", "n", "f")
LONGEST_SHOWN = 60  # characters


class WrongSetting(ImproperlyConfigured):
    """A setting that cannot hold. The message is a sentence for the person who wrote it."""


class SettingsReader:
    """What was given for each setting. Nothing here shows the value of a setting that may hold a secret."""

    def __init__(self, given: Mapping[str, str]) -> None:
        self._given = given

    def text(self, name: str, default: str = "") -> str:
        return self._given.get(name, "").strip() or default

    def number(self, name: str, default: int, *, least: int, most: int) -> int:
        """A whole number from `least` to `most`. Raises WrongSetting."""
        text = self.text(name)
        if not text:
            return default
        try:
            number = int(text)
        except ValueError:
            number = least - 1
        if not (text.isascii() and least <= number <= most):
            raise WrongSetting(f"{name}={shown(text)} must be a whole number from {least:,} to {most:,}.")
        return number

    def switch(self, name: str, default: bool) -> bool:
        """Raises WrongSetting for a word that is neither on nor off: who mistypes `on` must not get `off`."""
        word = self.text(name).lower()
        if not word:
            return default
        if word not in ON + OFF:
            raise WrongSetting(f"{name}={shown(word)} must be on or off.")
        return word in ON

    def folder(self, name: str) -> Path | None:
        """The path of a folder, which need not exist yet. Raises WrongSetting for one that depends on where we are."""
        text = self.text(name)
        if text and not Path(text).is_absolute():
            raise WrongSetting(f"{name}={shown(text)} must be the whole path of a folder, which begins with /.")
        return Path(text) if text else None

    def time_of_day(self, name: str, default: str) -> time:
        """Raises WrongSetting."""
        text = self.text(name, default)
        if not re.fullmatch(r"([01]?[0-9]|2[0-3]):[0-5][0-9]", text, re.ASCII):
            raise WrongSetting(f"{name}={shown(text)} must be a time of the day in UTC, from 00:00 to 23:59.")
        hour, minute = text.split(":")
        return time(int(hour), int(minute), tzinfo=UTC)

    def items(self, name: str, default: Iterable[str] = ()) -> list[str]:
        """What stands between commas, without the blanks around it."""
        return [item for item in (part.strip() for part in self.text(name).split(",")) if item] or list(default)


def shown(text: str) -> str:
    """`text` for a message: on one line, and not all of a long one."""
    line = "".join(character if character.isprintable() else "?" for character in text)
    return line if len(line) <= LONGEST_SHOWN else f"{line[:LONGEST_SHOWN]}…"
