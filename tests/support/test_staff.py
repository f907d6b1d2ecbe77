"""The staff's admin: who gets in, what it shows, and that every use is recorded."""

from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest
from django.contrib.admin.models import LogEntry
from django.test import Client
from django.urls import URLPattern, URLResolver, get_resolver, reverse

from accounts.models import Account, Activity
from events.models import Customer, Event, IdempotencyKey, Merge, Person
from support.closing import actions as closing_actions
from support.models import Incident, Message, MessageState
from support.staff_site import staff_site
from tests.counting import queries_of
from tests.factories import EnvironmentFactory, MembershipFactory, UserFactory
from tests.support.filling import collect
from tests.support.staff import make_staff, sign_in, staff_client

pytestmark = pytest.mark.django_db
INDEX = "/staff/"


@pytest.fixture
def environment():
    return EnvironmentFactory(project__account__name="Shop", project__name="Web")


@pytest.fixture
def account(environment):
    MembershipFactory(account=environment.project.account, user__email="ada@shop.example", user__name="Ada")
    return environment.project.account


@pytest.fixture
def client():
    return staff_client()


def page_of(account):
    return reverse("admin:accounts_account_change", args=[account.pk])


def test_staff_with_a_second_factor_gets_in(client):
    assert client.get(INDEX).status_code == 200


def test_whoever_is_not_signed_in_is_sent_to_sign_in_and_comes_back():
    response = Client().get("/staff/support/message/", follow=True)

    assert response.redirect_chain[-1][0].startswith(reverse("account_login"))
    assert "next=/staff/support/message/" in response.redirect_chain[-1][0]


def test_a_superuser_who_is_not_staff_does_not_get_in():
    response = sign_in(UserFactory(is_superuser=True)).get(INDEX, follow=True)

    assert response.status_code == 403
    assert "For staff only" in response.content.decode()


def test_staff_without_a_second_factor_is_told_to_set_one_up():
    response = sign_in(UserFactory(is_staff=True), second_factor=False).get(INDEX, follow=True)

    assert response.status_code == 403
    assert reverse("mfa_index") in response.content.decode()


def test_a_session_that_knows_the_password_alone_is_asked_for_the_second_factor():
    response = sign_in(make_staff(), second_factor=False).get(INDEX, follow=True)

    assert response.redirect_chain[-1][0].startswith(reverse("mfa_reauthenticate"))


def test_the_way_back_after_the_second_factor_keeps_all_of_a_search():
    inbox = reverse("admin:support_message_changelist") + "?q=ada&state__exact=new"

    response = sign_in(make_staff(), second_factor=False).get(inbox, follow=True)

    assert parse_qs(urlsplit(response.redirect_chain[-1][0]).query) == {"next": [inbox]}


def test_a_second_factor_that_was_removed_opens_nothing_any_more():
    user = make_staff()
    client = sign_in(user)
    user.authenticator_set.all().delete()

    assert client.get(INDEX, follow=True).status_code == 403


def test_the_way_back_after_signing_in_leads_nowhere_else(client):
    assert client.get("/staff/login/?next=//evil.example/").url == INDEX


def test_every_page_of_the_admin_is_closed_to_others():
    outsider, seen = sign_in(UserFactory(is_superuser=True)), 0
    for path in admin_paths():
        response = outsider.get(path)
        assert response.status_code in (302, 403, 404, 405), path
        seen += 1
    assert seen > 20


def admin_paths():
    def walk(resolver, prefix):
        for entry in resolver.url_patterns:
            if isinstance(entry, URLResolver):
                yield from walk(entry, prefix + str(entry.pattern))
            elif isinstance(entry, URLPattern) and "(?P" not in str(entry.pattern):
                yield "/" + (prefix + str(entry.pattern)).replace("<path:object_id>", "1").replace("<int:pk>", "1")

    own = next(entry for entry in get_resolver().url_patterns if str(entry.pattern) == "staff/")
    skipped = ("staff/login/", "staff/logout/", "staff/jsi18n/")
    return [
        path for path in walk(own, "staff/") if not path.strip("/").startswith(tuple(s.strip("/") for s in skipped))
    ]


def test_nothing_that_was_collected_can_be_looked_at():
    assert not {Event, Person, Merge, Customer, IdempotencyKey}.intersection(staff_site._registry)


def test_no_page_offers_a_choice_over_all_accounts(client, account):
    Message.objects.create(account=account, email="ada@shop.example", text="Hi")
    for name in ("accounts_account", "support_message", "support_incident", "accounts_activity", "accounts_user"):
        for model_page in (reverse(f"admin:{name}_changelist"),):
            content = client.get(model_page).content.decode()
            assert f"account__id__exact={account.pk}" not in content and "<select" not in content.split("<main")[-1]


def test_nothing_can_be_deleted_or_changed_in_bulk(client, account):
    assert client.get(reverse("admin:accounts_account_delete", args=[account.pk])).status_code == 403
    assert client.post(page_of(account), {"name": "Hacked"}).status_code in (200, 403)
    assert Account.objects.get(pk=account.pk).name == "Shop"
    assert "action" not in client.get(reverse("admin:accounts_account_changelist")).context["cl"].list_display[0]


@pytest.mark.parametrize("term", ["shop", "ada@shop", "Ada", "{app_id}", "{pk}"])
def test_an_account_is_found_by_name_member_app_id_and_number(client, account, environment, term):
    EnvironmentFactory(project__account__name="Other")
    term = term.format(app_id=environment.app_id, pk=account.pk)

    found = client.get(reverse("admin:accounts_account_changelist"), {"q": term}).context["cl"].queryset

    assert list(found) == [account]


@pytest.mark.parametrize("name", ["accounts_account", "support_message", "support_closing", "accounts_activity"])
def test_a_row_that_is_none_and_a_number_that_is_too_large_are_answered(client, name):
    for odd in ("abc", "1" * 30, "-1", "%00", "_2F"):
        url = reverse(f"admin:{name}_change", args=["1"]).replace("/1/", f"/{odd}/")
        assert client.get(url, follow=True).status_code in (200, 404), odd  # Django's own pages redirect to the index
    for term in ("9" * 30, "²", "٣", "\0"):
        assert client.get(reverse(f"admin:{name}_changelist"), {"q": term}).status_code == 200, term


def test_the_list_of_accounts_runs_the_same_queries_however_many_are_closed(client, account, environment):
    url = reverse("admin:accounts_account_changelist")
    closed_account()
    client.get(url)
    few = queries_of(client, url)

    for _ in range(5):
        closed_account()

    assert queries_of(client, url) == few


def closed_account():
    account = EnvironmentFactory().project.account
    return closing_actions.close(account=account, grace_days=3, asked_by="Ada", by=None)


def test_an_accounts_page_shows_people_ids_and_usage_and_nothing_collected(client, account, environment):
    collect(environment.pk, events=3, span=timedelta(hours=1))

    page = client.get(page_of(account)).content.decode()

    assert "ada@shop.example" in page and environment.app_id in page
    assert "Signed up" not in page and "person-1" not in page


def test_looking_at_an_account_is_written_into_its_own_activity_once_an_hour(client, account):
    client.get(page_of(account))
    client.get(page_of(account))

    looks = Activity.objects.filter(account=account, verb="support.look")
    assert [look.as_staff for look in looks] == [True]


def test_staff_that_belongs_to_an_account_acts_as_staff_on_the_staffs_pages(account):
    colleague = make_staff()
    MembershipFactory(account=account, user=colleague)

    sign_in(colleague).get(page_of(account))

    assert Activity.objects.get(account=account, verb="support.look").as_staff


def test_a_message_is_answered_from_its_page_and_it_is_on_record(client, account):
    message = Message.objects.create(account=account, email="ada@shop.example", text="Where is it?", page="/x/")

    response = client.post(reverse("admin:support_message_reply", args=[message.pk]), {"text": "Here."}, follow=True)

    message.refresh_from_db()
    assert message.state == MessageState.ANSWERED and "Here." in response.content.decode()
    assert Activity.objects.filter(account=account, verb="support.reply", as_staff=True).exists()
    assert LogEntry.objects.get().object_repr == f"message {message.pk}"


def test_an_empty_answer_is_refused_in_words(client):
    message = Message.objects.create(email="ada@shop.example", text="Where is it?")

    response = client.post(reverse("admin:support_message_reply", args=[message.pk]), {"text": " "})

    assert response.status_code == 422 and "Write an answer." in response.content.decode()


def test_a_message_can_be_closed_and_opened_again(client):
    message = Message.objects.create(email="ada@shop.example", text="Thanks")
    url = reverse("admin:support_message_state", args=[message.pk])

    client.post(url, {"state": "closed"})
    client.post(url, {"state": "nonsense"})

    message.refresh_from_db()
    assert message.state == MessageState.CLOSED


def test_what_people_write_is_shown_as_text(client):
    message = Message.objects.create(email="a@b.example", text="<script>alert(1)</script>", name="<b>x</b>", page="/x")

    page = client.get(reverse("admin:support_message_change", args=[message.pk])).content.decode()

    assert "<script>alert" not in page and "<b>x" not in page


def test_an_incident_is_written_with_updates_and_who_wrote_them(client):
    data = {
        "title": "Slow queries",
        "queries": "on",
        "impact": "degraded",
        "started_at": "2026-01-01T10:00",
        "updates-TOTAL_FORMS": "1",
        "updates-INITIAL_FORMS": "0",
        "updates-0-text": "We are looking into it.",
        "updates-0-at": "2026-01-01T10:05:30",
    }

    response = client.post(reverse("admin:support_incident_add"), data)

    assert response.status_code == 302, response.context["errors"]
    incident = Incident.objects.get()
    assert incident.updates.get().by is not None
    assert (incident.started_at.minute, incident.updates.get().at.second) == (0, 30)
    assert LogEntry.objects.get().object_repr == f"incident {incident.pk}"


def test_the_staffs_log_holds_no_names(client, account):
    data = {"asked_by": "Ada", "grace_days": "30", "name": "Shop"}
    client.post(reverse("admin:accounts_account_close", args=[account.pk]), data)

    kept = str(list(LogEntry.objects.values()))
    assert "Shop" not in kept and "Ada" not in kept and f"account {account.pk}" in kept


def test_closing_asks_for_the_name_and_keeps_what_was_typed(client, account):
    data = {"asked_by": "Ada, by mail", "grace_days": "14", "name": "Shopp"}

    response = client.post(reverse("admin:accounts_account_close", args=[account.pk]), data)

    page = response.content.decode()
    assert response.status_code == 422 and "Ada, by mail" in page and "is called" in page
    assert Account.objects.get(pk=account.pk).closed_at is None


@pytest.mark.parametrize("days", ["-1", "91", "x"])
def test_a_grace_outside_of_0_to_90_days_is_refused(client, account, days):
    data = {"asked_by": "Ada", "grace_days": days, "name": "Shop"}

    assert client.post(reverse("admin:accounts_account_close", args=[account.pk]), data).status_code == 422


def test_the_page_that_asks_shows_counts_people_and_offers_an_export(client, account, environment):
    page = client.get(reverse("admin:accounts_account_close", args=[account.pk])).content.decode()

    assert "projects_environment" in page and "ada@shop.example" in page
    assert reverse("admin:accounts_account_export", args=[account.pk]) in page


def test_close_and_reopen_from_the_page(client, account):
    data = {"asked_by": "Ada", "grace_days": "30", "name": "Shop"}
    closing_page = client.post(reverse("admin:accounts_account_close", args=[account.pk]), data, follow=True)
    reopen = reverse("admin:accounts_account_reopen", args=[account.pk])

    assert reopen in closing_page.content.decode()
    client.post(reopen)

    assert Account.objects.get(pk=account.pk).closed_at is None
    assert client.post(reopen).status_code == 404


def test_the_first_page_says_how_much_room_the_database_takes():
    page = " ".join(staff_client().get(INDEX).content.decode().split())

    assert "The database takes " in page
