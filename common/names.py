"""Names that people give: to themselves, to accounts, projects and environments."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

TURNING = set("\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")  # they turn the text around a name


class NameField(forms.CharField):
    """A name: one line, single blanks (a page shows no others, and to delete something its name is typed again).

    Control characters and those that turn the direction of text go; something that can be seen must be left.
    """

    def to_python(self, value: Any) -> str:
        """The name as it is kept."""
        typed = super().to_python(value) or ""
        kept = (each for each in typed if each.isspace() or _is_harmless(each))
        return " ".join("".join(kept).split())

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and all(unicodedata.category(each)[0] in "CZ" for each in value):
            raise ValidationError("A name needs something that can be seen.")


def _is_harmless(character: str) -> bool:
    return character not in TURNING and unicodedata.category(character) != "Cc"
