"""Who may come in: people, the accounts they belong to, and what they did there."""

from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.db import models
from django.db.models import F
from django.db.models.functions import Lower
from django.utils import timezone


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Make a login. `email` is kept in lower case: it is compared without regard to case everywhere."""
        user = self.model(email=email.strip().lower(), **fields)
        user.set_password(password)
        user.save(using=self._db)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=(username or "").strip().lower())


class User(AbstractBaseUser, PermissionsMixin):
    """A login. What it may do in an account is its Membership; `is_staff` opens the staff's admin and nothing else."""

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    joined_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(null=True, blank=True)

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["email"], name="user_email_unique"),
            models.CheckConstraint(condition=models.Q(email=Lower(F("email"))), name="user_email_lower_case"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)


class AccountQuerySet(models.QuerySet["Account"]):
    def open(self) -> "AccountQuerySet":
        return self.filter(closed_at=None)


class Account(models.Model):
    """The tenant. While `closed_at` is set nobody gets in and its environments take no events."""

    name = models.CharField(max_length=100)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    members = models.ManyToManyField(
        User, through="Membership", through_fields=("account", "user"), related_name="accounts"
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [models.CheckConstraint(condition=~models.Q(name=""), name="account_has_a_name")]

    def __str__(self) -> str:
        return self.name


class Membership(models.Model):
    """A user's place in an account: a teammate."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    read_only = models.BooleanField(default=False)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    joined_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="membership_once_per_account"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.account}"


class Activity(models.Model):
    """One thing that somebody did, or tried, in an account. Written in the transaction of what it tells."""

    account = models.ForeignKey(Account, models.CASCADE, related_name="activity")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    by_email = models.CharField(max_length=254)  # stays readable when the login is gone
    verb = models.CharField(max_length=60)  # "project.create", "excluded_ips.save": app-wide constant names
    target = models.CharField(max_length=300, blank=True)  # what it was done to, in words
    details = models.JSONField(default=dict)
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account", "-at", "-id"], name="activity_by_account")]
        verbose_name_plural = "activity"

    def __str__(self) -> str:
        return f"{self.by_email} {self.verb} {self.target}"
