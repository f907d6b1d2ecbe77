"""A real SMTP server that keeps what it gets, and the real worker that sends what was deferred."""

import email
import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from email.message import EmailMessage
from email.policy import default as email_policy
from urllib.parse import urlsplit

from aiosmtpd.controller import Controller
from django.core.management import call_command
from django.db import connection, connections

from tests.ports import free_port

LINK = re.compile(r"https?://\S+")


@dataclass
class Mailbox:
    """`refusing` makes the server answer 451 to every mail, `vanishing` close the connection instead of answering."""

    messages: list[EmailMessage] = field(default_factory=list)
    refusing: bool = False
    vanishing: bool = False

    async def handle_DATA(self, server, session, envelope) -> str:
        if self.refusing:
            return "451 4.3.0 the disk is full"
        self.messages.append(email.message_from_bytes(envelope.content, policy=email_policy))
        if self.vanishing:
            server.transport.abort()
        return "250 OK"

    def to(self, address: str) -> list[EmailMessage]:
        return [message for message in self.messages if message["To"] == address]

    def work(self) -> None:
        """Run the real worker until nothing is left to do.

        In a thread of its own, because it starts an event loop, and Playwright has one in the test's thread already.
        """
        failures: list[BaseException] = []
        thread = threading.Thread(target=_run_worker, args=[failures])
        thread.start()
        thread.join(timeout=60)
        assert not thread.is_alive(), "the worker hangs"
        assert not failures, failures


def _run_worker(failures: list[BaseException]) -> None:
    try:
        call_command("procrastinate", "worker", "--one-shot", "--queues", "mail")
    except BaseException as error:
        failures.append(error)
    finally:
        connections.close_all()


def text_of(message: EmailMessage) -> str:
    return message.get_body(("plain",)).get_content()


def html_of(message: EmailMessage) -> str:
    return message.get_body(("html",)).get_content()


def path_in(message: EmailMessage) -> str:
    """The path of the first link in a mail."""
    return urlsplit(LINK.search(text_of(message))[0]).path


@contextmanager
def running_mailbox(settings) -> Iterator[Mailbox]:
    """Point Django's mail to a server of our own, and empty the queue before and after."""
    mailbox = Mailbox()
    controller = Controller(mailbox, hostname="127.0.0.1", port=free_port())
    controller.start()
    settings.EMAIL_BACKEND = "django.core.mail.backends.smtp.EmailBackend"
    settings.EMAIL_HOST = "127.0.0.1"
    settings.EMAIL_PORT = controller.port
    settings.EMAIL_USE_TLS = settings.EMAIL_USE_SSL = False
    connections.settings["default"]["CONN_MAX_AGE"] = 0  # the worker's thread must not keep a connection
    _empty_queue()
    try:
        yield mailbox
    finally:
        controller.stop()
        _empty_queue()


def _empty_queue() -> None:
    with connection.cursor() as cursor:
        cursor.execute("delete from procrastinate_jobs")
