"""The Teammates tab, and that what it does holds from the next request on."""

import pytest
from allauth.mfa.totp.internal.auth import TOTP, generate_totp_secret
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, Membership, WhoMayInvite
from accounts.policy import FULL, POLICY, READ_ONLY, Can, rights, what_can
from tests.crawler import forms_of
from tests.factories import MembershipFactory, UserFactory
from tests.world import make_invitation

pytestmark = pytest.mark.django_db


def tab(client, account, **query):
    return client.get(reverse("accounts:teammate_list", args=[account.pk]), query)


def test_read_only_holds_from_the_next_request_on(account, ada, grace, browser_of):
    grace_client = browser_of(grace.user)
    url = reverse("projects:project_create", args=[account.pk])
    assert grace_client.get(url).status_code == 200

    browser_of(ada.user).post(reverse("accounts:teammate_access", args=[account.pk, grace.pk]), {"read_only": "on"})

    assert grace_client.get(url).status_code == 403
    assert grace_client.post(url, {"name": "X"}).status_code == 403


def test_removal_holds_from_the_next_request_on(account, ada, grace, browser_of):
    grace_client = browser_of(grace.user)
    assert tab(grace_client, account).status_code == 200

    browser_of(ada.user).post(reverse("accounts:teammate_remove", args=[account.pk, grace.pk]))

    assert tab(grace_client, account).status_code == 404


def test_what_a_removed_teammate_made_stays(account, ada, grace, browser_of):
    browser_of(grace.user).post(reverse("projects:project_create", args=[account.pk]), {"name": "Hers"})

    browser_of(ada.user).post(reverse("accounts:teammate_remove", args=[account.pk, grace.pk]))

    assert account.projects.get(name="Hers").created_by == grace.user


def test_a_read_only_teammate_is_told_whom_to_ask(account, ada, browser_of):
    reader = MembershipFactory(account=account, read_only=True)

    page = tab(browser_of(reader.user), account).content.decode()

    assert "Ada can give you more" in page


def test_search_finds_names_and_addresses(account, ada, grace, browser_of):
    page = tab(browser_of(ada.user), account, q="RACE").content.decode()

    assert "grace@shop.example" in page
    assert "ada@shop.example" not in page.partition("<table")[2]


@pytest.mark.parametrize("search", ["\x00", "%", "'", "<script>", "a" * 5000])
def test_odd_searches_are_answered(account, ada, browser_of, search):
    assert tab(browser_of(ada.user), account, q=search).status_code == 200


@pytest.mark.parametrize("page", ["0", "-1", "99", "x", "9" * 30])
def test_odd_page_numbers_are_answered(account, ada, browser_of, page):
    assert tab(browser_of(ada.user), account, page=page, pending=page).status_code == 200


def test_the_number_of_queries_does_not_grow_with_the_account(account, ada, browser_of):
    client = browser_of(ada.user)
    make_invitation(account, ada.user, "first@shop.example")
    tab(client, account)  # whatever is noted once a minute
    with CaptureQueriesContext(
        connection,
    ) as few:
        tab(client, account)

    users = [UserFactory.build(email=f"many{n}@shop.example") for n in range(500)]
    users = type(ada.user).objects.bulk_create(users)
    Membership.objects.bulk_create(Membership(account=account, user=user, invited_by=ada.user) for user in users)
    for number in range(200):
        make_invitation(account, ada.user, f"invited{number}@shop.example")
    with CaptureQueriesContext(connection) as many:
        page = tab(client, account).content.decode()

    assert "501 teammates" in page
    assert "201 open invitations" in page
    assert len(many) == len(few)


def test_last_seen_is_written_once_a_minute_and_not_at_each_request(account, ada, browser_of):
    client = browser_of(ada.user)
    tab(client, account)
    with CaptureQueriesContext(connection) as queries:
        tab(client, account)
        tab(client, account)

    ada.refresh_from_db()
    assert ada.last_seen_at is not None
    assert not [each for each in queries if each["sql"].startswith("UPDATE")]


def test_last_seen_tells_nothing_of_other_accounts(account, ada, browser_of):
    elsewhere = MembershipFactory(user=ada.user)

    tab(browser_of(ada.user), account)

    elsewhere.refresh_from_db()
    assert elsewhere.last_seen_at is None


def test_removing_oneself_by_the_removing_url_leads_to_leaving(account, ada, grace, browser_of):
    response = browser_of(ada.user).post(reverse("accounts:teammate_remove", args=[account.pk, ada.pk]))

    assert response.url == reverse("accounts:leave", args=[account.pk])
    assert Membership.objects.filter(pk=ada.pk).exists()


class TestPolicy:
    def test_full_access_may_everything_and_read_only_only_looks_and_leaves(self, ada):
        reader = MembershipFactory(account=ada.account, read_only=True)

        assert rights(ada) == FULL
        assert rights(reader) == READ_ONLY

    def test_every_right_is_explained_to_people(self):
        assert {line.needs for line in POLICY} == set(Can)

    def test_the_page_says_what_the_door_does(self, account, ada, browser_of):
        reader = MembershipFactory(account=account, read_only=True)

        shown = browser_of(ada.user).get(reverse("accounts:teammate", args=[account.pk, reader.pk])).context["lines"]

        assert shown == what_can(reader)
        assert ("Change the excluded IPs of environments", "no") in shown

    @pytest.mark.parametrize("who", [WhoMayInvite.NOBODY, WhoMayInvite.SECOND_FACTOR])
    def test_the_account_decides_who_may_invite(self, account, ada, browser_of, who):
        Account.objects.update(who_may_invite=who)

        response = browser_of(ada.user).post(reverse("accounts:invite", args=[account.pk]), {"emails": "x@y.example"})

        assert response.status_code == 403

    def test_superusers_get_nothing_in_an_account_of_others(self, account, ada, browser_of):
        staff = UserFactory(is_staff=True, is_superuser=True)

        assert tab(browser_of(staff), account).status_code == 404

    def test_a_read_only_superuser_stays_read_only(self, account, ada, browser_of):
        user = UserFactory(is_staff=True, is_superuser=True)
        MembershipFactory(account=account, user=user, read_only=True)

        response = browser_of(user).get(reverse("projects:project_create", args=[account.pk]))

        assert response.status_code == 403


class TestSeveralAccounts:
    def test_the_menu_lists_them_and_switching_is_remembered(self, account, ada, browser_of):
        other = MembershipFactory(user=ada.user, account__name="Other")
        client = browser_of(ada.user)
        page = tab(client, account).content.decode()
        assert reverse("accounts:open", args=[other.account_id]) in page

        client.get(reverse("accounts:open", args=[other.account_id]))
        client.get(reverse("accounts:open", args=[account.pk]))

        assert Membership.objects.latest_used(ada.user).first() == ada
        assert browser_of(ada.user).get("/").url.startswith("/env/")

    def test_a_closed_account_is_not_in_the_menu(self, account, ada, browser_of):
        closed = MembershipFactory(user=ada.user, account__name="Other", account__closed_at=timezone.now())

        page = tab(browser_of(ada.user), account).content.decode()

        assert reverse("accounts:open", args=[closed.account_id]) not in page

    def test_who_belongs_to_no_account_gets_a_page_that_says_so(self, browser_of):
        response = browser_of(UserFactory()).get("/")

        assert "You belong to no account" in response.content.decode()


class TestSettings:
    VALID = {"name": "Shop", "time_zone": "Europe/Paris", "who_may_invite": "full"}

    def save(self, client, account, **changed):
        return client.post(reverse("accounts:account_settings_save", args=[account.pk]), self.VALID | changed)

    def test_the_time_zone_is_what_new_projects_start_with(self, account, ada, browser_of):
        client = browser_of(ada.user)
        self.save(client, account)
        client.post(reverse("projects:project_create", args=[account.pk]), {"name": "New"})

        assert account.projects.get(name="New").time_zone == "Europe/Paris"

    @pytest.mark.parametrize(
        "changed", [{"name": ""}, {"name": "x" * 101}, {"time_zone": "Mars/Olympus"}, {"who_may_invite": "everybody"}]
    )
    def test_what_makes_no_sense_is_refused_at_the_field(self, account, ada, browser_of, changed):
        response = self.save(browser_of(ada.user), account, **changed)

        account.refresh_from_db()
        assert response.status_code == 422
        assert set(response.context["form"].errors) == set(changed)
        assert account.time_zone == "UTC"

    def test_activity_tells_what_changed(self, account, ada, browser_of):
        self.save(browser_of(ada.user), account, name="Shop 2")

        assert account.activity.get().details == {"name": ["Shop", "Shop 2"], "time_zone": ["UTC", "Europe/Paris"]}

    def test_what_somebody_else_saved_meanwhile_stays(self, account, ada, browser_of):
        """Else a form that was opened before would switch off, without a word, what a colleague has just required."""
        client = browser_of(ada.user)
        page = client.get(reverse("accounts:account_settings", args=[account.pk]))
        shown = next(form.data for form in forms_of(page) if "initial-name" in form.data)
        shown.pop("require_second_factor")  # a box that is not ticked is not sent
        Account.objects.filter(pk=account.pk).update(require_second_factor=True)
        TOTP.activate(ada.user, generate_totp_secret())

        self.save(client, account, **shown | {"name": "Shop 2", "time_zone": "UTC"})

        account.refresh_from_db()
        assert (account.name, account.require_second_factor) == ("Shop 2", True)

    @pytest.mark.parametrize("rule", [{"require_second_factor": "on"}, {"who_may_invite": "second_factor"}])
    def test_nobody_locks_themselves_out_with_a_rule_on_second_factors(self, account, ada, browser_of, rule):
        response = self.save(browser_of(ada.user), account, **rule)

        assert response.status_code == 422
        assert "second factor for yourself first" in response.content.decode()
