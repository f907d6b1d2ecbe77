"""Mails: one template each, rendered as text and as HTML.

`templates/mail/<name>.txt` holds the subject, an empty line, and paragraphs separated by empty lines. A paragraph
that is only `[label](url)` becomes a button. So both renderings always say the same. Text from outside (a name, a
browser's signature) can add neither a paragraph nor a link: see `plain`.
"""

import re
import unicodedata
from dataclasses import dataclass
from typing import Any

from django.conf import settings
from django.core.mail import EmailMultiAlternatives
from django.template import Context
from django.template.loader import get_template, render_to_string

LONGEST_VALUE = 200  # characters; longer text that a person typed is cut
BUTTON = re.compile(r"\[([^\]]+)\]\((\S+)\)")
WITH_SCHEME = re.compile(r"\S*(?:://|www\.|mailto:)\S*", re.IGNORECASE)
NUMBER = r"(?<![\w.])\d+(?:,\d{3})*\.\d+(?!\w|\.\w)"  # "66.67", not a part of an address
DOTS = re.compile(rf"({NUMBER})|(?<=\w)[.。．｡](?=\w)")
BEFORE_LETTER = re.compile(r"(?<=\w)[.。．｡](?=[^\W\d])|(?<=[^\W\d])[.。．｡](?=\d)")  # no number has one


def plain(text: str, longest: int = LONGEST_VALUE) -> str:
    """Make text that a person typed harmless in a mail: one line, no control characters, nothing that becomes a link.

    URLs are removed. A dot inside a word ("evil.example"), which mail programs turn into a link, gets a space after it;
    one in a number does not.
    """
    kept = DOTS.sub(lambda dot: dot[1] or ". ", WITH_SCHEME.sub("", _printable(text)))
    kept = kept.replace("@", " at ").replace("[", "(").replace("]", ")")
    return " ".join(kept.split())[:longest].strip()


def unlinked(text: str) -> str:
    """Text from outside on one line, whole, so that mail programs make no link of it: "https: //evil. example"."""
    kept = BEFORE_LETTER.sub(". ", _printable(text)).replace("://", ": //").replace("@", " at ")
    return " ".join(kept.split())


def _printable(text: str) -> str:
    """The same with a space for each control character and each kind of space."""
    return "".join(" " if unicodedata.category(each).startswith(("C", "Z")) else each for each in text)


def is_set_up() -> bool:
    """Whether mail leaves this server. Without EMAIL_URL it is written to files that only the operator can read."""
    return bool(settings.EMAIL_BACKEND != settings.MAIL_FILES_BACKEND)


@dataclass(frozen=True)
class Paragraph:
    """A paragraph of text, or, with `url`, a button that leads there."""

    text: str
    url: str = ""


@dataclass(frozen=True)
class Mail:
    """A subject and paragraphs, without a recipient."""

    subject: str
    paragraphs: tuple[Paragraph, ...]

    @property
    def text(self) -> str:
        lines = [f"{each.text}:\n{each.url}" if each.url else each.text for each in self.paragraphs]
        return "\n\n".join([*lines, f"-- \nHeapadmin, {settings.SITE_URL}"]) + "\n"

    @property
    def html(self) -> str:
        return render_to_string("mail/base.html", {"mail": self, "site_url": settings.SITE_URL})

    def message(self, to: str, reply_to: str = "") -> EmailMultiAlternatives:
        """The mail to one address, ready to send."""
        message = EmailMultiAlternatives(self.subject, self.text, to=[to], reply_to=[reply_to] if reply_to else None)
        message.attach_alternative(self.html, "text/html")
        return message


def render(name: str, context: dict[str, Any]) -> Mail:
    """Render `templates/mail/<name>.txt`. Values of `context` are not escaped: pass typed text through `plain`."""
    template: Any = get_template(f"mail/{name}.txt")
    everywhere = {"site_url": settings.SITE_URL, "signup_open": settings.SIGNUP_OPEN}
    rendered = template.template.render(Context(context | everywhere, autoescape=False))
    subject, *paragraphs = re.split(r"\n\s*\n", rendered.strip())
    return Mail(" ".join(subject.split()), tuple(_paragraph(" ".join(each.split())) for each in paragraphs))


def _paragraph(text: str) -> Paragraph:
    button = BUTTON.fullmatch(text)
    return Paragraph(button[1], button[2]) if button else Paragraph(text)
