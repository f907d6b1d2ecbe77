"""Storing and answering messages, and limiting how many one sender may write."""

from datetime import timedelta

from django.db import connection, transaction
from django.utils import timezone

from accounts import activity
from accounts.current_request import current_address
from accounts.models import User
from common import jobs
from support.talk.models import Message, MessageKind, MessageState, Reply
from support.talk.origin import Origin

# The most messages from one IP address and from one email address. Messages that strangers write under a person's email
# address do not count against that person while signed in: otherwise anybody could silence them.
LIMITS = ((timedelta(minutes=10), 5), (timedelta(days=1), 30))


class TooManyMessages(Exception):
    """The limit of messages is reached. After `minutes` a message is accepted again for certain."""

    def __init__(self, minutes: int) -> None:
        super().__init__(f"after {minutes} minutes")
        self.minutes = minutes


@transaction.atomic
def send(
    *, text: str, email: str, name: str, by: User | None, origin: Origin, kind: MessageKind = MessageKind.TALK
) -> Message:
    """Store a message and start the job that mails it to support. Raises TooManyMessages."""
    address = current_address()
    _check_limits(email, address, by)
    message = Message.objects.create(
        kind=kind,
        account=origin.account,
        environment=origin.environment,
        by=by,
        name=name,
        email=email,
        text=text,
        page=origin.page,
        address=address,
    )
    jobs.defer("support.mail_message", message_id=message.pk)
    return message


def _check_limits(email: str, address: str | None, by: User | None) -> None:
    """Raise TooManyMessages if one more is too many. The locks keep concurrent messages from passing together."""
    with connection.cursor() as cursor:
        for key in sorted({f"talk {email}", f"talk {address}"}):
            cursor.execute("select pg_advisory_xact_lock(hashtextextended(%s, 0))", [key])
    now = timezone.now()
    for span, most in LIMITS:
        recent = Message.objects.filter(sent_at__gt=now - span)
        if recent.filter(email=email, by=by).count() >= most or (
            address and recent.filter(address=address).count() >= most
        ):
            raise TooManyMessages(int(span.total_seconds() // 60))


@transaction.atomic
def reply(*, message: Message, text: str, by: User) -> Reply:
    """Answer a message by mail, and mark it as answered."""
    answer = Reply.objects.create(message=message, by=by, by_name=str(by), text=text)
    _set_state(message, MessageState.ANSWERED)
    if message.account is not None:
        activity.record(account=message.account, by=by, verb="support.reply", target=f"message {message.pk}")
    jobs.defer("support.mail_reply", reply_id=answer.pk)
    return answer


@transaction.atomic
def set_state(*, message: Message, state: MessageState, by: User) -> None:
    """Change the state of a message ("closed" means that nothing is left to do)."""
    _set_state(message, state)
    if message.account is not None:
        activity.record(account=message.account, by=by, verb=f"support.{state}", target=f"message {message.pk}")


def _set_state(message: Message, state: MessageState) -> None:
    message.state = state
    message.save(update_fields=["state"])
