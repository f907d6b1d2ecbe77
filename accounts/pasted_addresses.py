"""E-mail addresses in text that a person typed or pasted: words, a line of a mail program, a column of a table."""

import re
from collections.abc import Iterator
from itertools import groupby

from django.core.exceptions import ValidationError
from django.utils.text import Truncator

from common.addresses import check, invisible, normal

LONGEST_QUOTED = 80  # characters
MOST_NAMED = 50
QUOTED_NAME = re.compile(r'"[^"<>\n]*"\s*(?=<)')
LINE = re.compile(r"[;\n\r]+")
AROUND = "<>\"'()"  # what may surround an address and is no part of it
INSIDE_A_WORD = re.compile(r"\w\.\w")  # as in an address without its @, and in no name


def addresses(text: str) -> list[str]:
    """The e-mail addresses in `text`, in their normal form, each once, in the order typed.

    Spaces, line breaks, commas and semicolons separate them. What stands before `<address>` is a name. Raises
    ValidationError, which quotes each piece of text that is neither an address nor a name.
    """
    found: list[str] = []
    doubtful: list[str] = []
    for is_address, words in _pieces(QUOTED_NAME.sub("", text)):
        if is_address:
            found.append(normal(words))
        else:
            doubtful.append(words)
    if doubtful:
        told = [f"“{Truncator(words).chars(LONGEST_QUOTED)}” {_fault(words)}" for words in doubtful[:MOST_NAMED]]
        more = len(doubtful) - len(told)
        raise ValidationError(told + ([f"{more:,} more of this text are not e-mail addresses."] if more else []))
    return list(dict.fromkeys(found))


def _pieces(text: str) -> Iterator[tuple[bool, str]]:
    """(whether it is an address, the words), for each address and for each run of words that are none."""
    for line in LINE.split(text):
        if address := _only_address(line):
            yield True, address
            continue
        for part in line.split(","):
            before, *others = part.split("<")
            for other in others:
                inside, _, after = other.partition(">")
                address = inside.strip()
                yield from _before(before, address)
                yield _is_address(address), address or "<>"
                before = after
            yield from _words(before)


def _only_address(line: str) -> str:
    """The address of a line like "Smith, Bob <bob@example.com>", where the comma separates nothing. Otherwise ''."""
    before, _, inside = line.rstrip(", \t").partition("<")
    if not inside.endswith(">") or "@" in before or INSIDE_A_WORD.search(before):
        return ""
    address = inside[:-1].strip()
    return address if _is_address(address) else ""


def _before(text: str, address: str) -> Iterator[tuple[bool, str]]:
    """What stands before `<address>`: other addresses, and then a name, which may be the same address."""
    words = text.split()
    last = max((place for place, word in enumerate(words) if "@" in word or INSIDE_A_WORD.search(word)), default=-1)
    for is_address, piece in _words(" ".join(words[: last + 1])):
        if not is_address or normal(piece) != normal(address):
            yield is_address, piece


def _words(text: str) -> Iterator[tuple[bool, str]]:
    words = filter(None, (word.strip(AROUND) for word in text.split()))
    for is_address, run in groupby(words, key=_is_address):
        if is_address:
            yield from ((True, word) for word in run)
        else:
            yield False, " ".join(run)


def _is_address(text: str) -> bool:
    try:
        check(normal(text))
    except ValidationError:
        return False
    return True


def _fault(words: str) -> str:
    unseen = invisible(words.replace(" ", ""))
    return f"holds a character that cannot be seen ({unseen[0]})." if unseen else "is not an e-mail address."
