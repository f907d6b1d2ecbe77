"""What support's pages say while mail is not set up, and the test mail of staff, by a real mail server."""

import re

import pytest
from django.urls import reverse

from support import jobs
from support.models import Reply
from support.talk import actions
from support.talk.mail import reply_mail
from tests.factories import MembershipFactory, UserFactory
from tests.mailbox import running_mailbox
from tests.ports import free_port
from tests.support.factories import MessageFactory
from tests.support.staff import sign_in, staff_client
from tests.support.test_export import export

pytestmark = pytest.mark.django_db
NOT_SET_UP = "Mail is not set up on this server"
INDEX = "/staff/"


@pytest.fixture
def no_mail(settings, tmp_path):
    settings.EMAIL_BACKEND = settings.MAIL_FILES_BACKEND
    settings.EMAIL_FILE_PATH = tmp_path / "mail"


def page_of(message):
    return reverse("admin:support_message_change", args=[message.pk])


def test_an_answer_is_kept_and_staff_read_that_nobody_gets_it(no_mail):
    client, message = staff_client(), MessageFactory(email="ada@shop.example")

    page = client.get(page_of(message)).content.decode()
    url = reverse("admin:support_message_reply", args=[message.pk])
    answered = client.post(url, {"text": "Here."}, follow=True).content.decode()
    jobs.mail_reply(reply_id=Reply.objects.get().pk)

    assert NOT_SET_UP in page and "mailto:ada@shop.example" in page and "Send the answer" not in page
    assert "Your answer goes to" not in answered and "ada@shop.example does not get it" in answered
    assert Reply.objects.get().mailed_at is None
    assert "not mailed" in client.get(page_of(message)).content.decode()


@pytest.mark.parametrize(("support", "reply_to"), [("help@heapadmin.example", None), ("", "grace@heapadmin.example")])
def test_an_answer_to_the_answer_reaches_somebody(settings, support, reply_to):
    settings.SUPPORT_EMAIL = support
    grace = UserFactory(is_staff=True, email="grace@heapadmin.example")

    reply = actions.reply(message=MessageFactory(), text="Here.", by=grace)

    assert reply_mail(reply).reply_to == [reply_to or support]


def test_an_export_has_its_link_on_the_page_for_those_who_may_fetch_it(no_mail):
    ada = MembershipFactory(user__email="ada@shop.example")
    bob = MembershipFactory(account=ada.account)
    carl = MembershipFactory(account=ada.account, read_only=True)
    tab = reverse("support:account_support", args=[ada.account_id])
    client = sign_in(ada.user)
    asked = client.post(reverse("support:export_ask", args=[ada.account_id]), follow=True).content.decode()
    ada.account.exports.all().delete()

    export(ada.account, ada.user)

    assert "Its link stands here when it is ready" in asked and NOT_SET_UP in asked
    link = re.search(r'"(/export/[^"]+)"', client.get(tab).content.decode())[1]
    assert client.get(link).status_code == 200
    for other in (bob, carl):
        assert '"/export/' not in sign_in(other.user).get(tab).content.decode()


def test_staff_read_on_every_page_that_mail_is_not_set_up_and_which_setting_it_is(no_mail):
    client = staff_client()

    for page in (INDEX, reverse("admin:support_message_changelist")):
        words = client.get(page).content.decode()
        assert NOT_SET_UP in words and "EMAIL_URL" in words


def test_staff_read_that_nobody_is_told_of_messages(settings):
    client = staff_client()

    words = [client.get(INDEX).content.decode()]
    settings.SUPPORT_EMAIL = "help@heapadmin.example"
    words.append(client.get(INDEX).content.decode())

    assert ["Mail to support is not set up" in each for each in words] == [True, False]
    assert NOT_SET_UP not in "".join(words)


def test_the_button_sends_a_test_mail_and_quotes_the_server(settings, transactional_db):
    client = staff_client()
    with running_mailbox(settings) as mailbox:
        taken = client.post(reverse("admin:test_mail"), follow=True).content.decode()
        mailbox.refusing = True
        refused = client.post(reverse("admin:test_mail"), follow=True).content.decode()
    settings.EMAIL_PORT = free_port()
    nobody = client.post(reverse("admin:test_mail"), follow=True).content.decode()

    (mail,) = mailbox.messages
    assert "took the mail to" in taken and mail["To"] in taken
    assert "The server refuses the mail: 451 4.3.0 the disk is full" in refused
    assert "Connection refused" in nobody


def test_without_a_server_the_button_says_which_setting_is_missing(no_mail):
    assert "EMAIL_URL is not set" in staff_client().post(reverse("admin:test_mail"), follow=True).content.decode()
