"""Identities that name nobody: what a program sends when it does not know who somebody is.

Everybody who is sent under one of them would become one person, for ever. docs/decisions/identities-of-nobody.md says
why it is these; collector/tracker/heap.js knows the same.
"""

import re
import string

_BLANK = (
    r"\s\0-\x20\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u17b4\u17b5\u180b-\u180f\u200b-\u200f\u2028-\u202f\u205f-\u206f"
    r"\u2800\u3164\ufe00-\ufe0f\ufeff\uffa0\ufff0-\uffff\U000e0000-\U000e03ff"
)
_NOBODY = re.compile(
    rf"[{_BLANK}]*(?:(?:undefined|null|nan|none|true|false|\[object .*\])[{_BLANK}]*)?", re.IGNORECASE | re.DOTALL
)
_BEGIN_SOMEBODY = frozenset(string.printable) - frozenset(string.whitespace) - frozenset("UuNnTtFf[")


def names_nobody(identity: str) -> bool:
    """Whether `identity` is blank, invisible, or a word such as "undefined". Most begin in a way that rules it out."""
    return identity[:1] not in _BEGIN_SOMEBODY and _NOBODY.fullmatch(identity) is not None
