"""Where mail is not set up, pages say so, and show a link to whoever may have it."""

import re

import pytest
from allauth.account.models import EmailAddress
from django.contrib.sessions.models import Session
from django.test import Client
from django.urls import reverse

from accounts.actions import invitations
from accounts.models import Invitation
from heapadmin.given_settings.mail import default_sender
from tests.accounts.conftest import PASSWORD

pytestmark = pytest.mark.django_db
NOT_SET_UP = "Mail is not set up on this server"


@pytest.fixture(autouse=True)
def no_mail(settings, tmp_path):
    settings.EMAIL_BACKEND = settings.MAIL_FILES_BACKEND
    settings.EMAIL_FILE_PATH = tmp_path / "mail"


def invite(client, account, emails):
    return client.post(reverse("accounts:invite", args=[account.pk]), {"emails": emails}, follow=True).content.decode()


def links_in(page):
    return set(re.findall(r"http://\S+/account/invitation/[^/\s]+/", page))


def test_an_invitation_says_that_no_mail_goes_out_and_shows_the_link_once(account, ada, browser_of):
    client = browser_of(ada.user)

    page = invite(client, account, "new@shop.example")

    assert "Invited new@shop.example." in page and f"{NOT_SET_UP}: copy the link" in page
    assert "on its way" not in page
    assert links_in(page) == {invitations.link_of(Invitation.objects.get())}
    assert NOT_SET_UP not in client.get(reverse("accounts:teammate_list", args=[account.pk])).content.decode()


def test_the_session_holds_no_link(account, ada, browser_of):
    client = browser_of(ada.user)
    client.post(reverse("accounts:invite", args=[account.pk]), {"emails": "new@shop.example"})

    stored = str([each.get_decoded() for each in Session.objects.all()]) + str(client.cookies)

    assert "links_to_show" in stored
    assert invitations.link_of(Invitation.objects.get()).rstrip("/").rpartition("/")[2] not in stored


def test_each_of_several_has_its_link(account, ada, browser_of):
    page = invite(browser_of(ada.user), account, "a@shop.example, b@shop.example")

    assert f"{NOT_SET_UP}: copy the links" in page
    assert links_in(page) == {invitations.link_of(each) for each in Invitation.objects.all()}


def test_a_link_shown_to_the_inviter_does_not_prove_the_address(account, ada, browser_of):
    invite(browser_of(ada.user), account, "new@shop.example")
    path = invitations.link_of(Invitation.objects.get()).partition("8000")[2]

    Client().post(path, {"name": "Newcomer", "password": PASSWORD})

    assert not EmailAddress.objects.get(email="new@shop.example").verified


def test_a_renewed_invitation_shows_its_new_link(account, ada, browser_of):
    client = browser_of(ada.user)
    invite(client, account, "new@shop.example")
    old = invitations.link_of(Invitation.objects.get())

    url = reverse("accounts:invitation_resend", args=[account.pk, Invitation.objects.get().pk])
    page = client.post(url, follow=True).content.decode()

    assert "Sent" not in page and f"{NOT_SET_UP}: copy the link" in page
    assert links_in(page) == {invitations.link_of(Invitation.objects.get())} != {old}


def test_nobody_else_is_shown_the_link(account, ada, grace, browser_of):
    invite(browser_of(ada.user), account, "new@shop.example")

    page = browser_of(grace.user).get(reverse("accounts:teammate_list", args=[account.pk])).content.decode()

    assert links_in(page) == set()


def test_the_reset_page_says_whom_to_ask_and_the_same_for_every_address(ada):
    url = reverse("account_reset_password")

    asked = Client().get(url).content.decode()
    known, unknown = (
        Client().post(url, {"email": email}, follow=True).content.decode()
        for email in ("ada@shop.example", "nobody@shop.example")
    )

    assert NOT_SET_UP in asked and "you get a mail" not in asked
    assert NOT_SET_UP in known and "ask them for it" in known and "on its way" not in known
    assert without_tokens(known) == without_tokens(unknown)


def without_tokens(page):
    return re.sub(r'(csrf\w+["\':\s]+value=|X-CSRFToken": )"[^"]*"', "", page)


def test_a_change_of_address_says_whom_to_ask(account, ada, browser_of):
    page = browser_of(ada.user).get(reverse("accounts:email_change")).content.decode()

    assert NOT_SET_UP in page and "get a mail" not in page


@pytest.mark.parametrize(
    ("site", "address"),
    [
        ("https://stats.example.net", "heapadmin@stats.example.net"),
        ("http://127.0.0.1:8000", "heapadmin@localhost"),
        ("http://[::1]:8000", "heapadmin@localhost"),
        ("http://localhost:8000", "heapadmin@localhost"),
    ],
)
def test_the_sender_is_at_the_host_of_the_site(site, address):
    assert default_sender(site) == f"Heapadmin <{address}>"
