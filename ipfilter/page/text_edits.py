"""Changes to the typed text that the page offers: add a line, or replace mistyped rules by the suggestions."""

from collections.abc import Iterable
from datetime import date

from ipfilter.rules.lists import LineError

MOST_OF_A_NAME = 100  # so that address, name and day fit into a line


def with_rule(text: str, rule: str, *, name: str, on: date) -> str:
    """Add `rule` to `text` as a last line, with a comment that says who added it and when."""
    who = "".join(character for character in name if character.isprintable())[:MOST_OF_A_NAME]
    before = text.rstrip()
    return f"{before}\n{rule} # {who}, {on:%d %b %Y}\n" if before else f"{rule} # {who}, {on:%d %b %Y}\n"


def with_suggestions(text: str, errors: Iterable[LineError]) -> str:
    """Replace each refused part of `text` by its suggestion, if it has one; comments and spaces stay."""
    lines = text.split("\n")
    by_line: dict[int, dict[str, str]] = {}
    for error in errors:
        if error.suggestion:
            by_line.setdefault(error.line, {})[error.text] = error.suggestion
    for number, better in by_line.items():
        lines[number - 1] = _with_parts(lines[number - 1], better)
    return "\n".join(lines)


def _with_parts(line: str, better: dict[str, str]) -> str:
    written, sign, note = line.partition("#")
    parts = [part.replace(part.strip(), better.get(part.strip(), part.strip())) for part in written.split(",")]
    return ",".join(parts) + sign + note
