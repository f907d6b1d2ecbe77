"""A test mail: send one by the settings, and say in words what the mail server answered."""

import smtplib
import ssl
import threading
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.filebased import EmailBackend as MailFiles
from django.core.mail.backends.smtp import EmailBackend as MailServer
from django.core.mail.message import sanitize_address

TIMED_OUT = "timed out"  # as Python says it


class NotSent(Exception):
    """The mail was not sent; the message says at which step, and why. No password is in it."""


class NotAccepted(Exception):
    """The server refused a part of the mail, with this answer."""


def send(address: str, seconds: int) -> str:
    """Send a test mail to `address`, and return what became of it. Raises NotSent, after `seconds` at the latest."""
    mail = EmailMessage("A test mail from Heapadmin", _text(), to=[address])
    backend = get_connection(timeout=seconds + 1)  # for one step; the limit for all of them comes first
    if isinstance(backend, MailServer):
        return _within(seconds, _Delivery(backend, mail, address))
    mail.connection = backend
    mail.send()
    return _where_it_is(backend)


def _text() -> str:
    return f"This is a test: Heapadmin at {settings.SITE_URL} can send mail.\n"


def _where_it_is(backend: Any) -> str:
    if isinstance(backend, MailFiles) and isinstance(backend._fname, str):  # type: ignore[attr-defined]
        return f"No mail was sent, because EMAIL_URL is not set. It is written to {Path(backend._fname)}."  # type: ignore[attr-defined]
    return f"Given to {type(backend).__module__}."


class _Delivery(threading.Thread):
    """Hands one mail to a mail server. It is a thread, because a page cannot interrupt itself.

    A server that sends a byte now and then would pass any limit for one step, so whoever waits stops waiting.
    """

    def __init__(self, backend: MailServer, mail: EmailMessage, address: str) -> None:
        super().__init__(daemon=True)
        self.backend = backend
        self.mail = mail
        self.address = address
        self.place = f"{backend.host}:{backend.port}"
        self.step = f"connecting to {self.place}"
        self.words = ""
        self.error: Exception | None = None

    def run(self) -> None:
        try:
            self.words = self._hand_over()
        except Exception as error:  # whatever it is: a thread that ends without one has sent the mail
            self.error = error
        finally:
            self.hang_up()

    def _hand_over(self) -> str:
        self.backend.open()
        server = self.backend.connection
        assert server is not None  # it raises what keeps it from opening
        self.step = f"handing the mail to {self.place}"
        server.ehlo_or_helo_if_needed()
        sender = sanitize_address(self.mail.from_email, "utf-8")
        _accepted(server.mail(sender), "the sender")
        _accepted(server.rcpt(self.address), self.address)
        answer = server.data(self.mail.message().as_bytes(linesep="\r\n"))  # type: ignore[call-arg]  # Django's
        _accepted(answer, "the mail")
        backend = self.backend
        how = "TLS from the start" if backend.use_ssl else "STARTTLS" if backend.use_tls else "no encryption"
        return f"{self.place} took the mail to {self.address} ({how}): {_words(*answer)}"

    def hang_up(self) -> None:
        """Without a word of farewell: a server that hangs would not answer it."""
        for connection in (self.backend.connection, self.backend._partial_connection):  # type: ignore[attr-defined]
            if connection is not None:
                connection.close()


def _within(seconds: int, delivery: _Delivery) -> str:
    delivery.start()
    delivery.join(seconds)
    error = TimeoutError(TIMED_OUT) if delivery.is_alive() else delivery.error
    if error is not None:
        delivery.hang_up()
        raise NotSent(f"Not sent: {delivery.step} failed. {_reason(error, seconds)}") from None
    return delivery.words


def _accepted(answer: tuple[int, bytes], what: str) -> None:
    code, words = answer
    if code not in {250, 251}:
        raise NotAccepted(f"{what}: {_words(code, words)}")


def _reason(error: Exception, seconds: int) -> str:
    """Why, in words of the server's or our own; no password is in them."""
    if TIMED_OUT in str(error):  # smtplib makes another error of it
        return f"It took more than {seconds} seconds: is a firewall in between, or is the port or the scheme wrong?"
    if isinstance(error, UnicodeError):  # its own words quote the letter, perhaps of the password
        return "EMAIL_URL or DEFAULT_FROM_EMAIL holds a letter that no mail server takes."
    if isinstance(error, smtplib.SMTPAuthenticationError):
        return f"The server refuses the login in EMAIL_URL: {_words(error.smtp_code, error.smtp_error)}"
    if isinstance(error, NotAccepted):
        return f"The server refuses {error}"
    if isinstance(error, smtplib.SMTPResponseException):
        return f"The server answers {_words(error.smtp_code, error.smtp_error)}"
    if isinstance(error, smtplib.SMTPNotSupportedError):
        return f"{error} Perhaps another scheme is right: smtp://, smtp+tls:// or smtps://."
    if isinstance(error, ssl.SSLCertVerificationError):
        return f"Its certificate is not valid for {settings.EMAIL_HOST}: {error.verify_message}."
    if isinstance(error, ssl.SSLError):
        return "It does not speak TLS from the start: smtp+tls:// or smtp:// may be right."
    if isinstance(error, smtplib.SMTPServerDisconnected):
        return "The server hung up: perhaps it expects TLS from the start (smtps://)."
    return f"{getattr(error, 'strerror', None) or error}."


def _words(code: int, words: bytes | str) -> str:
    text = words.decode(errors="replace") if isinstance(words, bytes) else words
    return f"{code} " + " ".join(text.split())
