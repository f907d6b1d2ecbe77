"""Talk to Us: who can write, and what is stored of a message."""

import pytest
from django.core import mail
from django.urls import reverse
from procrastinate.contrib.django.models import ProcrastinateJob

from support import jobs
from support.models import Message, MessageState
from support.talk import actions
from support.talk.mail import message_mail
from tests.factories import AccountFactory, EnvironmentFactory, MembershipFactory, UserFactory
from tests.support.factories import MessageFactory

pytestmark = pytest.mark.django_db
TALK = "/talk/"


@pytest.fixture(autouse=True)
def support_mailbox(settings):
    settings.SUPPORT_EMAIL = "help@heapadmin.example"
    settings.SITE_URL = "https://analytics.example"


@pytest.fixture
def environment():
    return EnvironmentFactory()


@pytest.fixture
def member(environment):
    return MembershipFactory(account=environment.project.account).user


def write(client, **fields):
    return client.post(TALK, {"text": "Where is the funnel?", **fields})


def test_the_page_says_what_it_is_for_and_points_to_the_status_page_first(client):
    page = client.get(TALK).content.decode()

    assert "Reach out with questions, bugs, or suggestions. We'll respond ASAP." in page
    assert page.index(reverse("support:status")) < page.index("<textarea")


def test_somebody_signed_out_is_asked_for_an_address(client):
    response = write(client)

    assert response.status_code == 422
    assert "Tell us where to answer." in response.content.decode()
    assert "Where is the funnel?" in response.content.decode()
    assert not Message.objects.exists()


def test_somebody_signed_out_is_kept_with_name_and_address(client):
    response = write(client, email="Ada@Shop.example", name="Ada")

    message = Message.objects.get()
    assert "Your message is sent!" in response.content.decode()
    assert (message.name, message.email, message.by, message.account) == ("Ada", "ada@shop.example", None, None)


def test_somebody_signed_in_is_known_and_cannot_write_as_another(client, member, environment):
    client.force_login(member)

    write(client, email="boss@shop.example", page=f"/env/{environment.app_id}/live/?q=1")

    message = Message.objects.get()
    assert (message.by, message.email) == (member, member.email)
    assert (message.account, message.environment) == (environment.project.account, environment)
    assert message.page == f"/env/{environment.app_id}/live/?q=1"


def test_a_read_only_teammate_may_write(client, environment):
    client.force_login(MembershipFactory(account=environment.project.account, read_only=True).user)

    assert write(client).status_code == 200
    assert Message.objects.count() == 1


def test_a_member_of_a_closed_account_may_write_about_it(client, member, environment):
    account = environment.project.account
    account.closed_at = account.created_at
    account.save(update_fields=["closed_at"])
    client.force_login(member)

    write(client, page=f"/env/{environment.app_id}/live/")

    assert Message.objects.get().account == account


def test_a_page_of_somebody_elses_account_ties_the_message_to_nothing_of_it(client, member):
    foreign = EnvironmentFactory()
    client.force_login(member)

    write(client, page=f"/env/{foreign.app_id}/live/")

    assert Message.objects.get().environment is None
    assert Message.objects.get().account != foreign.project.account


def test_with_several_accounts_a_page_of_none_ties_the_message_to_none(client, member):
    MembershipFactory(user=member, account=AccountFactory())
    client.force_login(member)

    write(client, page="/")

    assert Message.objects.get().account is None


@pytest.mark.parametrize("page", ["https://evil.example/env/1/", "javascript:alert(1)", "//evil.example/x"])
def test_a_page_elsewhere_is_not_kept(client, page):
    write(client, email="ada@shop.example", page=page)

    assert Message.objects.get().page == ""


def test_a_secret_in_the_pages_path_is_not_kept(client):
    write(client, email="ada@shop.example", page=reverse("account_reset_password_from_key", args=["a1", "set-secret"]))

    assert "set-secret" not in Message.objects.get().page


def test_a_program_that_fills_in_every_field_is_told_yes_and_not_heard(client):
    response = write(client, email="bot@spam.example", website="http://spam.example")

    assert "Your message is sent!" in response.content.decode()
    assert not Message.objects.exists()


def test_a_message_too_long_is_refused_with_what_was_typed(client):
    response = write(client, email="ada@shop.example", text="x" * 5_001)

    assert response.status_code == 422
    assert not Message.objects.exists()


def test_a_nul_is_refused_in_words(client):
    assert write(client, email="ada@shop.example", text="a\0b").status_code == 422


def test_the_sixth_message_in_ten_minutes_from_one_mailbox_is_refused_in_words(client):
    for _ in range(5):
        write(client, email="ada@shop.example")

    response = client.post(TALK, {"text": "Again", "email": "ada@shop.example"}, REMOTE_ADDR="192.0.2.9")

    assert response.status_code == 429
    assert "write again in 10 minutes" in response.content.decode()
    assert Message.objects.count() == 5


def test_the_sixth_message_from_one_address_is_refused_whatever_the_mailbox(client):
    for n in range(5):
        write(client, email=f"ada{n}@shop.example")

    assert write(client, email="eve@shop.example").status_code == 429


def test_nobody_is_silenced_by_what_strangers_write_in_their_name(client, member):
    for _ in range(5):
        client.post(TALK, {"text": "Noise", "email": member.email}, REMOTE_ADDR="192.0.2.9")

    client.force_login(member)

    assert write(client).status_code == 200
    assert Message.objects.filter(by=member).count() == 1


def test_in_place_the_answer_is_only_the_part_that_changes(client):
    panel = client.get(TALK, headers={"HX-Request": "true"}).content.decode()
    refused = client.post(TALK, {"text": ""}, headers={"HX-Request": "true"})

    assert "<html" not in panel and "Talk to Us" in panel
    assert refused.status_code == 422 and "<html" not in refused.content.decode()


def test_the_mail_to_support_says_who_and_where_and_answers_go_to_the_writer(client, member, environment):
    client.force_login(member)
    write(client, page=f"/env/{environment.app_id}/live/")
    message = Message.objects.get()

    jobs.mail_message(message_id=message.pk)

    sent = mail.outbox[-1]
    assert sent.to == ["help@heapadmin.example"] and sent.reply_to == [member.email]
    assert f"https://analytics.example/env/{environment.app_id}/live/" in sent.body
    assert f"https://analytics.example/staff/support/message/{message.pk}/change/" in sent.body
    assert environment.project.account.name in sent.body


def test_a_name_with_line_breaks_puts_no_header_into_the_mail(client):
    account = AccountFactory(name="Shop\nBcc: eve@evil.example")
    client.force_login(MembershipFactory(account=account).user)
    write(client)

    jobs.mail_message(message_id=Message.objects.get().pk)

    assert mail.outbox[-1].recipients() == ["help@heapadmin.example"]
    assert "\n" not in mail.outbox[-1].subject


def test_a_message_is_mailed_once(client):
    write(client, email="ada@shop.example")
    message = Message.objects.get()

    jobs.mail_message(message_id=message.pk)
    jobs.mail_message(message_id=message.pk)

    assert len(mail.outbox) == 1


def test_the_job_is_there_when_the_message_is(client):
    write(client, email="ada@shop.example")

    job = ProcrastinateJob.objects.get(task_name="support.mail_message")
    assert job.args == {"message_id": Message.objects.get().pk}


def test_a_reply_is_mailed_to_the_writer_and_counts_as_answered(client):
    write(client, email="ada@shop.example", text="Where?\nThere?")
    message = Message.objects.get()

    reply = actions.reply(message=message, text="Here.", by=UserFactory(is_staff=True, name="Grace"))
    jobs.mail_reply(reply_id=reply.pk)

    message.refresh_from_db()
    sent = mail.outbox[-1]
    assert message.state == MessageState.ANSWERED
    assert sent.to == ["ada@shop.example"] and sent.reply_to == ["help@heapadmin.example"]
    assert "Here." in sent.body and "> Where?\n> There?" in sent.body and "Grace" in sent.body


def test_the_page_that_confirms_an_address_keeps_its_secret_to_itself(client):
    response = client.get(reverse("account_confirm_email", args=["a-secret-key"]))

    assert "a-secret-key" not in response.content.decode().partition("talk__tab")[2]


@pytest.mark.parametrize(
    ("site", "host"),
    [
        ("https://analytics.example", "analytics.example"),
        ("http://127.0.0.1:8000", "127.0.0.1"),
        ("http://[::1]:8000", "[::1]"),
    ],
)
def test_a_thread_of_mails_is_named_after_the_site(settings, site, host):
    settings.SITE_URL = site

    assert message_mail(MessageFactory()).extra_headers["Message-ID"].endswith(f"@{host}>")
