"""One mailbox is one address, in whichever form its domain is typed; and no address holds what nobody can see."""

from importlib import import_module

import pytest
from allauth.account.models import EmailAddress
from django.apps import apps
from django.core.exceptions import ValidationError
from django.core.management import CommandError, call_command
from django.test import Client
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.actions import invitations
from accounts.forms import EmailChangeForm, InviteForm
from accounts.models import EmailChange, Invitation, User
from common.addresses import check, normal
from tests.accounts.conftest import PASSWORD
from tests.accounts.factories import EmailChangeFactory, InvitationFactory
from tests.accounts.test_signing_in import sign_in, sign_up
from tests.factories import MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db
TYPED, STORED = "Lena@MÜNCHEN.example", "lena@xn--mnchen-3ya.example"
FORMS = [TYPED, "lena@münchen.example", "lena@mu\u0308nchen.example", STORED, STORED.upper()]
UNSEEN = ["ada@sh\u200bop.example", "ada@shop.exam\ufffdple", "ada@sh\u00adop.example", "ada@\ufeffshop.example",
          "ada@sh\u2060op.example", "ada@shop\u200d.example", "ada\u200b@shop.example", "ada@sh\ue000op.example",
          "ada@sh\u0378op.example", '"a\x01da"@shop.example', "ada@sh\u202eop.example"]  # fmt: skip
NO_DOMAIN = ["ada@sh\u3164op.example", "ada@sh\ufe0fop.example", "ada@sh\u034fop.example", "ada@😀.example",
             "ada@ｓhop.example", "ada@shop\u3002example"]  # fmt: skip


@pytest.fixture
def lena():
    return UserFactory(email=STORED)


class TestNormalForm:
    @pytest.mark.parametrize("typed", FORMS)
    def test_every_way_to_type_a_mailbox_has_one(self, typed):
        assert normal(f" {typed} ") == STORED

    @pytest.mark.parametrize(
        ("typed", "stored"),
        [
            ("Ada@Shop.example", "ada@shop.example"),
            ("a@straße.example", "a@xn--strae-oqa.example"),  # not strasse.example, which is another domain
            ("a@例え.テスト", "a@xn--r8jz45g.xn--zckzah"),
            ("no address", "no address"),
            ("", ""),
            ("a@😀.example", "a@😀.example"),
        ],
    )
    def test_others(self, typed, stored):
        assert normal(typed) == stored
        assert normal(stored) == stored

    @pytest.mark.parametrize("address", UNSEEN)
    def test_what_cannot_be_seen_is_refused_by_its_number(self, address):
        with pytest.raises(ValidationError, match=r"cannot be seen \(U\+"):
            check(normal(address))

    @pytest.mark.parametrize("address", NO_DOMAIN)
    def test_what_no_domain_can_hold_is_refused(self, address):
        with pytest.raises(ValidationError, match=r"valid e-?mail address"):
            check(normal(address))

    def test_a_domain_that_is_too_long_in_ascii_is_refused(self):
        with pytest.raises(ValidationError):
            check(normal(f"a@{'ü' * 62}.example"))


class TestInvitations:
    @pytest.mark.parametrize("address", UNSEEN + NO_DOMAIN)
    def test_one_to_such_an_address_is_refused(self, account, ada, browser_of, address):
        url = reverse("accounts:invite", args=[account.pk])

        answer = browser_of(ada.user).post(url, {"emails": address})

        assert answer.status_code == 422
        assert not Invitation.objects.exists()

    def test_the_message_names_the_character(self):
        form = InviteForm({"emails": "ok@shop.example, ada@sh\u200bop.example"})

        assert form.errors["emails"] == ["“ada@sh\u200bop.example” holds a character that cannot be seen (U+200B)."]

    def test_both_forms_are_one_invitation(self, account, ada, browser_of):
        url = reverse("accounts:invite", args=[account.pk])
        for typed in FORMS:
            browser_of(ada.user).post(url, {"emails": f"{typed}, {STORED}"})

        assert Invitation.objects.get().email == STORED

    def test_a_teammate_is_known_by_both_forms(self, account, ada, lena, browser_of):
        MembershipFactory(account=account, user=lena)

        browser_of(ada.user).post(reverse("accounts:invite", args=[account.pk]), {"emails": TYPED})

        assert not Invitation.objects.exists()

    def test_who_has_a_login_accepts(self, account, ada, lena, browser_of):
        browser_of(ada.user).post(reverse("accounts:invite", args=[account.pk]), {"emails": TYPED})

        browser_of(lena).post("/account/" + invitations.link_of(Invitation.objects.get()).partition("/account/")[2])

        assert account.memberships.filter(user=lena).exists()


class TestLogins:
    @pytest.mark.parametrize("typed", FORMS)
    def test_either_form_signs_in(self, typed):
        User.objects.create_user(TYPED, PASSWORD)

        _, response = sign_in(typed)

        assert response.status_code == 302

    def test_wrong_passwords_count_for_both_forms(self):
        User.objects.create_user(TYPED, PASSWORD)
        for typed in FORMS:
            sign_in(typed, "a wrong password")

        _, response = sign_in(TYPED)

        assert "Too many failed" in response.content.decode()

    @pytest.mark.parametrize("typed", FORMS)
    def test_no_second_login_for_one_mailbox(self, lena, typed, settings):
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"

        sign_up(typed)

        assert User.objects.count() == 1

    def test_a_new_login_is_stored_in_the_normal_form(self):
        sign_up(TYPED)

        assert User.objects.get().email == EmailAddress.objects.get().email == STORED

    @pytest.mark.parametrize("address", UNSEEN + NO_DOMAIN)
    def test_signing_up_with_what_cannot_be_seen_is_refused(self, address):
        answer = sign_up(address)

        assert answer.status_code == 200
        assert "email" in answer.context["form"].errors
        assert not User.objects.exists()

    def test_a_new_password_goes_to_the_stored_form(self, lena):
        Client().post(reverse("account_reset_password"), {"email": TYPED})

        assert ProcrastinateJob.objects.get().args == {"user_id": lena.pk, "to": STORED}

    def test_a_change_of_address(self, lena):
        assert EmailChangeForm({"new_email": TYPED}, user=lena).errors == {"new_email": ["That is your address now."]}
        assert EmailChangeForm({"new_email": TYPED}, user=UserFactory()).is_valid()
        assert not EmailChangeForm({"new_email": UNSEEN[0]}, user=lena).is_valid()

    def test_an_own_login_is_deleted_by_typing_either_form(self, lena, browser_of):
        client = Client()
        user = User.objects.create_user("eve@zürich.example", PASSWORD)
        client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})

        client.post(reverse("accounts:login_delete"), {"confirm": "eve@zürich.example"})

        assert list(User.objects.all()) == [lena]

    def test_commands_know_both_forms(self, capsys):
        call_command("createaccount", email=TYPED, password=PASSWORD, account="A")
        call_command("grantadmin", "lena@münchen.example")

        assert User.objects.get_by_natural_key(TYPED).email == STORED
        with pytest.raises(CommandError, match=r"taken|exists"):
            call_command("createaccount", email=STORED, password=PASSWORD, account="B")
        with pytest.raises(CommandError, match="cannot be seen"):
            call_command("createaccount", email=UNSEEN[0], password=PASSWORD, account="B")


class TestFormerRows:
    """What was stored before there was a normal form (migration 0007)."""

    def convert(self):
        import_module("accounts.migrations.0007_one_form_of_addresses").convert(apps, None)

    def former(self, email):
        user = User.objects.create_user("former@shop.example", PASSWORD)
        EmailAddress.objects.filter(user=user).update(email=email)
        User.objects.filter(pk=user.pk).update(email=email)
        return user

    @pytest.mark.parametrize("email", ["lena@münchen.example", "a@straße.example", "b@例え.テスト"])
    def test_they_get_the_normal_form(self, email, account):
        user = self.former(email)
        InvitationFactory(account=account, email=email)
        EmailChangeFactory(new_email=email)

        self.convert()

        user.refresh_from_db()
        stored = {user.email, Invitation.objects.get().email, EmailChange.objects.get().new_email}
        assert stored == {EmailAddress.objects.get(user=user).email} == {normal(email)}

    @pytest.mark.parametrize("email", ["ada@sh\u200bop.example", "ada@shop.example", "ad.ü@shop.example"])
    def test_what_cannot_have_one_stays(self, email):
        user = self.former(email)

        self.convert()

        user.refresh_from_db()
        assert user.email == email

    @pytest.mark.parametrize("is_proven", [True, False])
    def test_two_logins_for_one_mailbox_stay_two(self, is_proven):
        lena = User.objects.create_user(STORED, "another good password")
        if not is_proven:
            EmailAddress.objects.filter(user=lena).delete()
        user = self.former("lena@münchen.example")

        self.convert()

        assert User.objects.get(pk=user.pk).email == "lena@münchen.example"
        assert sign_in("lena@münchen.example", PASSWORD)[1].status_code == 302
        assert sign_in(STORED, "another good password")[1].status_code == 302
