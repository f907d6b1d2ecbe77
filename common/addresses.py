"""E-mail addresses: one form for each mailbox, and nothing in them that cannot be seen."""

import unicodedata
from contextlib import suppress
from typing import Any

import idna
from django import forms
from django.core.exceptions import ValidationError
from django.core.validators import validate_email

LONGEST = 254  # as long as the columns are
REPLACEMENT = "\ufffd"  # stands for a character that was lost


def normal(address: str) -> str:
    """The form in which an address is stored and compared: lower case, the domain in ASCII (`xn--…`).

    Mail goes to this form of the domain, whichever was typed. What is not a domain stays as it is.
    """
    local, at, domain = address.strip().lower().rpartition("@")
    if not domain.isascii():
        with suppress(idna.IDNAError):
            domain = idna.encode(unicodedata.normalize("NFC", domain), strict=True).decode()
    return f"{local}{at}{domain}"


def invisible(text: str) -> list[str]:
    """Characters in `text` that nobody sees, or that nobody can tell apart, such as "U+200B"."""
    return [f"U+{ord(each):04X}" for each in text if unicodedata.category(each)[0] in "CZ" or each == REPLACEMENT]


def check(address: str) -> None:
    """Raise ValidationError unless `address`, in its normal form, is one to which mail can be sent."""
    if unseen := invisible(address):
        raise ValidationError(f"The address holds a character that cannot be seen ({unseen[0]}). Type it anew.")
    validate_email(address)
    if not address.isascii() or len(address) > LONGEST:  # no domain can have these letters
        raise ValidationError("Enter a valid e-mail address.")


class AddressField(forms.EmailField):
    """An e-mail address, in its normal form."""

    default_validators = (check,)  # type: ignore[assignment]

    def to_python(self, value: Any) -> str:
        return normal(super().to_python(value) or "")
