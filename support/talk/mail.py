"""The two mails of Talk to Us: the message to support, and support's answer."""

import re

from django.conf import settings
from django.core.mail import EmailMessage
from django.template.loader import render_to_string
from django.urls import reverse

from accounts.models import User
from common import links
from support.talk.models import Message, Reply


def message_mail(message: Message) -> EmailMessage:
    """The mail to support about `message`. A reply to it goes to the writer."""
    account = message.account
    subject = f"{message.get_kind_display()} {message.pk}" + (f": {account.name}" if account else "")
    context = {
        "message": message,
        "page_url": links.absolute(message.page) if message.page.startswith("/") else "",
        "inbox_url": links.absolute(reverse("admin:support_message_change", args=[message.pk])),
    }
    return EmailMessage(
        subject=_one_line(subject),
        body=render_to_string("support/mail/message.txt", context),
        to=[settings.SUPPORT_EMAIL],
        reply_to=[message.email],
        headers={"Message-ID": _thread(message), "Auto-Submitted": "auto-generated"},
    )


def reply_mail(reply: Reply) -> EmailMessage:
    """The mail with `reply` to the writer. An answer to it goes to `reply_address`."""
    message = reply.message
    return EmailMessage(
        subject=f"Your message to Heapadmin ({message.pk})",
        body=render_to_string("support/mail/reply.txt", {"reply": reply, "message": message}),
        to=[message.email],
        reply_to=[reply_address(reply.by)],
        headers={"References": _thread(message), "In-Reply-To": _thread(message)},
    )


def reply_address(by: User | None) -> str:
    """Where an answer to support's answer goes: to support, or without SUPPORT_EMAIL to the person who answered."""
    return settings.SUPPORT_EMAIL or (by.email if by else settings.DEFAULT_FROM_EMAIL)


def _thread(message: Message) -> str:
    """A Message-ID by which mail programs group the mails of a thread."""
    host = re.sub(r":\d+$", "", settings.SITE_URL.split("://", 1)[1])  # IPv6 in brackets has colons of its own
    return f"<message-{message.pk}-{int(message.sent_at.timestamp())}@{host}>"


def _one_line(text: str) -> str:
    return " ".join(text.split())
