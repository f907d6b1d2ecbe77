"""Invitations as people meet them: a mail that really arrived, and the link in it."""

from datetime import timedelta

import pytest
from allauth.account.models import EmailAddress
from django.test import Client
from django.urls import reverse
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from accounts.models import Invitation, Membership, User
from tests.accounts.conftest import PASSWORD
from tests.factories import MembershipFactory, UserFactory
from tests.mailbox import html_of, path_in, text_of

pytestmark = pytest.mark.django_db(transaction=True)


def invite(client, account, emails, **fields):
    return client.post(reverse("accounts:invite", args=[account.pk]), {"emails": emails, **fields})


def test_somebody_new_sets_a_password_and_is_in(mailbox, account, ada, browser_of):
    invite(browser_of(ada.user), account, "New@Shop.example")
    mailbox.work()
    newcomer = Client()

    page = newcomer.get(path_in(mailbox.to("new@shop.example")[0]))
    answer = newcomer.post(page.request["PATH_INFO"], {"name": "Newcomer", "password": PASSWORD}, follow=True)

    assert answer.status_code == 200
    assert answer.context["user"].email == "new@shop.example"
    assert Membership.objects.get(account=account, user__email="new@shop.example").read_only is False
    assert EmailAddress.objects.get(email="new@shop.example").verified


def test_somebody_with_a_login_signs_in_and_accepts(mailbox, account, ada, browser_of):
    bob = User.objects.create_user("bob@shop.example", PASSWORD, name="Bob")
    invite(browser_of(ada.user), account, "bob@shop.example", read_only="on")
    mailbox.work()
    path = path_in(mailbox.to("bob@shop.example")[0])
    client = Client()

    asked = client.get(path)
    client.post(
        reverse("account_login"), {"login": "bob@shop.example", "password": PASSWORD, "next": asked.context["next"]}
    )
    client.post(path)

    assert bob.memberships.get().read_only is True
    assert bob.memberships.get().invited_by == ada.user


def test_the_mail_says_the_same_as_text_and_as_html(mailbox, account, ada, browser_of):
    invite(browser_of(ada.user), account, "new@shop.example")
    mailbox.work()

    (message,) = mailbox.to("new@shop.example")

    assert message["Subject"] == "Ada invites you to Shop on Heapadmin"
    assert path_in(message) in html_of(message)
    assert "with full access" in text_of(message)
    assert "with full access" in html_of(message)


def test_names_put_no_link_and_no_line_into_the_mail(mailbox, account, ada, browser_of):
    User.objects.filter(pk=ada.user_id).update(name="Ada https://evil.example/x\r\nBcc: a@evil.example <b>")
    account.name = "evil.example/login"
    account.save(update_fields=["name"])
    invite(browser_of(User.objects.get(pk=ada.user_id)), account, "new@shop.example")
    mailbox.work()

    (message,) = mailbox.to("new@shop.example")

    assert message["Bcc"] is None
    assert "evil.example" not in message.as_string()
    assert "<b>" not in html_of(message)


def test_several_addresses_at_once_get_a_mail_each(mailbox, account, ada, browser_of):
    invite(browser_of(ada.user), account, "a@shop.example, b@shop.example;c@shop.example\nA@shop.example")
    mailbox.work()

    assert sorted(message["To"] for message in mailbox.messages) == [
        "a@shop.example",
        "b@shop.example",
        "c@shop.example",
    ]


def test_links_lead_to_site_url_whatever_the_host_header_says(mailbox, account, ada, browser_of, settings):
    settings.SITE_URL = "https://heap.shop.example"
    settings.ALLOWED_HOSTS = ["evil.example"]
    browser_of(ada.user).post(
        reverse("accounts:invite", args=[account.pk]), {"emails": "new@shop.example"}, headers={"host": "evil.example"}
    )
    mailbox.work()

    assert "https://heap.shop.example/account/invitation/" in text_of(mailbox.messages[0])
    assert "evil.example" not in mailbox.messages[0].as_string()


def test_resending_voids_the_old_link(mailbox, account, ada, browser_of):
    client = browser_of(ada.user)
    invite(client, account, "new@shop.example")
    mailbox.work()
    client.post(reverse("accounts:invitation_resend", args=[account.pk, Invitation.objects.get().pk]))
    mailbox.work()

    old, new = (path_in(message) for message in mailbox.to("new@shop.example"))

    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200


def test_inviting_an_address_again_voids_the_old_link_and_keeps_one_offer(mailbox, account, ada, browser_of):
    client = browser_of(ada.user)
    invite(client, account, "new@shop.example")
    mailbox.work()
    invite(client, account, "new@shop.example", read_only="on")
    mailbox.work()

    old, new = (path_in(message) for message in mailbox.to("new@shop.example"))

    assert Client().get(old).status_code == 404
    assert Client().get(new).status_code == 200
    assert Invitation.objects.get().read_only is True


def test_a_declined_invitation_tells_the_inviter(mailbox, account, ada, browser_of):
    invite(browser_of(ada.user), account, "new@shop.example")
    mailbox.work()
    path = path_in(mailbox.to("new@shop.example")[0])

    Client().post(f"{path}decline/")
    mailbox.work()

    assert "declined the invitation to Shop" in mailbox.to("ada@shop.example")[0]["Subject"]
    assert Client().get(path).status_code == 410


def test_an_expired_link_lets_its_receiver_ask_for_a_new_one_once_a_day(mailbox, account, ada, browser_of):
    invite(browser_of(ada.user), account, "new@shop.example")
    mailbox.work()
    path = path_in(mailbox.to("new@shop.example")[0])
    Invitation.objects.update(expires_at=timezone.now() - timedelta(seconds=1))

    assert "Ask for a new one" in Client().get(path).content.decode()
    for _ in range(3):
        assert Client().post(f"{path}ask-again/").status_code == 200
    mailbox.work()

    assert len(mailbox.to("ada@shop.example")) == 1
    assert Client().post(path, {"name": "N", "password": PASSWORD}).status_code == 410


def test_a_mail_server_that_refuses_is_tried_again_and_shown_on_the_tab(mailbox, account, ada, browser_of):
    client = browser_of(ada.user)
    mailbox.refusing = True
    invite(client, account, "new@shop.example")
    mailbox.work()

    job = ProcrastinateJob.objects.get(task_name="accounts.send_invitation")  # the clock adds jobs of its own
    tab = client.get(reverse("accounts:teammate_list", args=[account.pk])).content.decode()
    assert (job.status, job.attempts) == ("todo", 1)
    assert "the disk is full" in tab

    mailbox.refusing = False
    ProcrastinateJob.objects.filter(pk=job.pk).update(scheduled_at=timezone.now())
    mailbox.work()

    assert len(mailbox.to("new@shop.example")) == 1
    assert Invitation.objects.get().mail_problem == ""
    assert Invitation.objects.get().mailed_at is not None


def test_no_mail_goes_out_for_an_invitation_that_was_revoked_before_the_worker_came(mailbox, account, ada, browser_of):
    client = browser_of(ada.user)
    invite(client, account, "new@shop.example")
    client.post(reverse("accounts:invitation_revoke", args=[account.pk, Invitation.objects.get().pk]))

    mailbox.work()

    assert mailbox.messages == []


def test_neither_the_database_nor_the_queue_holds_the_secret(mailbox, account, ada, browser_of):
    invite(browser_of(ada.user), account, "new@shop.example")
    stored = str(list(Invitation.objects.values())) + str(list(ProcrastinateJob.objects.values()))
    mailbox.work()

    secret = path_in(mailbox.messages[0]).strip("/").rpartition("/")[2]

    assert secret not in stored + str(list(ProcrastinateJob.objects.values()))


def test_a_link_that_somebody_copied_does_not_prove_the_address(account, ada, browser_of):
    client = browser_of(ada.user)
    invite(client, account, "new@shop.example")
    shown = client.post(reverse("accounts:invitation_link", args=[account.pk, Invitation.objects.get().pk]))
    path = shown.context["link"].partition("8000")[2]

    Client().post(path, {"name": "Newcomer", "password": PASSWORD})

    assert Membership.objects.filter(user__email="new@shop.example").exists()
    assert not EmailAddress.objects.get(email="new@shop.example").verified


def test_the_inviters_departure_revokes_what_they_offered(mailbox, account, ada, grace, browser_of):
    invite(browser_of(grace.user), account, "new@shop.example")
    mailbox.work()

    browser_of(ada.user).post(reverse("accounts:teammate_remove", args=[account.pk, grace.pk]))

    assert Client().get(path_in(mailbox.to("new@shop.example")[0])).status_code == 410


def test_invitations_work_while_sign_up_is_closed(mailbox, account, ada, browser_of, settings):
    settings.SIGNUP_OPEN = False
    invite(browser_of(ada.user), account, "new@shop.example")
    mailbox.work()

    Client().post(path_in(mailbox.messages[0]), {"name": "Newcomer", "password": PASSWORD})

    assert User.objects.filter(email="new@shop.example").exists()


def test_a_teammate_invited_twice_keeps_one_place(mailbox, account, ada, browser_of):
    invite(browser_of(ada.user), account, "bob@shop.example", read_only="on")
    mailbox.work()
    bob = MembershipFactory(account=account, user=UserFactory(email="bob@shop.example"))

    browser_of(bob.user).post(path_in(mailbox.messages[0]))

    bob.refresh_from_db()
    assert bob.read_only is False
    assert bob.user.memberships.count() == 1
