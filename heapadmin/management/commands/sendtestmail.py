"""`manage.py sendtestmail ada@example.com`: send a mail by the settings, and say what the mail server answered."""

import signal
import smtplib
import ssl
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import Any

from django.conf import settings
from django.core.exceptions import ValidationError
from django.core.mail import EmailMessage, get_connection
from django.core.mail.backends.filebased import EmailBackend as MailFiles
from django.core.mail.backends.smtp import EmailBackend as MailServer
from django.core.mail.message import sanitize_address
from django.core.management.base import BaseCommand, CommandError, CommandParser

from common.addresses import check, normal

SECONDS = 30  # for everything together
TIMED_OUT = "timed out"  # as Python says it


class NotAccepted(Exception):
    """The server refused a part of the mail, with this answer."""


class Command(BaseCommand):
    help = "Send a mail to an address by the settings EMAIL_URL and DEFAULT_FROM_EMAIL, and say what became of it."
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("address")
        parser.add_argument("--seconds", type=int, default=SECONDS, help=f"how long to try; {SECONDS} when left out")

    def handle(self, *args: Any, address: str, seconds: int, **options: Any) -> None:
        address = normal(address)
        try:
            check(address)
        except ValidationError as error:
            raise CommandError(" ".join(error.messages)) from error
        if seconds < 1:
            raise CommandError("--seconds must be 1 or more.")
        mail = EmailMessage("A test mail from Heapadmin", _text(), to=[address])
        backend = get_connection(timeout=seconds + 1)  # for one step; the limit for all of them comes first
        if isinstance(backend, MailServer):
            self.stdout.write(_by_server(backend, mail, address, seconds))
        else:
            mail.connection = backend
            mail.send()
            self.stdout.write(_where_it_is(backend))


def _text() -> str:
    return f"This is a test: Heapadmin at {settings.SITE_URL} can send mail.\n"


def _where_it_is(backend: Any) -> str:
    if isinstance(backend, MailFiles) and isinstance(backend._fname, str):  # type: ignore[attr-defined]
        return f"No mail was sent, because EMAIL_URL is not set. It is written to {Path(backend._fname)}."  # type: ignore[attr-defined]
    return f"Given to {type(backend).__module__}."


def _by_server(backend: MailServer, mail: EmailMessage, address: str, seconds: int) -> str:
    """What the server answered. Raises CommandError with the step that failed and why."""
    place = f"{backend.host}:{backend.port}"
    step = f"connecting to {place}"
    try:
        with _time_limit(seconds):
            backend.open()
            server = backend.connection
            assert server is not None  # it raises what keeps it from opening
            step = f"handing the mail to {place}"
            server.ehlo_or_helo_if_needed()
            sender = sanitize_address(mail.from_email, "utf-8")
            _accepted(server.mail(sender), "the sender")
            _accepted(server.rcpt(address), address)
            answer = server.data(mail.message().as_bytes(linesep="\r\n"))  # type: ignore[call-arg]  # Django's
            _accepted(answer, "the mail")
    except (OSError, smtplib.SMTPException, NotAccepted) as error:
        raise CommandError(f"Not sent: {step} failed. {_reason(error, seconds)}") from None
    finally:
        _hang_up(backend)
    how = "TLS from the start" if backend.use_ssl else "STARTTLS" if backend.use_tls else "no encryption"
    return f"{place} took the mail to {address} ({how}): {_words(*answer)}"


def _hang_up(backend: MailServer) -> None:
    """Without a word of farewell: a server that hangs would not answer it."""
    for connection in (backend.connection, backend._partial_connection):  # type: ignore[attr-defined]
        if connection is not None:
            connection.close()


def _accepted(answer: tuple[int, bytes], what: str) -> None:
    code, words = answer
    if code not in {250, 251}:
        raise NotAccepted(f"{what}: {_words(code, words)}")


def _reason(error: Exception, seconds: int) -> str:
    """Why, in words of the server's or our own; no password is in them."""
    if TIMED_OUT in str(error):  # smtplib makes another error of it
        return f"It took more than {seconds} seconds: is a firewall in between, or is the port or the scheme wrong?"
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


@contextmanager
def _time_limit(seconds: int) -> Iterator[None]:
    """For all of it: a server that sends a byte now and then would pass any limit for one step."""

    def stop(number: int, frame: FrameType | None) -> None:
        raise TimeoutError(TIMED_OUT)

    former = signal.signal(signal.SIGALRM, stop)
    signal.alarm(seconds)
    try:
        yield
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, former)
