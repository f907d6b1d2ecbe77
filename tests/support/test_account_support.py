"""The Support tab in Settings."""

import pytest
from django.urls import reverse

from accounts.models import Activity
from support.models import AccountExport, Message, MessageKind
from tests.world import make_world

pytestmark = pytest.mark.django_db


@pytest.fixture
def world():
    return make_world()


def test_asking_to_close_reaches_support_with_the_account_attached_and_closes_nothing(world):
    world.client("full").post(world.url("support:close_ask"), {"text": "We have moved."})

    message = Message.objects.get()
    assert (message.kind, message.account, message.by) == (
        MessageKind.CLOSE_ACCOUNT,
        world.account,
        world.users["full"],
    )
    assert Activity.objects.filter(account=world.account, verb="account.ask_to_close").exists()
    world.account.refresh_from_db()
    assert world.account.closed_at is None


def test_asking_without_a_word_is_refused_with_the_page(world):
    response = world.client("full").post(world.url("support:close_ask"), {"text": ""})

    assert response.status_code == 422 and "Write a few words" in response.content.decode()


def test_a_read_only_teammate_sees_the_page_without_a_button(world):
    page = world.client("read_only").get(world.url("support:account_support")).content.decode()

    for name in ("support:close_ask", "support:export_ask", "support:visits_allow"):
        assert world.url(name) not in page


def test_an_export_that_is_being_made_is_shown_and_cannot_be_asked_for_twice(world):
    client = world.client("full")
    client.post(world.url("support:export_ask"))
    client.post(world.url("support:export_ask"))

    page = client.get(world.url("support:account_support")).content.decode()

    assert AccountExport.objects.count() == 1
    assert "Waiting" in page and world.url("support:export_ask") not in page


def test_the_tab_is_in_settings(world):
    page = world.client("full").get(reverse("projects:project_list", args=[world.account.pk])).content.decode()

    assert world.url("support:account_support") in page
