"""A read-only teammate asks for full access: those who can give it are told, once a day."""

from datetime import timedelta

import pytest
from django.test import Client
from django.urls import reverse
from django.utils import timezone

from accounts.actions import invitations, memberships
from accounts.models import Account, Activity, Membership
from tests.factories import EnvironmentFactory, MembershipFactory, ProjectFactory, ProjectRoleFactory, UserFactory
from tests.mailbox import path_in, text_of
from tests.world import make_invitation

pytestmark = pytest.mark.django_db


@pytest.fixture
def reader(account, ada):
    user = UserFactory(email="rita@shop.example", name="Rita http://evil.example")
    return MembershipFactory(account=account, read_only=True, user=user)


def ask(client, account, seen=""):
    headers = {"Referer": f"http://testserver{seen}"} if seen else {}
    return client.post(reverse("accounts:access_ask", args=[account.pk]), headers=headers, follow=True)


def asked(account):
    return Activity.objects.filter(account=account, verb="teammate.ask_access")


def test_those_with_full_access_get_a_mail_that_leads_to_teammates(mailbox, account, ada, reader, browser_of):
    MembershipFactory(account=account, read_only=True)
    MembershipFactory(account=account, user__is_active=False)
    MembershipFactory()  # full access to another account
    projects = reverse("projects:project_list", args=[account.pk])

    page = ask(browser_of(reader.user), account, seen=projects)
    mailbox.work()

    assert page.redirect_chain == [(projects, 302)]
    assert "is told by mail: Ada." in page.content.decode()
    assert [each["To"] for each in mailbox.messages] == [ada.user.email]
    mail = mailbox.to(ada.user.email)[0]
    assert (mail["Subject"], mail["Reply-To"]) == ("rita@shop.example asks for full access to Shop", reader.user.email)
    assert "evil" not in text_of(mail)
    assert path_in(mail) == reverse("accounts:teammate_list", args=[account.pk])
    assert asked(account).get().by == reader.user


def test_once_a_day(account, ada, reader, monkeypatch):
    assert memberships.ask_for_access(membership=reader)
    assert not memberships.ask_for_access(membership=reader)

    monkeypatch.setattr(memberships, "ASK_INTERVAL", timedelta(0))
    assert memberships.ask_for_access(membership=reader)
    assert asked(account).count() == 2


def test_who_asks_again_is_told_that_they_asked_and_whom_they_may_ask_otherwise(account, ada, reader, browser_of):
    ask(browser_of(reader.user), account)

    page = ask(browser_of(reader.user), account).content.decode()

    assert "You have asked within the last day. Who can give you full access: Ada." in page
    assert "You have full access." in ask(browser_of(ada.user), account).content.decode()


@pytest.mark.parametrize("end", ["closed", "demoted", "left"])
def test_a_mail_that_waited_goes_to_nobody_whom_the_account_concerns_no_more(mailbox, account, ada, reader, end):
    boss = MembershipFactory(account=account)
    memberships.ask_for_access(membership=reader)
    invitations.decline(invitation=make_invitation(account, boss.user), by=None)
    if end == "closed":
        Account.objects.filter(pk=account.pk).update(closed_at=timezone.now())
    elif end == "demoted":
        memberships.set_access(membership=boss, read_only=True, by=ada.user)
    else:
        memberships.leave(membership=boss)
    mailbox.work()

    assert [each["To"] for each in mailbox.messages] == ([] if end == "closed" else [ada.user.email])


def test_without_mail_it_says_so_and_stands_in_the_activity(account, ada, reader, browser_of, settings):
    settings.EMAIL_BACKEND = settings.MAIL_FILES_BACKEND

    page = ask(browser_of(reader.user), account)

    assert "Mail is not set up on this server: tell Ada yourself." in page.content.decode()
    settings_of_activity = reverse("accounts:activity_list", args=[account.pk])
    assert "asked for full access" in browser_of(ada.user).get(settings_of_activity).content.decode()


def test_who_has_full_access_or_has_left_asks_nobody(account, ada, reader, browser_of):
    left = browser_of(reader.user)
    Membership.objects.filter(pk=reader.pk).delete()

    assert ask(left, account).status_code == 404
    assert ask(browser_of(ada.user), account).status_code == 200
    assert not asked(account).exists()
    with pytest.raises(Membership.DoesNotExist):
        memberships.ask_for_access(membership=reader)


def test_the_button_is_where_a_reader_is_refused_and_where_they_read(account, ada, reader, browser_of):
    button, client = reverse("accounts:access_ask", args=[account.pk]), browser_of(reader.user)

    refused = client.get(reverse("projects:project_create", args=[account.pk]))
    readable = client.get(reverse("accounts:teammate_list", args=[account.pk]))

    assert refused.status_code == 403
    assert refused.content.decode().count(button) == 1 and button in readable.content.decode()
    assert button not in browser_of(ada.user).get(reverse("accounts:teammate_list", args=[account.pk])).content.decode()
    assert button not in Client().get("/login/login/").content.decode()


def test_where_access_differs_by_project_it_is_asked_for_the_one_at_hand(mailbox, account, ada, reader, browser_of):
    Account.objects.filter(pk=account.pk).update(roles_by_project="read_only")
    shop = account.projects.get()
    elsewhere = EnvironmentFactory().project
    hidden = ProjectFactory(account=account, name="Hidden")
    ProjectRoleFactory(project=hidden, membership=reader, access="")
    client = browser_of(reader.user)
    keys = reverse("projects:api_key_list", args=[shop.pk])

    assert f'name="project" value="{shop.pk}"' in client.get(keys).content.decode()
    where = reverse("accounts:access_ask", args=[account.pk])
    for project in (shop.pk, shop.pk, "", elsewhere.pk, hidden.pk, "x\0", "9" * 30):
        client.post(where, {"project": project})
    mailbox.work()

    assert [(row.project_number, row.details) for row in asked(account).order_by("pk")] == [
        (shop.pk, {"project": shop.name}),
        (None, {}),  # the rest names no project that they reach: for the account, once
    ]
    mail = mailbox.to(ada.user.email)[0]
    assert mail["Subject"] == f"rita@shop.example asks for full access to {shop.name}"
    assert path_in(mail) == reverse("projects:teammate_roles", args=[account.pk, reader.pk])

    for _ in range(12):
        client.post(where, {"project": ProjectFactory(account=account).pk})
    assert asked(account).count() == memberships.MOST_ASKS

    Account.objects.filter(pk=account.pk).update(roles_by_project="off")
    assert 'name="project"' not in client.get(keys).content.decode()
