"""What breaks the constraints of the tables of accounts."""

from django.contrib.auth.models import Group, Permission
from django.contrib.contenttypes.models import ContentType
from django.utils import timezone

from accounts.models import SignInPause, User
from tests.accounts.factories import (
    ActivityFactory,
    EmailChangeFactory,
    FirstLoginLinkFactory,
    IdentityProviderFactory,
    InvitationFactory,
    RescueFactory,
    SamlAnswerFactory,
    ScimPersonFactory,
    ScimTokenFactory,
    SsoDomainFactory,
    SsoIdentityFactory,
    WayBackFactory,
)
from tests.constraints.rows import Breaks, again, change, each, insert_twice, required
from tests.factories import AccountFactory, MembershipFactory, UserFactory


def place_in_a_group():
    group = Group.objects.create(name="Staff")
    return User.groups.through.objects.create(user=UserFactory(), group=group)


def permission_of_a_user():
    kind = ContentType.objects.get_for_model(User)
    permission = Permission.objects.create(name="May look", codename="look", content_type=kind)
    return User.user_permissions.through.objects.create(user=UserFactory(), permission=permission)


def ended(*ways):
    return InvitationFactory(
        **{f"{way}_at": timezone.now() for way in ways}, accepted_by=UserFactory() if "accepted" in ways else None
    )


def two_identities(**other):
    """Of one provider; the second differs from the first in `other` alone."""
    first = SsoIdentityFactory()
    same = {"provider": first.provider, "issuer": first.issuer, "subject": first.subject, "user": first.user}
    return SsoIdentityFactory(**same | other)


BREAKS: Breaks = {
    "accounts_identityprovider_slug_key": lambda: again(IdentityProviderFactory()),
    "identityprovider_protocol_is_known": lambda: IdentityProviderFactory(protocol="oauth"),
    "identityprovider_has_name_and_issuer": each(lambda what: IdentityProviderFactory(**{what: ""}), "name", "issuer"),
    "identityprovider_oidc_has_a_client": lambda: IdentityProviderFactory(client_id=""),
    "identityprovider_tested_before_on": lambda: IdentityProviderFactory(switched_on_at=timezone.now()),
    "identityprovider_once_in_the_installation": lambda: [IdentityProviderFactory(account=None) for _ in range(2)],
    "identityprovider_saml_has_address_and_certificate": lambda: IdentityProviderFactory(protocol="saml"),
    "identityprovider_name_id_format_is_known": lambda: IdentityProviderFactory(name_id_format="transient"),
    "accounts_samlanswer_digest_key": lambda: again(SamlAnswerFactory(), assertion="another"),
    "samlanswer_once": lambda: again(SamlAnswerFactory(), digest="another"),
    "ssoidentity_has_a_subject": lambda: SsoIdentityFactory(subject=""),
    "ssoidentity_one_login": lambda: two_identities(user=UserFactory()),
    "ssoidentity_one_of_each_provider": lambda: two_identities(subject="another"),
    "accounts_ssodomain_digest_key": lambda: again(SsoDomainFactory(), domain="another.example"),
    "ssodomain_lower_case": each(lambda domain: SsoDomainFactory(domain=domain), "Works.example", ""),
    "ssodomain_once_per_account": lambda: again(SsoDomainFactory(), digest="another"),
    "ssodomain_proven_by_one_account": lambda: [SsoDomainFactory(proven_at=timezone.now()) for _ in range(2)],
    "accounts_wayback_membership_id_key": lambda: again(WayBackFactory()),
    "account_has_a_name": lambda: AccountFactory(name=""),
    "account_who_may_invite_is_known": lambda: AccountFactory(who_may_invite="everybody"),
    "account_roles_by_project_is_known": lambda: AccountFactory(roles_by_project="some"),
    "account_embedding_sites_few": lambda: AccountFactory(embedding_sites=["https://shop.example"] * 21),
    "user_email_unique": lambda: again(UserFactory()),
    "user_email_lower_case": lambda: UserFactory(email="Ada@shop.example"),
    "user_theme_is_known": lambda: UserFactory(theme="pink"),
    "user_density_is_known": lambda: UserFactory(density="dense"),
    "accounts_user_groups_user_id_group_id_59c0b32f_uniq": lambda: again(place_in_a_group()),
    "accounts_user_user_permi_user_id_permission_id_2ab516c2_uniq": lambda: again(permission_of_a_user()),
    "membership_once_per_account": lambda: again(MembershipFactory()),
    "account_keeps_full_access: update accounts_membership": [
        lambda: change(MembershipFactory(), read_only=True),
        lambda: change(MembershipFactory(), account=AccountFactory()),
    ],
    "account_keeps_full_access: delete accounts_membership": lambda: MembershipFactory().delete(),
    "account_keeps_full_access: update accounts_user": lambda: change(MembershipFactory().user, is_active=False),
    "invitation_one_open_per_address": lambda: again(InvitationFactory(), digest="another"),
    "accounts_invitation_digest_key": lambda: again(InvitationFactory(), email="another@shop.example"),
    "invitation_email_lower_case": lambda: InvitationFactory(email="Ada@shop.example"),
    "invitation_accepted_has_a_user": [
        lambda: InvitationFactory(accepted_at=timezone.now()),
        lambda: InvitationFactory(accepted_by=UserFactory()),
    ],
    "invitation_ends_once": each(
        lambda ways: ended(*ways), ("accepted", "declined"), ("accepted", "revoked"), ("declined", "revoked")
    ),
    "emailchange_lower_case": lambda: EmailChangeFactory(new_email="Ada@shop.example"),
    "accounts_emailchange_user_id_key": lambda: again(EmailChangeFactory(), old_digest="old", new_digest="new"),
    "accounts_emailchange_old_digest_key": lambda: again(EmailChangeFactory(), user=UserFactory(), new_digest="new"),
    "accounts_emailchange_new_digest_key": lambda: again(EmailChangeFactory(), user=UserFactory(), old_digest="old"),
    "accounts_rescue_digest_key": lambda: again(RescueFactory()),
    "firstloginlink_only_one": lambda: FirstLoginLinkFactory(id=2),
    "activity_is_append_only: update accounts_activity": lambda: change(ActivityFactory(), target="another"),
    "activity_is_append_only: delete accounts_activity": lambda: ActivityFactory().delete(),
    "signinpause_failures_not_negative": lambda: SignInPause.objects.create(
        key="key", failures=-1, failed_at=timezone.now()
    ),
    "accounts_scimtoken_digest_key": lambda: again(ScimTokenFactory(), name="another"),
    "scimtoken_name_once_per_account": lambda: again(ScimTokenFactory(name="Okta"), name="OKTA", digest="a" * 64),
    "scimtoken_has_a_name": lambda: ScimTokenFactory(name=""),
    "scimtoken_digest_is_sha256": lambda: ScimTokenFactory(digest="A" * 64),
    "scimtoken_ending_four_characters": lambda: ScimTokenFactory(ending="abc"),
    "scimtoken_revoked_by_with_a_time": lambda: ScimTokenFactory(revoked_by=UserFactory()),
    "scimperson_user_name_once_per_account": lambda: again(
        ScimPersonFactory(user_name="ada"), user_name="ADA", email="another@shop.example"
    ),
    "scimperson_email_once_per_account": lambda: again(ScimPersonFactory(), user_name="another"),
    "scimperson_user_once_per_account": lambda: again(
        ScimPersonFactory(user=UserFactory()), user_name="another", email="another@shop.example"
    ),
    "scimperson_email_lower_case": lambda: ScimPersonFactory(email="Ada@shop.example"),
    "scimperson_has_a_user_name": lambda: ScimPersonFactory(user_name="", email="ada@shop.example"),
    "scimperson_waiting_for_new_access": lambda: ScimPersonFactory(is_waiting=True, kept_read_only=False),
    "cache_entries_pkey": lambda: insert_twice("cache_entries"),
    **required("cache_entries", "cache_key value expires"),
}
