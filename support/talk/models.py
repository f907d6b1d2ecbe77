"""The messages of Talk to Us, and our replies."""

from django.db import models
from django.db.models import Q
from django.utils import timezone

from accounts.models import Account, User
from projects.models import Environment

LONGEST_TEXT = 5_000  # characters
LONGEST_PAGE = 500  # characters


class MessageState(models.TextChoices):
    NEW = "new", "New"
    ANSWERED = "answered", "Answered"
    CLOSED = "closed", "Closed"


class MessageKind(models.TextChoices):
    TALK = "talk", "Talk to Us"
    CLOSE_ACCOUNT = "close_account", "Asks to close the account"


class Message(models.Model):
    """A message. `account` and `environment` are those of the page it was written on, if the writer belongs to them.

    A message with an account belongs to the account: it is removed with the account.
    """

    kind = models.CharField(max_length=20, choices=MessageKind.choices, default=MessageKind.TALK)
    state = models.CharField(max_length=10, choices=MessageState.choices, default=MessageState.NEW)
    account = models.ForeignKey(Account, models.CASCADE, null=True, blank=True, related_name="+")
    environment = models.ForeignKey(Environment, models.SET_NULL, null=True, blank=True, related_name="+")
    by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    name = models.CharField(max_length=150, blank=True)
    email = models.EmailField(max_length=254)
    text = models.TextField(max_length=LONGEST_TEXT)
    page = models.CharField(max_length=LONGEST_PAGE, blank=True)  # path on this site, without secrets
    address = models.GenericIPAddressField(null=True)
    sent_at = models.DateTimeField(default=timezone.now)
    mailed_at = models.DateTimeField(null=True)  # to SUPPORT_EMAIL

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(text="") & ~Q(email=""), name="message_has_text_and_email"),
            models.CheckConstraint(condition=Q(state__in=MessageState.values), name="message_state_known"),
            models.CheckConstraint(condition=Q(kind__in=MessageKind.values), name="message_kind_known"),
        ]
        indexes = [
            models.Index(fields=["state", "-sent_at"], name="message_by_state"),
            models.Index(fields=["address", "sent_at"], name="message_by_address"),
            models.Index(fields=["email", "sent_at"], name="message_by_email"),
        ]

    def __str__(self) -> str:
        return f"Message {self.pk}"


class Reply(models.Model):
    """An answer to a message, sent by mail."""

    message = models.ForeignKey(Message, models.CASCADE, related_name="replies")
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    by_name = models.CharField(max_length=254)  # stays readable when the login is gone
    text = models.TextField(max_length=LONGEST_TEXT)
    written_at = models.DateTimeField(default=timezone.now)
    mailed_at = models.DateTimeField(null=True)

    class Meta:
        verbose_name_plural = "replies"
        ordering = ["written_at", "pk"]
        constraints = [models.CheckConstraint(condition=~Q(text=""), name="reply_has_text")]

    def __str__(self) -> str:
        return f"Reply {self.pk}"
