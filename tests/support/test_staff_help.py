"""What staff find on their pages: unread messages, the way from one to its account, and closings without grace."""

import pytest
from django.test import Client
from django.urls import reverse

from accounts.models import User
from support.closing import actions as closing_actions
from support.models import Closing, MessageState
from tests.accounts.conftest import PASSWORD
from tests.accounts.test_second_factor import set_up_app, with_password
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.support.factories import MessageFactory
from tests.support.staff import staff_client

pytestmark = pytest.mark.django_db
INDEX = "/staff/"


@pytest.fixture
def account():
    environment = EnvironmentFactory(project__account__name="Shop")
    return MembershipFactory(account=environment.project.account, user__email="ada@shop.example").account


def words_of(response):
    return " ".join(response.content.decode().split())


def test_unread_messages_are_counted_on_every_page_of_staff(account):
    client = staff_client()
    none = words_of(client.get(INDEX))
    MessageFactory.create_batch(2)
    MessageFactory(state=MessageState.ANSWERED)

    home, other = words_of(client.get(INDEX)), words_of(client.get(reverse("admin:accounts_account_changelist")))

    assert "No message waits" in none and "unread" not in none
    assert home.count("2 unread messages") == 2 and other.count("2 unread messages") == 1


def test_a_message_leads_to_closing_its_account_and_to_looking_into_it(account):
    client, message = staff_client(), MessageFactory(account=account, email="ada@shop.example")

    page = words_of(client.get(reverse("admin:support_message_change", args=[message.pk])))
    close, visit = (
        f"{reverse(f'admin:accounts_account_{what}', args=[account.pk])}?message={message.pk}"
        for what in ("close", "visit")
    )

    assert f'href="{close}"' in page and f'href="{visit}"' in page
    assert f"ada@shop.example, by message {message.pk}" in words_of(client.get(close))
    assert f"Message {message.pk} of ada@shop.example" in words_of(client.get(visit))
    # a message of another account fills in nothing
    foreign = MessageFactory(email="eve@else.example")
    assert "eve@else.example" not in words_of(client.get(close.partition("?")[0], {"message": foreign.pk}))


def test_without_grace_nobody_is_offered_a_way_back(account):
    ada = Client()
    ada.force_login(account.memberships.get().user)
    client = staff_client()

    closing = closing_actions.close(account=account, grace_days=0, asked_by="Ada", by=None)
    pages = [
        words_of(client.get(reverse("admin:support_closing_change", args=[closing.pk]))),
        words_of(client.get(reverse("admin:accounts_account_change", args=[account.pk]))),
        words_of(client.get(reverse("admin:accounts_account_changelist"))),
    ]
    owner = words_of(ada.get(reverse("accounts:teammate_list", args=[account.pk])))
    client.post(reverse("admin:accounts_account_reopen", args=[account.pk]))

    assert not any("eopen" in page for page in [*pages, owner])
    assert "is being removed for good" in owner
    account.refresh_from_db()
    assert account.closed_at is not None


def test_with_grace_the_owner_reads_the_date(account):
    ada = Client()
    ada.force_login(account.memberships.get().user)
    closing = closing_actions.close(account=account, grace_days=30, asked_by="Ada", by=None)

    owner = words_of(ada.get(reverse("accounts:teammate_list", args=[account.pk])))

    assert f"Until {closing.grace_until:%-d %B %Y, %H:%M} UTC it can be reopened" in owner
    assert Closing.objects.get().may_be_reopened


def test_what_closing_takes_is_told_in_words(account):
    EnvironmentFactory(project=account.projects.get(), name="Staging", is_production=False)

    page = words_of(staff_client().get(reverse("admin:accounts_account_close", args=[account.pk])))

    assert "<td>environments</td>" in page


def test_the_incident_form_has_no_double_negation():
    page = words_of(staff_client().get(reverse("admin:support_incident_add")))

    assert "Nothing does not work" not in page and "Everything works: for information" in page


@pytest.mark.django_db(transaction=True)  # the library tells of a new second factor at the commit
def test_setting_up_a_second_factor_leads_back_and_asks_for_one_code():
    client = with_password(User.objects.create_user("grace@heapadmin.example", PASSWORD, is_staff=True))
    wanted = "/staff/support/message/?q=funnel"
    client.get(wanted, follow=True)

    set_up_app(client)
    assert "Go on to where you were going" in words_of(client.get(reverse("mfa_view_recovery_codes")))
    back = client.get(reverse("accounts:second_factor_required"))

    assert back.url == wanted
    assert client.get(wanted).status_code == 200  # no second code
    assert client.get(reverse("accounts:second_factor_required")).url == reverse("projects:home")


def test_a_teammate_whose_account_requires_it_is_led_back_too(account):
    account.require_second_factor = True
    account.save()
    bob = User.objects.create_user("bob@shop.example", PASSWORD)
    MembershipFactory(account=account, user=bob)
    client = with_password(bob)
    wanted = reverse("accounts:activity_list", args=[account.pk]) + "?what=login"
    client.get(wanted)

    set_up_app(client)

    assert client.get(reverse("accounts:second_factor_required")).url == wanted
    assert client.get(wanted).status_code == 200
