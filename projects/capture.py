"""What an environment's tracker leaves out, and where it captures nothing. Pure.

Kept as JSON in `Environment.capture`. The tracker gets it with the script (collector/tracker), and the collector keeps
to it as well (collector/protocol/left_out.py), because a page may have an older script, or another one.
"""

import re
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any, Self

MOST_PATTERNS = 50
LONGEST_PATTERN = 200
SITE = re.compile(r"(\*\.)?[a-z0-9_-]+(\.[a-z0-9_-]+)*")
PATH = re.compile(r"(/[^/\s*?#]*(\*[^/\s*?#]*)?)+")  # at most one star in each step, so that matching takes linear time


class BadPattern(ValueError):
    """Names the pattern and what is wrong with it, in words for people."""


@dataclass(frozen=True)
class Capture:
    """The names are those in the JSON; what is false or empty is not in it."""

    without_query: bool = False
    without_hash: bool = False
    without_titles: bool = False
    without_text: bool = False
    obeys_gpc: bool = False  # Global Privacy Control
    obeys_dnt: bool = False  # Do Not Track
    only_sites: tuple[str, ...] = ()
    only_paths: tuple[str, ...] = ()
    never_sites: tuple[str, ...] = ()
    never_paths: tuple[str, ...] = ()

    @classmethod
    def from_json(cls, kept: dict[str, Any]) -> Self:
        """From what is kept; names that a later version added are passed over."""
        known: dict[str, Any] = {each.name: kept[each.name] for each in fields(cls) if each.name in kept}
        values: dict[str, Any] = {name: tuple(v) if isinstance(v, list) else v for name, v in known.items()}
        return cls(**values)

    def to_json(self) -> dict[str, Any]:
        values = {each.name: getattr(self, each.name) for each in fields(self)}
        return {name: list(value) if isinstance(value, tuple) else value for name, value in values.items() if value}

    @property
    def signals_in_words(self) -> str:
        """The signals of browsers that are obeyed: "Global Privacy Control and Do Not Track"; empty for none."""
        signals = (("Global Privacy Control", self.obeys_gpc), ("Do Not Track", self.obeys_dnt))
        return " and ".join(words for words, is_obeyed in signals if is_obeyed)

    @property
    def only(self) -> str:
        """A regular expression, of Python and JavaScript alike, of site and path where something is captured."""
        if not (self.only_sites or self.only_paths):
            return ""
        return f"^{_any(self.only_sites, '[^/]*')}{_any(self.only_paths, '/.*')}$"

    @property
    def never(self) -> str:
        """Likewise, of site and path where nothing is."""
        places = [f"{_any(self.never_sites, '')}/.*"] if self.never_sites else []
        places += [f"[^/]*{_any(self.never_paths, '')}"] if self.never_paths else []
        return f"^(?:{'|'.join(places)})$" if places else ""

    @cached_property
    def _places(self) -> tuple[re.Pattern[str] | None, re.Pattern[str] | None]:
        return (re.compile(self.only) if self.only else None, re.compile(self.never) if self.never else None)

    def takes(self, site: str, path: str) -> bool:
        """Whether something is captured on this page."""
        only, never = self._places
        place = f"{site.lower()}{path or '/'}"
        return (only is None or only.match(place) is not None) and (never is None or never.match(place) is None)


def sites(text: str) -> tuple[str, ...]:
    """One site a line: `shop.example`, or `*.shop.example` for all below it. Raises BadPattern."""
    return _patterns(text.lower(), SITE, "a site, like shop.example or *.shop.example")


def paths(text: str) -> tuple[str, ...]:
    """One path a line: `/admin/*`. A star stands for anything, at the end also for all below. Raises BadPattern."""
    return _patterns(text, PATH, "a path, like /admin/* (one * in each step at most, no ? or #)")


def _patterns(text: str, form: re.Pattern[str], words: str) -> tuple[str, ...]:
    found = tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
    if len(found) > MOST_PATTERNS:
        raise BadPattern(f"At most {MOST_PATTERNS} lines; these are {len(found)}.")
    for pattern in found:
        if len(pattern) > LONGEST_PATTERN:
            raise BadPattern(f"“{pattern[:40]}…” is longer than {LONGEST_PATTERN} characters.")
        if form.fullmatch(pattern) is None:
            raise BadPattern(f"“{pattern}” is not {words}.")
    return found


def _any(patterns: tuple[str, ...], otherwise: str) -> str:
    return f"(?:{'|'.join(map(_expression, patterns))})" if patterns else otherwise


def _expression(pattern: str) -> str:
    expression = re.sub(r"[^a-zA-Z0-9/*]", lambda found: "\\" + found[0] if found[0].isascii() else found[0], pattern)
    body, is_open = (expression[:-1], True) if expression.endswith("*") else (expression, False)
    return body.replace("*", "[^/]*") + (".*" if is_open else "")
