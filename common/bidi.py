"""Characters that turn the text after them around, so that a name changes how the rest of its sentence reads."""

TURNING = "\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
_SEEN = str.maketrans(dict.fromkeys(TURNING, "\N{REPLACEMENT CHARACTER}"))


def unturned(text: str) -> str:
    """The text for display: each such character is one that is seen, so two names that differ never look the same."""
    return text if text.isascii() else text.translate(_SEEN)
