"""The form field for names that people give to themselves, accounts, projects and environments."""

import unicodedata
from typing import Any

from django import forms
from django.core.exceptions import ValidationError

from common.bidi import TURNING


class NameField(forms.CharField):
    """A name: one line, single spaces (pages show no others, and to delete a thing people must type its name).

    Control characters, and those that change the direction of text, are removed; something visible must remain.
    """

    default_error_messages = {"invisible": "A name needs something that can be seen."}

    def to_python(self, value: Any) -> str:
        """The name as it is stored."""
        typed = super().to_python(value) or ""
        kept = (each for each in typed if each.isspace() or _is_harmless(each))
        return " ".join("".join(kept).split())

    def validate(self, value: Any) -> None:
        super().validate(value)
        if value and all(unicodedata.category(each)[0] in "CZ" for each in value):
            raise ValidationError(self.error_messages["invisible"])


def _is_harmless(character: str) -> bool:
    return character not in TURNING and unicodedata.category(character) != "Cc"
