"""An account always keeps a teammate with full access, whatever the way."""

import threading

import pytest
from django.contrib.admin import ModelAdmin
from django.contrib.admin.sites import AdminSite
from django.db import IntegrityError, connection, transaction
from django.test import RequestFactory
from django.urls import reverse
from django.utils import timezone

from accounts.actions import logins, memberships
from accounts.full_access import LastFullAccess, keeping_full_access
from accounts.models import Account, Activity, Membership, User
from tests.factories import AccountFactory, MembershipFactory, UserFactory
from tests.together import both_at_once

ONLY = "without a teammate with full access"


@pytest.fixture
def reader(account, ada):
    return MembershipFactory(account=account, read_only=True)


@pytest.mark.django_db
class TestByPages:
    def post(self, browser_of, member, name, **data):
        args = [member.account_id] if name == "leave" else [member.account_id, member.pk]
        return browser_of(member.user).post(reverse(f"accounts:{name}", args=args), data, follow=True)

    def test_the_last_one_cannot_make_themselves_read_only(self, ada, reader, browser_of):
        response = self.post(browser_of, ada, "teammate_access", read_only="on")

        ada.refresh_from_db()
        assert ada.read_only is False
        assert "last teammate with full access" in response.content.decode()

    def test_the_last_one_cannot_leave(self, ada, reader, browser_of):
        response = self.post(browser_of, ada, "leave")

        assert Membership.objects.filter(pk=ada.pk).exists()
        assert "last teammate with full access" in response.content.decode()

    def test_the_attempt_is_in_the_activity(self, ada, reader, browser_of):
        self.post(browser_of, ada, "leave")

        assert Activity.objects.get(verb="refused").details["reason"] == "last full access"

    def test_with_somebody_else_in_charge_one_may_leave(self, ada, grace, browser_of):
        self.post(browser_of, ada, "leave")

        assert not Membership.objects.filter(pk=ada.pk).exists()

    def test_an_inactive_login_does_not_count_as_somebody_in_charge(self, ada, grace, browser_of):
        User.objects.filter(pk=grace.user_id).update(is_active=False)

        self.post(browser_of, ada, "leave")

        assert Membership.objects.filter(pk=ada.pk).exists()


@pytest.mark.django_db
class TestByActions:
    def test_deleting_the_login_names_the_accounts_that_hold_it(self, ada, reader):
        shared = AccountFactory(name="Shared")
        MembershipFactory(account=shared, user=ada.user)
        MembershipFactory(account=shared)

        with pytest.raises(LastFullAccess) as refusal:
            logins.delete_login(user=ada.user)

        assert [account.name for account in refusal.value.accounts] == ["Shop"]
        assert User.objects.filter(pk=ada.user_id).exists()

    def test_removing_somebody_who_is_read_only_is_always_possible(self, ada, reader):
        memberships.remove(membership=reader, by=ada.user)

        assert not Membership.objects.filter(pk=reader.pk).exists()

    def test_a_refused_change_leaves_nothing_behind(self, ada, reader):
        with pytest.raises(LastFullAccess):
            memberships.set_access(membership=ada, read_only=True, by=ada.user)

        assert not Activity.objects.exists()


def forbidden(change):
    """The database refuses `change` at the commit."""
    with pytest.raises(IntegrityError, match=ONLY), transaction.atomic():
        change()


@pytest.mark.django_db(transaction=True)
class TestPastTheActions:
    """By the ORM, SQL or the staff's admin: the database's own trigger."""

    def test_demotion(self, ada, reader):
        forbidden(lambda: Membership.objects.filter(pk=ada.pk).update(read_only=True))

    def test_removal(self, ada, reader):
        forbidden(lambda: Membership.objects.filter(pk=ada.pk).delete())

    def test_moving_the_place_to_another_account(self, ada, reader):
        other = AccountFactory()

        forbidden(lambda: Membership.objects.filter(pk=ada.pk).update(account=other))

    def test_deleting_the_login(self, ada, reader):
        forbidden(lambda: User.objects.get(pk=ada.user_id).delete())

    def test_switching_the_login_off(self, ada, reader):
        forbidden(lambda: User.objects.filter(pk=ada.user_id).update(is_active=False))

    def test_everybody_at_once(self, ada, grace):
        forbidden(lambda: Membership.objects.all().update(read_only=True))

    def test_raw_sql(self, ada, reader):
        def change():
            with connection.cursor() as cursor:
                cursor.execute("delete from accounts_membership")

        forbidden(change)

    def test_the_staffs_admin(self, ada, reader):
        request = RequestFactory().post("/")
        request.user = UserFactory(is_staff=True, is_superuser=True)
        admin = ModelAdmin(Membership, AdminSite())

        forbidden(lambda: admin.delete_queryset(request, Membership.objects.filter(pk=ada.pk)))

    def test_swapping_who_is_in_charge_within_one_transaction_is_fine(self, ada, reader):
        with transaction.atomic():
            Membership.objects.filter(pk=ada.pk).update(read_only=True)
            Membership.objects.filter(pk=reader.pk).update(read_only=False)

        assert Membership.objects.full_access().get() == reader

    def test_a_closed_account_may_lose_everybody(self, ada, reader):
        Account.objects.update(closed_at=timezone.now())

        Membership.objects.all().delete()

        assert not Membership.objects.exists()

    def test_an_account_goes_with_all_its_teammates(self, ada, reader):
        Account.objects.all().delete()

        assert not Membership.objects.exists()


@pytest.mark.django_db(transaction=True)
class TestTwoAtOnce:
    def test_two_admins_cannot_remove_each_other(self, account, ada, grace):
        errors = both_at_once(
            lambda: memberships.remove(membership=grace, by=ada.user),
            lambda: memberships.remove(membership=ada, by=grace.user),
        )

        assert Membership.objects.full_access().filter(account=account).count() == 1
        assert sum(error is not None for error in errors) == 1

    def test_two_admins_cannot_both_leave(self, account, ada, grace):
        errors = both_at_once(lambda: memberships.leave(membership=ada), lambda: memberships.leave(membership=grace))

        assert Membership.objects.full_access().filter(account=account).count() == 1
        assert [type(error) for error in errors if error] == [LastFullAccess]

    def test_the_later_of_two_waits_for_the_earlier_and_is_told_in_words(self, account, ada, grace):
        """Without the lock on the account the later one would go through and the earlier one fail at its commit."""
        ada_is_out, grace_is_done = threading.Event(), threading.Event()

        def earlier():
            with keeping_full_access([account.pk]):
                Membership.objects.filter(pk=ada.pk).delete()
                ada_is_out.set()
                assert not grace_is_done.wait(timeout=1)

        def later():
            ada_is_out.wait(timeout=10)
            try:
                memberships.leave(membership=grace)
            finally:
                grace_is_done.set()

        errors = both_at_once(earlier, later)

        assert [type(error) for error in errors] == [type(None), LastFullAccess]

    def test_two_transactions_past_the_actions_cannot_either(self, account, ada, grace):
        """Each sees the other's row until the other commits: only the lock in the trigger makes one of them wait."""
        meet = threading.Barrier(2)

        def demote(member):
            with transaction.atomic():
                Membership.objects.filter(pk=member.pk).update(read_only=True)
                meet.wait(timeout=10)  # both have written, neither has committed

        errors = both_at_once(lambda: demote(ada), lambda: demote(grace))

        assert Membership.objects.full_access().filter(account=account).count() == 1
        assert [type(error) for error in errors if error] == [IntegrityError]
