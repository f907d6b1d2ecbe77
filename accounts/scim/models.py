"""Joining and leaving by SCIM: the tokens of an account's directory, and the people of whom it told.

`accounts/apps.py` imports this file for Django, so models of accounts are named here, not imported.
"""

import uuid

from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone


class ScimTokenQuerySet(models.QuerySet["ScimToken"]):
    def in_force(self) -> "ScimTokenQuerySet":
        """Tokens that work: not revoked, of an open account."""
        return self.filter(revoked_at=None, account__closed_at=None)


class ScimToken(models.Model):
    """Lets an account's directory (Entra ID, Okta …) tell who joins and who leaves.

    Like an API key: only the SHA-256 of the secret is stored, and revoked tokens are kept. `read_only` is the access of
    people whom it lets in.
    """

    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="scim_tokens")
    name = models.CharField(max_length=100)
    read_only = models.BooleanField(default=True)
    digest = models.CharField(max_length=64, unique=True)
    ending = models.CharField(max_length=4)
    created_at = models.DateTimeField(default=timezone.now)
    created_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    last_used_at = models.DateTimeField(null=True)  # to the minute
    revoked_at = models.DateTimeField(null=True)
    revoked_by = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")

    objects = ScimTokenQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                "account", Lower("name"), condition=Q(revoked_at=None), name="scimtoken_name_once_per_account"
            ),
            models.CheckConstraint(condition=~Q(name=""), name="scimtoken_has_a_name"),
            models.CheckConstraint(condition=Q(digest__regex=r"^[0-9a-f]{64}$"), name="scimtoken_digest_is_sha256"),
            models.CheckConstraint(condition=Q(ending__regex=r"^.{4}$"), name="scimtoken_ending_four_characters"),
            models.CheckConstraint(
                condition=Q(revoked_by=None) | Q(revoked_at__isnull=False), name="scimtoken_revoked_by_with_a_time"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class ScimPerson(models.Model):
    """A person of whom an account's directory told. Nothing here changes a login, which may have other accounts too.

    `user` is the login, once it is known. Whether they are in is what their membership says. `is_waiting`: they are
    invited and not in yet. `kept_read_only`: SCIM ended their membership, which had this access; it is given back when
    they come again. `made_login`: SCIM made the login for them.
    """

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    account = models.ForeignKey("accounts.Account", models.CASCADE, related_name="scim_people")
    user = models.ForeignKey("accounts.User", models.SET_NULL, null=True, related_name="+")
    user_name = models.CharField(max_length=254)
    email = models.EmailField(max_length=254)
    external_id = models.CharField(max_length=254, blank=True)
    names = models.JSONField(default=dict)  # displayName, formatted, givenName, familyName, as far as they are told
    is_waiting = models.BooleanField(default=False)
    kept_read_only = models.BooleanField(null=True)
    made_login = models.BooleanField(default=False)
    created_at = models.DateTimeField(default=timezone.now)
    changed_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint("account", Lower("user_name"), name="scimperson_user_name_once_per_account"),
            models.UniqueConstraint(fields=["account", "email"], name="scimperson_email_once_per_account"),
            models.UniqueConstraint(fields=["account", "user"], name="scimperson_user_once_per_account"),
            models.CheckConstraint(condition=Q(email=Lower(F("email"))), name="scimperson_email_lower_case"),
            models.CheckConstraint(condition=~Q(user_name=""), name="scimperson_has_a_user_name"),
            models.CheckConstraint(
                condition=Q(is_waiting=False) | Q(kept_read_only=None), name="scimperson_waiting_for_new_access"
            ),
        ]
        indexes = [
            models.Index(fields=["account", "created_at", "id"], name="scimperson_by_account"),
            models.Index(fields=["account", "external_id"], name="scimperson_by_external_id"),
        ]
        verbose_name_plural = "SCIM people"

    def __str__(self) -> str:
        return self.user_name
