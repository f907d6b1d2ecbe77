"""Who an account lets say who somebody is. See docs/decisions/single-sign-on.md. `apps.py` tells Django of them."""

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import F, Q
from django.db.models.functions import Lower, Now
from django.utils import timezone

from accounts.models import Account, Membership, User


class Protocol(models.TextChoices):
    OIDC = "oidc", "OpenID Connect"
    SAML = "saml", "SAML 2.0"


class NameIdFormat(models.TextChoices):
    """How a SAML provider names people. A name that is new at each sign-in (transient) identifies nobody."""

    PERSISTENT = "urn:oasis:names:tc:SAML:2.0:nameid-format:persistent", "persistent: a name that stays the same"
    EMAIL = "urn:oasis:names:tc:SAML:1.1:nameid-format:emailAddress", "emailAddress: the e-mail address"


class IdentityProviderQuerySet(models.QuerySet["IdentityProvider"]):
    def usable(self) -> "IdentityProviderQuerySet":
        """Those through which people can sign in now: switched on, and their account is open.

        Of the installation, the one that the settings name.
        """
        of_account = Q(account__isnull=False, account__closed_at=None)
        return self.filter(of_account | Q(account=None, issuer=settings.SSO_ISSUER), switched_on_at__isnull=False)


class IdentityProvider(models.Model):
    """A server that says who somebody is, on behalf of one account; or, without an account, of the installation.

    The installation's (installation.py) follows the settings, which alone hold its secret.

    Its `issuer` never changes: another issuer may give the same subjects to other people, so it is another provider.
    It can be switched on only after somebody with full access signed in through it to test it.
    """

    account = models.ForeignKey(Account, models.CASCADE, null=True, blank=True, related_name="identity_providers")
    slug = models.CharField(max_length=32, unique=True)  # in its URLs; random, so that it tells nothing
    protocol = models.CharField(max_length=20, choices=Protocol.choices)
    name = models.CharField(max_length=60)  # as in "Continue with <name>"
    issuer = models.CharField(max_length=300)  # OpenID Connect: the issuer's URL; SAML: the entity id
    client_id = models.CharField(max_length=255, blank=True)  # OpenID Connect only, like the secret
    client_secret = models.TextField(blank=True)  # encrypted (common/encryption.py), and never shown again
    sign_in_url = models.CharField(max_length=500, blank=True)  # SAML only: where people are sent
    certificates = models.JSONField(default=list, blank=True)  # SAML only: PEM; two while they change
    # SAML only, like the two names of attributes; these are empty where the usual ones are to be found
    name_id_format = models.CharField(
        max_length=80,
        choices=NameIdFormat.choices,
        default=NameIdFormat.PERSISTENT,
        db_default=NameIdFormat.PERSISTENT,
    )
    address_attribute = models.CharField(max_length=200, blank=True, db_default="")
    name_attribute = models.CharField(max_length=200, blank=True, db_default="")
    joins_read_only = models.BooleanField(default=True)  # the access of people who join by signing in
    created_at = models.DateTimeField(default=timezone.now, db_default=Now())
    tested_at = models.DateTimeField(null=True, blank=True)  # empty again when what was tested has changed
    switched_on_at = models.DateTimeField(null=True, blank=True)

    objects = IdentityProviderQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(
                condition=Q(protocol__in=Protocol.values), name="identityprovider_protocol_is_known"
            ),
            models.CheckConstraint(condition=~Q(name="") & ~Q(issuer=""), name="identityprovider_has_name_and_issuer"),
            models.CheckConstraint(
                condition=~Q(protocol=Protocol.OIDC) | ~Q(client_id=""), name="identityprovider_oidc_has_a_client"
            ),
            models.CheckConstraint(
                condition=~Q(protocol=Protocol.SAML) | (~Q(sign_in_url="") & ~Q(certificates=[])),
                name="identityprovider_saml_has_address_and_certificate",
            ),
            models.CheckConstraint(
                condition=Q(name_id_format__in=NameIdFormat.values), name="identityprovider_name_id_format_is_known"
            ),
            models.CheckConstraint(
                condition=Q(switched_on_at=None) | Q(tested_at__isnull=False), name="identityprovider_tested_before_on"
            ),
            models.UniqueConstraint(
                fields=["issuer", "client_id"],
                condition=Q(account=None),
                name="identityprovider_once_in_the_installation",
            ),
        ]

    def __str__(self) -> str:
        return self.name


class SsoIdentity(models.Model):
    """One person as one provider knows them: the only thing by which a sign-in through it finds a login.

    The issuer stands here too, so that a row is worth nothing to another issuer, whatever becomes of the provider.
    """

    provider = models.ForeignKey(IdentityProvider, models.CASCADE, related_name="identities")
    issuer = models.CharField(max_length=300)
    subject = models.CharField(max_length=255)
    user = models.ForeignKey(User, models.CASCADE, related_name="sso_identities")
    created_at = models.DateTimeField(default=timezone.now, db_default=Now())
    used_at = models.DateTimeField(null=True, blank=True)  # the last sign-in

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=~Q(subject=""), name="ssoidentity_has_a_subject"),
            models.UniqueConstraint(fields=["provider", "issuer", "subject"], name="ssoidentity_one_login"),
            models.UniqueConstraint(fields=["provider", "user"], name="ssoidentity_one_of_each_provider"),
        ]
        verbose_name_plural = "sso identities"

    def __str__(self) -> str:
        return f"{self.user_id} by {self.provider_id}"


class SsoDomainQuerySet(models.QuerySet["SsoDomain"]):
    def proven(self) -> "SsoDomainQuerySet":
        return self.filter(proven_at__isnull=False)

    def of_address(self, address: str) -> "SsoDomainQuerySet":
        """The one of `address`, in its normal form. Subdomains are others."""
        return self.filter(domain=address.rpartition("@")[2])


class SsoDomain(models.Model):
    """A domain of addresses that an account says is its own. Nobody else can have it once that is proven.

    The proof is a TXT record, or a link in a mail to an address that only the domain's owner has. Both are made from
    `nonce` (common/links.py); the mail's link is looked up by `digest`.
    """

    account = models.ForeignKey(Account, models.CASCADE, related_name="sso_domains")
    domain = models.CharField(max_length=253)
    nonce = models.CharField(max_length=32)
    digest = models.CharField(max_length=64, unique=True)
    created_at = models.DateTimeField(default=timezone.now, db_default=Now())
    mailed_at = models.DateTimeField(null=True, blank=True)
    proven_at = models.DateTimeField(null=True, blank=True)

    objects = SsoDomainQuerySet.as_manager()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.CheckConstraint(condition=Q(domain=Lower(F("domain"))) & ~Q(domain=""), name="ssodomain_lower_case"),
            models.UniqueConstraint(fields=["account", "domain"], name="ssodomain_once_per_account"),
            models.UniqueConstraint(
                fields=["domain"], condition=Q(proven_at__isnull=False), name="ssodomain_proven_by_one_account"
            ),
        ]

    def __str__(self) -> str:
        return self.domain


class WayBack(models.Model):
    """A teammate who may sign in by password and second factor although the account requires single sign-on.

    Without one, an account whose provider is gone would be closed to everybody. `tried_at`: their last such sign-in.
    """

    membership = models.OneToOneField(Membership, models.CASCADE, related_name="way_back")
    created_at = models.DateTimeField(default=timezone.now, db_default=Now())
    tried_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        verbose_name_plural = "ways back"

    def __str__(self) -> str:
        return f"{self.membership_id}"


class SamlAnswer(models.Model):
    """A SAML answer that was believed. It waits for the browser that asked for it, which takes it once.

    The provider's form posts it without our cookies, so whose it is shows only at the next request. It stays until it
    would not be believed any more, so that nobody brings it twice. Then `accounts/expired.py` deletes it.
    """

    provider = models.ForeignKey(IdentityProvider, models.CASCADE, related_name="saml_answers")
    assertion = models.CharField(max_length=64)  # a digest of the assertion's id
    digest = models.CharField(max_length=64, unique=True)  # of the secret in the address where the browser takes it
    state = models.CharField(max_length=100)  # of the attempt (attempts.py), as the browser says
    request_id = models.CharField(max_length=100)  # of our request, as the provider has signed it
    subject = models.CharField(max_length=255, blank=True)  # empty once it was taken, as are the next two
    email = models.CharField(max_length=300, blank=True)
    name = models.CharField(max_length=150, blank=True)
    ends_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar[list[models.BaseConstraint]] = [
            models.UniqueConstraint(fields=["provider", "assertion"], name="samlanswer_once"),
        ]
        indexes: ClassVar[list[models.Index]] = [models.Index(fields=["ends_at"], name="samlanswer_by_end")]

    def __str__(self) -> str:
        return f"{self.assertion} of {self.provider_id}"
