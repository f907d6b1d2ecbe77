"""One's own login: name, address, sessions, deleting it; and that another person's is out of reach."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from allauth.usersessions.models import UserSession
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import logins
from accounts.models import Activity, EmailChange, Invitation, User
from common import links
from tests.accounts.conftest import PASSWORD
from tests.factories import MembershipFactory
from tests.mailbox import path_in
from tests.world import make_invitation

pytestmark = pytest.mark.django_db


@pytest.fixture
def bob(account, ada):
    """A full-access teammate who can sign in with a password."""
    user = User.objects.create_user("bob@shop.example", PASSWORD, name="Bob")
    return MembershipFactory(account=account, user=user)


def signed_in(user, recently=True):
    """A browser in which the person signed in by the form, and confirmed the password a moment ago."""
    client = Client()
    client.post(reverse("account_login"), {"login": user.email, "password": PASSWORD})
    if recently:
        client.post(reverse("account_reauthenticate"), {"password": PASSWORD})
    return client


class TestName:
    def test_it_is_saved_and_told(self, bob):
        signed_in(bob.user).post(reverse("accounts:profile"), {"name": "Robert"})

        assert User.objects.get(pk=bob.user_id).name == "Robert"
        assert Activity.objects.latest("id").verb == "login.rename"

    def test_saving_the_name_undoes_nothing_that_was_changed_meanwhile(self, bob):
        stale = User.objects.get(pk=bob.user_id)
        User.objects.filter(pk=bob.user_id).update(email="robert@shop.example")

        logins.change_name(user=stale, name="Robert")

        assert User.objects.get(pk=bob.user_id).email == "robert@shop.example"


class TestAddress:
    def ask(self, user, new_email="robert@shop.example"):
        return signed_in(user).post(reverse("accounts:email_change"), {"new_email": new_email})

    def confirm(self, side):
        nonce = EmailChange.objects.get().nonce
        return Client().post(reverse("accounts:email_confirm", args=[links.secret(f"email_change.{side}", nonce)]))

    @pytest.mark.parametrize("order", [("old", "new"), ("new", "old")])
    def test_both_mailboxes_must_confirm(self, bob, order):
        self.ask(bob.user)

        self.confirm(order[0])
        assert User.objects.get(pk=bob.user_id).email == "bob@shop.example"
        self.confirm(order[1])

        assert User.objects.get(pk=bob.user_id).email == "robert@shop.example"
        assert EmailAddress.objects.get(user=bob.user).email == "robert@shop.example"

    @pytest.mark.parametrize("side", ["old", "new"])
    def test_one_mailbox_twice_is_not_two(self, bob, side):
        self.ask(bob.user)

        self.confirm(side)
        self.confirm(side)

        assert User.objects.get(pk=bob.user_id).email == "bob@shop.example"

    def test_looking_at_the_links_confirms_nothing(self, bob):
        self.ask(bob.user)
        nonce = EmailChange.objects.get().nonce

        for side in ("old", "new"):
            Client().get(reverse("accounts:email_confirm", args=[links.secret(f"email_change.{side}", nonce)]))

        assert User.objects.get(pk=bob.user_id).email == "bob@shop.example"
        assert EmailChange.objects.get().old_confirmed_at is None

    def test_an_expired_link_confirms_nothing(self, bob):
        self.ask(bob.user)
        EmailChange.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

        assert self.confirm("old").status_code == 404

    def test_asking_again_voids_the_former_links(self, bob):
        self.ask(bob.user)
        nonce = EmailChange.objects.get().nonce
        self.ask(bob.user, "bobby@shop.example")

        path = reverse("accounts:email_confirm", args=[links.secret("email_change.new", nonce)])
        assert Client().post(path).status_code == 404

    def test_changing_ones_mind_voids_the_links(self, bob):
        self.ask(bob.user)
        nonce = EmailChange.objects.get().nonce
        signed_in(bob.user).post(reverse("accounts:email_change_cancel"))

        path = reverse("accounts:email_confirm", args=[links.secret("email_change.new", nonce)])
        assert Client().post(path).status_code == 404

    def test_an_address_that_another_login_has_is_not_told_and_not_taken(self, bob, ada):
        known, unknown = self.ask(bob.user, ada.user.email), self.ask(bob.user, "free@shop.example")
        assert (known.status_code, known.url) == (unknown.status_code, unknown.url)

        self.ask(bob.user, ada.user.email)
        self.confirm("old")

        assert self.confirm("new").status_code == 404
        assert User.objects.get(pk=bob.user_id).email == "bob@shop.example"

    def test_it_takes_the_password_again(self, bob):
        response = signed_in(bob.user, recently=False).post(
            reverse("accounts:email_change"), {"new_email": "robert@shop.example"}
        )

        assert response.url.startswith(reverse("account_reauthenticate"))
        assert not EmailChange.objects.exists()

    def test_allauths_own_page_of_addresses_is_not_there(self, bob):
        client = signed_in(bob.user)

        client.post("/login/email/", {"action_add": "", "email": "second@shop.example"})

        assert client.get("/login/email/").url == reverse("accounts:email_change")
        assert not EmailAddress.objects.filter(email="second@shop.example").exists()


class TestSessions:
    def test_one_session_is_ended(self, bob):
        here, there = signed_in(bob.user), signed_in(bob.user)
        session = UserSession.objects.get(session_key=there.session.session_key)

        here.post(reverse("accounts:session_end", args=[session.pk]))

        assert there.get(reverse("accounts:profile")).status_code == 302
        assert here.get(reverse("accounts:profile")).status_code == 200

    def test_all_others_are_ended(self, bob):
        here, there = signed_in(bob.user), signed_in(bob.user)

        here.post(reverse("usersessions_list"))

        assert there.get(reverse("accounts:profile")).status_code == 302
        assert here.get(reverse("accounts:profile")).status_code == 200
        assert Activity.objects.latest("id").details == {"ended": 1}

    def test_another_persons_session_is_out_of_reach(self, bob, ada):
        signed_in(bob.user)
        session = UserSession.objects.get(user=bob.user)
        stranger = MembershipFactory(user=User.objects.create_user("eve@else.example", PASSWORD))

        response = signed_in(stranger.user).post(reverse("accounts:session_end", args=[session.pk]))

        assert response.status_code == 404
        assert UserSession.objects.filter(pk=session.pk).exists()

    def test_they_are_listed_with_where_they_come_from(self, bob):
        page = signed_in(bob.user).get(reverse("usersessions_list")).content.decode()

        assert "127.0.0.1" in page
        assert "this one" in page

    @pytest.mark.parametrize(
        ("header", "words"),
        [
            ("Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/130.0 Safari/537.36",
             "Chrome on Linux"),
            ("my <b>own</b> program", "my &lt;b&gt;own&lt;/b&gt; program"),
        ],
    )  # fmt: skip
    def test_browsers_have_the_names_that_people_know(self, bob, header, words):
        client = signed_in(bob.user)
        UserSession.objects.update(user_agent=header)

        page = client.get(reverse("usersessions_list"), headers={"User-Agent": header}).content.decode()

        assert f">{words}</span>" in page


class TestDeleting:
    def delete(self, user, confirm=None):
        data = {"confirm": confirm or user.email}
        client = signed_in(user)
        return client, client.post(reverse("accounts:login_delete"), data)

    def test_the_login_is_gone_and_activity_remembers(self, bob, account):
        client, response = self.delete(bob.user)

        assert response.url == reverse("account_login")
        assert not User.objects.filter(email="bob@shop.example").exists()
        assert client.get(reverse("accounts:profile")).status_code == 302
        assert Activity.objects.filter(account=account).latest("id").by_email == "bob@shop.example"

    def test_it_is_refused_to_the_last_one_in_charge_and_names_the_account(self, bob, ada):
        ada.read_only = True
        ada.save(update_fields=["read_only"])

        _, response = self.delete(bob.user)

        assert response.status_code == 409
        assert "last teammate with full access" in response.content.decode()
        assert [each.name for each in response.context["held_by"]] == ["Shop"]
        assert User.objects.filter(email="bob@shop.example").exists()

    @pytest.mark.parametrize("right", ["is_staff", "is_superuser"])
    def test_staff_does_not_take_its_own_record_away(self, bob, right):
        User.objects.filter(pk=bob.user_id).update(**{right: True})

        _, response = self.delete(bob.user)

        assert response.status_code == 409
        assert "on record" in response.content.decode()
        assert User.objects.filter(pk=bob.user_id).exists()

    def test_the_address_must_be_typed(self, bob):
        self.delete(bob.user, confirm="yes")

        assert User.objects.filter(email="bob@shop.example").exists()

    def test_it_takes_the_password_again(self, bob):
        client = signed_in(bob.user, recently=False)

        client.post(reverse("accounts:login_delete"), {"confirm": bob.user.email})

        assert User.objects.filter(email="bob@shop.example").exists()

    def test_open_offers_of_the_person_are_revoked(self, bob, account):
        make_invitation(account, bob.user, "x@shop.example")

        self.delete(bob.user)

        assert Invitation.objects.get().revoked_at is not None


@pytest.mark.django_db(transaction=True)
class TestByMail:
    def test_both_addresses_get_a_link_and_the_old_one_hears_of_the_change(self, mailbox, bob):
        signed_in(bob.user).post(reverse("accounts:email_change"), {"new_email": "robert@shop.example"})
        mailbox.work()

        Client().post(path_in(mailbox.to("bob@shop.example")[-1]))
        Client().post(path_in(mailbox.to("robert@shop.example")[-1]))
        mailbox.work()

        assert User.objects.get(pk=bob.user_id).email == "robert@shop.example"
        assert mailbox.to("bob@shop.example")[-1]["Subject"] == "Your address was changed"

    def test_a_forgotten_password_is_replaced_by_the_link_in_the_mail(self, mailbox, bob):
        client = Client()
        client.post(reverse("account_reset_password"), {"email": "bob@shop.example"})
        mailbox.work()

        page = client.get(path_in(mailbox.to("bob@shop.example")[0]))
        client.post(page.url, {"password1": "another long one", "password2": "another long one"})
        mailbox.work()

        assert User.objects.get(pk=bob.user_id).check_password("another long one")
        assert mailbox.to("bob@shop.example")[1]["Subject"] == "Your password was reset"

    def test_signing_up_with_mail_gets_in_by_the_link(self, mailbox, settings):
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
        client = Client()
        data = {"name": "N", "email": "n@shop.example", "password1": PASSWORD, "account_name": "A", "project_name": "P"}
        client.post(reverse("account_signup"), data)
        mailbox.work()

        client.post(path_in(mailbox.to("n@shop.example")[0]))

        assert client.get("/").url.startswith("/env/")

    def test_signing_up_with_a_known_address_tells_only_its_owner(self, mailbox, settings, bob):
        settings.ACCOUNT_EMAIL_VERIFICATION = "mandatory"
        data = {"name": "N", "email": bob.user.email, "password1": PASSWORD, "account_name": "A", "project_name": "P"}
        Client().post(reverse("account_signup"), data)
        mailbox.work()

        assert mailbox.to("bob@shop.example")[0]["Subject"] == "You have a login already"


def test_how_pages_look_is_kept_with_the_login(client, ada):
    client.force_login(ada.user)
    before = client.get(reverse("accounts:profile"))
    assert 'media="screen and (prefers-color-scheme: dark)"' in before.text
    assert "data-density" not in before.text

    client.post(reverse("accounts:appearance"), {"theme": "dark", "density": "compact"})
    dark = client.get(reverse("accounts:profile")).text
    assert '<html lang="en" data-density="compact">' in dark
    assert 'content="dark"' in dark
    assert 'media="screen"' in dark

    client.post(reverse("accounts:appearance"), {"theme": "light", "density": "comfortable"})
    light = client.get(reverse("accounts:profile")).text
    assert "css/dark" not in light

    refused = client.post(reverse("accounts:appearance"), {"theme": "pink", "density": "compact"})
    assert refused.status_code == 422
    assert User.objects.get().theme == "light"
