"""Mails: one template each, rendered as text and as HTML.

`templates/mail/<name>.txt` holds the subject, an empty line, and paragraphs separated by empty lines. A paragraph
that is only `[label](url)` becomes a button. So both renderings always say the same. Text from outside (a name, a
browser's signature) can add neither a paragraph nor a link: see `plain`.
"""

import re
import unicodedata
from contextlib import suppress
from dataclasses import dataclass
from smtplib import SMTPException, SMTPServerDisconnected
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, EmailMultiAlternatives, get_connection
from django.template import Context
from django.template.loader import get_template, render_to_string

LONGEST_VALUE = 200  # characters; longer text that a person typed is cut
BUTTON = re.compile(r"\[([^\]]+)\]\((\S+)\)")
WITH_SCHEME = re.compile(r"\S*(?:://|www\.|mailto:)\S*", re.IGNORECASE)
NUMBER = r"(?<![\w.])\d+(?:,\d{3})*\.\d+(?!\w|\.\w)"  # "66.67", not a part of an address
DOTS = re.compile(rf"({NUMBER})|(?<=\w)[.。．｡](?=\w)")


def plain(text: str, longest: int = LONGEST_VALUE) -> str:
    """Text that a person typed: `unlinked`, and without URLs, without the signs of a button, and cut."""
    without = WITH_SCHEME.sub("", _on_one_line(text))
    return unlinked(without).replace("[", "(").replace("]", ")")[:longest].strip()


def unlinked(text: str) -> str:
    """Text from outside on one line, whole, so that mail programs make no link of it: "https: //evil. example".

    A dot inside a word ("evil.example"), which they turn into a link, gets a space after it; one in a number does not.
    """
    dotted = DOTS.sub(lambda dot: dot[1] or ". ", _on_one_line(text))
    return _on_one_line(dotted.replace("://", ": //").replace("@", " at "))


def _on_one_line(text: str) -> str:
    """Without control characters."""
    return " ".join("".join(" " if unicodedata.category(each)[0] in "CZ" else each for each in text).split())


def is_set_up() -> bool:
    """Whether mail leaves this server. Without EMAIL_URL it is written to files that only the operator can read."""
    return bool(settings.EMAIL_BACKEND != settings.MAIL_FILES_BACKEND)


class NotTaken(Exception):
    """The mail server certainly does not have the mail, so it may be handed over again."""


class MaybeTaken(Exception):
    """It went away while it took the mail, so nobody knows whether that comes."""


def hand_over(message: EmailMessage) -> None:
    """Give a mail to the mail server, for whoever must not send it twice. Raises NotTaken and MaybeTaken."""
    connection = message.connection = get_connection()
    try:
        connection.open()
    except (OSError, SMTPException) as error:
        raise NotTaken(str(error)) from error
    try:
        message.send()
    except (SMTPServerDisconnected, TimeoutError) as error:
        raise MaybeTaken(str(error)) from error
    except (OSError, SMTPException, ValueError) as error:
        raise NotTaken(str(error)) from error
    finally:
        with suppress(OSError, SMTPException):  # the mail is on its way, or it is not
            connection.close()


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
