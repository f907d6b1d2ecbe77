"""People (logins), the accounts they belong to, invitations, and the activity in each account."""

from datetime import datetime
from typing import Any, ClassVar

from django.contrib.auth.base_user import AbstractBaseUser, BaseUserManager
from django.contrib.auth.models import PermissionsMixin
from django.contrib.postgres.fields import ArrayField
from django.db import models, transaction
from django.db.models import F, Q
from django.db.models.functions import Lower
from django.utils import timezone

from common.addresses import normal


class UserManager(BaseUserManager["User"]):
    def create_user(self, email: str, password: str | None = None, **fields: Any) -> "User":
        """Create a login whose address counts as verified; the caller must be sure of the address.

        `email` is stored in its normal form, because addresses are compared so everywhere.
        """
        from allauth.account.models import EmailAddress  # noqa: PLC0415  # its models need this User first

        user = self.model(email=normal(email), **fields)
        user.set_password(password)
        with transaction.atomic(using=self._db):
            user.save(using=self._db)
            EmailAddress.objects.create(user=user, email=user.email, verified=True, primary=True)
        return user

    def create_superuser(self, email: str, password: str | None = None, **fields: Any) -> "User":
        return self.create_user(email, password, is_staff=True, is_superuser=True, **fields)

    def get_by_natural_key(self, username: str | None) -> "User":
        return self.get(email=known_as(username or ""))


class Theme(models.TextChoices):
    SYSTEM = "system", "As my system has it"
    LIGHT = "light", "Light"
    DARK = "dark", "Dark"


class Density(models.TextChoices):
    COMFORTABLE = "comfortable", "Comfortable"
    COMPACT = "compact", "Compact: more rows on a screen"


class User(AbstractBaseUser, PermissionsMixin):
    """A login. Its Memberships say what it may do in each account; `is_staff` only opens the staff's admin."""

    email = models.EmailField(max_length=254)
    name = models.CharField(max_length=150, blank=True)
    is_active = models.BooleanField(default=True)
    is_staff = models.BooleanField(default=False)
    joined_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(null=True, blank=True)
    theme = models.CharField(max_length=20, choices=Theme.choices, default=Theme.SYSTEM, db_default=Theme.SYSTEM)
    density = models.CharField(
        max_length=20, choices=Density.choices, default=Density.COMFORTABLE, db_default=Density.COMFORTABLE
    )

    objects: ClassVar[UserManager] = UserManager()
    USERNAME_FIELD = "email"
    EMAIL_FIELD = "email"
    REQUIRED_FIELDS: ClassVar[list[str]] = []

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["email"], name="user_email_unique"),
            models.CheckConstraint(condition=models.Q(email=Lower(F("email"))), name="user_email_lower_case"),
            models.CheckConstraint(condition=models.Q(theme__in=Theme.values), name="user_theme_is_known"),
            models.CheckConstraint(condition=models.Q(density__in=Density.values), name="user_density_is_known"),
        ]

    def __str__(self) -> str:
        return self.name or self.email

    def get_full_name(self) -> str:
        return str(self)


def known_as(typed: str) -> str:
    """The address under which to look for the login that somebody means: its normal form.

    Two logins may have one mailbox, in two forms of its domain, from before there was a normal form (migration 0007).
    Each is found by what its owner types.
    """
    email, typed = normal(typed), typed.strip().lower()
    return typed if typed != email and User.objects.filter(email=typed).exists() else email


class AccountQuerySet(models.QuerySet["Account"]):
    def open(self) -> "AccountQuerySet":
        return self.filter(closed_at=None)


class WhoMayInvite(models.TextChoices):
    """Which of the full-access teammates may invite others."""

    FULL = "full", "Every teammate with full access"
    SECOND_FACTOR = "second_factor", "Teammates with full access who use a second factor"
    NOBODY = "nobody", "Nobody: invitations are switched off"


class Access(models.TextChoices):
    """What a teammate may do, in an account or in one project (accounts/policy.py has the table)."""

    READ_ONLY = "read_only", "read-only"
    FULL = "full", "full access"


class RolesByProject(models.TextChoices):
    """What read-only teammates reach. The last two differ in projects for which nothing was chosen."""

    OFF = "off", "Every project, read-only"
    READ_ONLY = "read_only", "By project. Where nothing is chosen: read-only"
    NONE = "none", "By project. Where nothing is chosen: no access"


MOST_EMBEDDING_SITES = 20


class Account(models.Model):
    """The tenant. While `closed_at` is set, nobody gets in and its environments accept no events."""

    name = models.CharField(max_length=100)
    time_zone = models.CharField(max_length=64, default="UTC")  # what new projects start with
    who_may_invite = models.CharField(max_length=20, choices=WhoMayInvite.choices, default=WhoMayInvite.FULL)
    require_second_factor = models.BooleanField(default=False)
    roles_by_project = models.CharField(
        max_length=20, choices=RolesByProject.choices, default=RolesByProject.OFF, db_default=RolesByProject.OFF
    )
    allows_shared_links = models.BooleanField(default=True, db_default=True)
    embedding_sites = ArrayField(models.CharField(max_length=300), default=list, db_default=[])  # origins
    require_sso = models.BooleanField(default=False, db_default=False)  # for all but its ways back (accounts/sso)
    created_at = models.DateTimeField(default=timezone.now)
    closed_at = models.DateTimeField(null=True, blank=True)
    members = models.ManyToManyField(
        User, through="Membership", through_fields=("account", "user"), related_name="accounts"
    )

    objects = AccountQuerySet.as_manager()

    class Meta:
        constraints = [
            models.CheckConstraint(condition=~Q(name=""), name="account_has_a_name"),
            models.CheckConstraint(
                condition=Q(who_may_invite__in=WhoMayInvite.values), name="account_who_may_invite_is_known"
            ),
            models.CheckConstraint(
                condition=Q(roles_by_project__in=RolesByProject.values), name="account_roles_by_project_is_known"
            ),
            models.CheckConstraint(
                condition=Q(embedding_sites__len__lte=MOST_EMBEDDING_SITES), name="account_embedding_sites_few"
            ),
        ]

    def __str__(self) -> str:
        return self.name


class MembershipQuerySet(models.QuerySet["Membership"]):
    def full_access(self) -> "MembershipQuerySet":
        """Teammates who can grant access: not read-only, and with an active login."""
        return self.filter(read_only=False, user__is_active=True)

    def latest_used(self, user: Any) -> "MembershipQuerySet":
        """The memberships of `user` in open accounts, the one used last first."""
        return self.filter(user=user, account__closed_at=None).order_by(F("last_seen_at").desc(nulls_last=True), "pk")


class Membership(models.Model):
    """A user's membership of an account: a teammate.

    A trigger (migration 0004) makes sure that an open account keeps a full-access teammate, whatever deletes or
    changes rows. `accounts.full_access` checks this first, and its error names the accounts.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="memberships")
    user = models.ForeignKey(User, models.CASCADE, related_name="memberships")
    read_only = models.BooleanField(default=False)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, blank=True, related_name="+")
    joined_at = models.DateTimeField(default=timezone.now)
    last_seen_at = models.DateTimeField(null=True, blank=True)  # in this account; to the minute
    first_asked_at = models.DateTimeField(null=True, blank=True)  # a question of any environment of the account
    first_steps_hidden_at = models.DateTimeField(null=True, blank=True)  # by the person, on all dashboards
    visit: object = None  # set if the membership is lent for a visit of support (door.register_lender) and not saved

    objects = MembershipQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(fields=["account", "user"], name="membership_once_per_account"),
        ]

    def __str__(self) -> str:
        return f"{self.user} in {self.account}"

    @property
    def access(self) -> Access:
        """In the account. In a project it may differ: projects/access.py."""
        return Access.READ_ONLY if self.read_only else Access.FULL


class InvitationQuerySet(models.QuerySet["Invitation"]):
    def open(self) -> "InvitationQuerySet":
        """Invitations neither accepted, declined nor revoked; they may have expired."""
        return self.filter(accepted_at=None, declined_at=None, revoked_at=None)


class Invitation(models.Model):
    """An invitation of one address to an account.

    The secret in the link is not stored: it is derived from SECRET_KEY and `nonce` (common/links.py), and a link
    is looked up by `digest`. A new `nonce` makes a new link and invalidates the old one.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="invitations")
    email = models.EmailField(max_length=254)
    read_only = models.BooleanField(default=False)
    invited_by = models.ForeignKey(User, models.SET_NULL, null=True, related_name="+")
    nonce = models.CharField(max_length=32)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    mailed_at = models.DateTimeField(null=True)
    mail_problem = models.CharField(max_length=300, blank=True)  # why the mail server refused it
    link_copied_at = models.DateTimeField(null=True)  # from then on the link does not prove the address
    asked_again_at = models.DateTimeField(null=True)
    accepted_at = models.DateTimeField(null=True)
    accepted_by = models.ForeignKey(User, models.CASCADE, null=True, related_name="+")
    declined_at = models.DateTimeField(null=True)
    revoked_at = models.DateTimeField(null=True)

    objects = InvitationQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["account", "email"],
                condition=Q(accepted_at=None, declined_at=None, revoked_at=None),
                name="invitation_one_open_per_address",
            ),
            models.CheckConstraint(condition=Q(email=Lower(F("email"))), name="invitation_email_lower_case"),
            models.CheckConstraint(
                condition=Q(accepted_at=None, accepted_by=None)
                | Q(accepted_at__isnull=False, accepted_by__isnull=False),
                name="invitation_accepted_has_a_user",
            ),
            models.CheckConstraint(
                condition=Q(accepted_at=None, declined_at=None)
                | Q(accepted_at=None, revoked_at=None)
                | Q(declined_at=None, revoked_at=None),
                name="invitation_ends_once",
            ),
        ]
        indexes = [models.Index(fields=["account", "-created_at", "-id"], name="invitation_by_account")]

    def __str__(self) -> str:
        return f"{self.email} to {self.account}"

    @property
    def access(self) -> Access:
        """What the person gets in the account."""
        return Access.READ_ONLY if self.read_only else Access.FULL

    @property
    def is_open(self) -> bool:
        return self.accepted_at is None and self.declined_at is None and self.revoked_at is None

    def is_expired(self, now: datetime | None = None) -> bool:
        return self.expires_at <= (now or timezone.now())


class EmailChange(models.Model):
    """A pending change of a login's address. Both mailboxes, the old and the new one, must confirm it."""

    user = models.OneToOneField(User, models.CASCADE, related_name="email_change")
    new_email = models.EmailField(max_length=254)
    nonce = models.CharField(max_length=32)
    old_digest = models.CharField(max_length=64, unique=True)
    new_digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    old_confirmed_at = models.DateTimeField(null=True)
    new_confirmed_at = models.DateTimeField(null=True)

    class Meta:
        constraints = [
            models.CheckConstraint(condition=Q(new_email=Lower(F("new_email"))), name="emailchange_lower_case"),
        ]

    def __str__(self) -> str:
        return f"{self.user.email} to {self.new_email}"


class Rescue(models.Model):
    """A one-time link that an operator printed for a locked-out person (`manage.py grantadmin`)."""

    user = models.ForeignKey(User, models.CASCADE, related_name="+")
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()
    used_at = models.DateTimeField(null=True)

    def __str__(self) -> str:
        return f"for {self.user}"


class FirstLoginLink(models.Model):
    """The link with which the first staff login is made (`manage.py firstlogin`). The newest replaces all others."""

    id = models.SmallIntegerField(primary_key=True, default=1)
    digest = models.CharField(max_length=64)
    created_at = models.DateTimeField(default=timezone.now)
    expires_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(id=1), name="firstloginlink_only_one")]

    def __str__(self) -> str:
        return f"until {self.expires_at}"


class SignInPause(models.Model):
    """Failed attempts to sign in that were counted under one key (accounts/sign_in_pauses.py has the keys and rules).

    The table is unlogged: what is lost in a crash is some hours of counting, and writes cost half.
    """

    key = models.CharField(max_length=64, primary_key=True)
    failures = models.FloatField()  # at `failed_at`; they are forgotten gradually
    failed_at = models.DateTimeField()

    class Meta:
        constraints = [models.CheckConstraint(condition=Q(failures__gte=0), name="signinpause_failures_not_negative")]
        indexes = [models.Index(fields=["-failed_at"], name="signinpause_by_time")]

    def __str__(self) -> str:
        return f"{self.failures:.1f} failures"


class Activity(models.Model):
    """One thing that a person did, or tried to do, in an account. Written in the transaction of the change itself.

    Rows are never changed, and deleted only when their account is closed; a trigger (migration 0004) enforces this.
    So `by` has no constraint in the database, and points to nothing once that login is deleted.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="activity")
    at = models.DateTimeField(default=timezone.now)
    by = models.ForeignKey(User, models.DO_NOTHING, null=True, db_constraint=False, related_name="+")
    by_email = models.CharField(max_length=254, blank=True)  # at that time; '' when nobody was signed in
    by_name = models.CharField(max_length=150, blank=True)
    as_staff = models.BooleanField(default=False)
    verb = models.CharField(max_length=60)  # "project.create", "excluded_ips.save": app-wide constant names
    target = models.CharField(max_length=300, blank=True)  # what it was done to, in words
    details = models.JSONField(default=dict)
    project_number = models.BigIntegerField(null=True)  # whose it is; no foreign key, for rows outlive projects
    address = models.GenericIPAddressField(null=True)

    class Meta:
        indexes = [models.Index(fields=["account", "-at", "-id"], name="activity_by_account")]
        verbose_name_plural = "activity"

    def __str__(self) -> str:
        return f"{self.by_email} {self.verb} {self.target}"
