"""What the database holds by itself, each tried once."""

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from accounts.models import Account, EmailChange, Invitation, Membership, User
from tests.factories import AccountFactory, MembershipFactory, UserFactory
from tests.world import make_invitation

pytestmark = pytest.mark.django_db


def refused(name):
    return pytest.raises(IntegrityError, match=name)


def test_an_address_has_one_login_whatever_its_case():
    UserFactory(email="ada@shop.example")

    with refused("user_email_unique"), transaction.atomic():
        UserFactory(email="ada@shop.example")
    with refused("user_email_lower_case"), transaction.atomic():
        UserFactory(email="Ada@shop.example")


def test_an_account_has_a_name_and_a_known_rule():
    with refused("account_has_a_name"), transaction.atomic():
        AccountFactory(name="")
    with refused("account_who_may_invite_is_known"), transaction.atomic():
        Account.objects.create(name="A", who_may_invite="everybody")


def test_one_place_per_person_and_account():
    membership = MembershipFactory()

    with refused("membership_once_per_account"), transaction.atomic():
        Membership.objects.create(account=membership.account, user=membership.user)


class TestInvitation:
    @pytest.fixture
    def invitation(self):
        membership = MembershipFactory()
        return make_invitation(membership.account, membership.user, "x@shop.example")

    def change(self, invitation, **fields):
        with transaction.atomic():
            Invitation.objects.filter(pk=invitation.pk).update(**fields)

    def test_one_open_offer_per_address(self, invitation):
        with refused("invitation_one_open_per_address"), transaction.atomic():
            make_invitation(invitation.account, invitation.invited_by, invitation.email)

    def test_a_used_one_has_a_user(self, invitation):
        with refused("invitation_accepted_has_a_user"):
            self.change(invitation, accepted_at=timezone.now())
        with refused("invitation_accepted_has_a_user"):
            self.change(invitation, accepted_by=invitation.invited_by)

    def test_it_ends_once(self, invitation):
        with refused("invitation_ends_once"):
            self.change(invitation, declined_at=timezone.now(), revoked_at=timezone.now())

    def test_the_address_is_in_lower_case(self, invitation):
        with refused("invitation_email_lower_case"):
            self.change(invitation, email="X@shop.example")


def test_a_new_address_is_in_lower_case():
    with refused("emailchange_lower_case"), transaction.atomic():
        EmailChange.objects.create(
            user=UserFactory(), new_email="X@y.example", old_digest="a", new_digest="b", expires_at=timezone.now()
        )


def test_create_user_lower_cases_and_vouches_for_the_address():
    user = User.objects.create_user(" Ada@Shop.Example ", "x")

    assert user.email == "ada@shop.example"
    assert user.emailaddress_set.get().verified
