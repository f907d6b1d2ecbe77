"""Activity: append-only, in the transaction of what it tells, and readable."""

import csv
import io
import re
from datetime import timedelta

import pytest
from django.conf import settings
from django.db import DatabaseError, connection, transaction
from django.urls import reverse
from django.utils import timezone

from accounts import activity
from accounts.actions import logins
from accounts.activity_log import PER_PAGE, page
from accounts.activity_words import KINDS, REFUSED, WORDS, words
from accounts.models import Account, Activity, Membership
from common.jobs import app as jobs
from projects import actions as project_actions
from support.models import MessageState
from tests.access_table import REFUSED_TO_READ_ONLY, TABLE
from tests.analytics.factories import ReportFactory
from tests.factories import AccountFactory, MembershipFactory, UserFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def row(account, ada):
    return activity.record(account=account, by=ada.user, verb="project.create", target="Site")


def sql(statement, *params):
    with transaction.atomic(), connection.cursor() as cursor:
        cursor.execute(statement, params)


class TestAppendOnly:
    @pytest.mark.parametrize("change", ["update accounts_activity set target = 'x'", "delete from accounts_activity"])
    def test_the_database_refuses_to_change_or_delete_a_row(self, row, change):
        with pytest.raises(DatabaseError, match="append-only"):
            sql(change)

    def test_the_orm_cannot_either(self, row):
        for change in (row.save, row.delete, Activity.objects.all().delete):
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                change()

    def test_saying_purge_is_not_enough_while_the_account_is_open(self, account, row):
        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            sql("select set_config('heapadmin.purging', %s, true)", str(account.pk))
            Activity.objects.all().delete()

    def test_being_closed_is_not_enough_without_saying_purge(self, account, row):
        Account.objects.update(closed_at=timezone.now())

        with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
            Activity.objects.all().delete()

    def test_purging_one_account_leaves_the_others_rows(self, account, row):
        other = AccountFactory()
        activity.record(account=other, by=None, verb="account.open")
        Account.objects.update(closed_at=timezone.now())
        with transaction.atomic():
            sql("select set_config('heapadmin.purging', %s, true)", str(account.pk))
            Activity.objects.filter(account=account).delete()
            with pytest.raises(DatabaseError, match="append-only"), transaction.atomic():
                Activity.objects.filter(account=other).delete()

        assert list(Activity.objects.values_list("account_id", flat=True)) == [other.pk]

    def test_a_row_stays_readable_when_its_login_is_deleted(self, account, ada, grace, row, browser_of):
        logins.delete_login(user=ada.user)

        page = browser_of(grace.user).get(reverse("accounts:activity_list", args=[account.pk])).content.decode()

        assert "created the project" in page
        assert "ada@shop.example" in page

    def test_it_goes_with_the_transaction_of_what_it_tells(self, account, ada):
        with pytest.raises(ZeroDivisionError), transaction.atomic():
            project_actions.create_project(account=account, name="Gone", by=ada.user)
            raise ZeroDivisionError

        assert not Activity.objects.exists()


class TestWhoAndFromWhere:
    def test_the_address_is_not_what_a_header_claims(self, account, ada, browser_of):
        browser_of(ada.user).post(
            reverse("accounts:invite", args=[account.pk]),
            {"emails": "x@shop.example"},
            headers={"x-forwarded-for": "6.6.6.6"},
            REMOTE_ADDR="2001:db8::7",
        )

        assert Activity.objects.get().address == "2001:db8::7"

    @pytest.mark.parametrize("peer", ["", "unix:", "fe80::1%eth0", "not an address"])
    def test_an_odd_peer_does_not_lose_the_action(self, account, ada, browser_of, peer):
        response = browser_of(ada.user).post(
            reverse("accounts:invite", args=[account.pk]), {"emails": "x@shop.example"}, REMOTE_ADDR=peer
        )

        assert response.status_code == 302
        assert Activity.objects.count() == 1

    def test_what_staff_does_in_an_account_of_others_is_marked(self, account, ada):
        staff = UserFactory(is_staff=True)

        assert activity.record(account=account, by=staff, verb="account.close").as_staff
        assert not activity.record(account=account, by=ada.user, verb="account.close").as_staff

    def test_a_teammate_who_is_staff_elsewhere_acts_as_a_teammate(self, account):
        colleague = MembershipFactory(account=account, user__is_staff=True)

        assert not activity.record(account=account, by=colleague.user, verb="project.create").as_staff

    def test_the_same_refusal_is_written_once_a_minute(self, account, ada, browser_of):
        reader = MembershipFactory(account=account, read_only=True)
        client = browser_of(reader.user)

        for _ in range(5):
            client.post(reverse("projects:project_create", args=[account.pk]), {"name": "X"})
        client.get(reverse("projects:project_create", args=[account.pk]))

        assert list(Activity.objects.order_by("id").values_list("target", flat=True)) == [
            "POST projects:project_create",
            "GET projects:project_create",
        ]


class TestReading:
    @pytest.fixture
    def many(self, account, ada):
        start = timezone.now() - timedelta(days=10)
        Activity.objects.bulk_create(
            Activity(account=account, verb="project.create", target=f"P{n}", at=start + timedelta(minutes=n // 3))
            for n in range(PER_PAGE * 2 + 10)
        )

    def test_paging_by_key_shows_every_row_once_there_and_back(self, account, ada, many, browser_of):
        client, url = browser_of(ada.user), reverse("accounts:activity_list", args=[account.pk])
        there, response = [], client.get(url)
        while True:
            there += [line.activity.pk for line in response.context["lines"]]
            if not response.context["older"]:
                break
            response = client.get(url + response.context["older"])
        back = []
        while True:
            back = [line.activity.pk for line in response.context["lines"]] + back
            if not response.context["newer"]:
                break
            response = client.get(url + response.context["newer"])

        assert there == list(Activity.objects.order_by("-at", "-id").values_list("pk", flat=True))
        assert back == there

    @pytest.mark.parametrize(
        "key",
        ["x", "older:", "older:2020:1", "older:2020-01-01T00:00:00+00:00:x", "newer::", "older:9999-99-99:1",
         "older:9999-12-31T23:59:59-14:00:1", "newer:0001-01-01T00:00:00+14:00:1"],
    )  # fmt: skip
    def test_an_odd_key_shows_the_newest(self, account, ada, many, browser_of, key):
        response = browser_of(ada.user).get(reverse("accounts:activity_list", args=[account.pk]), {"key": key})

        assert len(response.context["lines"]) == PER_PAGE

    def test_a_key_may_have_any_offset(self, account, ada, many, browser_of):
        key = "newer:2020-01-01T00:00:00+23:59:1"

        response = browser_of(ada.user).get(reverse("accounts:activity_list", args=[account.pk]), {"key": key})

        assert len(response.context["lines"]) == PER_PAGE

    @pytest.mark.parametrize("zone", ["Pacific/Auckland", "America/Adak"])
    @pytest.mark.parametrize("day", ["0001-01-01", "9999-12-31"])
    def test_the_first_and_the_last_day_there_are_can_be_asked_for(self, account, ada, row, browser_of, day, zone):
        account.time_zone = zone
        account.save(update_fields=["time_zone"])
        url = reverse("accounts:activity_list", args=[account.pk])

        found = [len(browser_of(ada.user).get(url, {end: day}).context["lines"]) for end in ("after", "before")]

        assert found == ([1, 0] if day.startswith("0") else [0, 1])

    @pytest.mark.parametrize(
        ("query", "found"),
        [
            ({"who": "GRACE"}, ["by grace"]),
            ({"what": "invitation"}, ["by grace"]),
            ({"words": "ada"}, ["by ada"]),
            ({"after": "2020-01-01", "before": "2020-01-02"}, []),
            ({"what": "nonsense"}, ["by grace", "by ada"]),
        ],
    )
    def test_filters(self, account, ada, grace, browser_of, query, found):
        activity.record(account=account, by=ada.user, verb="project.create", target="by ada")
        activity.record(account=account, by=grace.user, verb="invitation.create", target="by grace")

        response = browser_of(ada.user).get(reverse("accounts:activity_list", args=[account.pk]), query)

        assert [line.activity.target for line in response.context["lines"]] == found

    def test_days_are_those_of_the_accounts_time_zone(self, account, ada, browser_of):
        account.time_zone = "Pacific/Auckland"
        account.save(update_fields=["time_zone"])
        Activity.objects.create(account=account, verb="x.y", at="2026-03-01T23:00:00Z")  # the 2nd over there

        def found(day):
            query = {"after": day, "before": day}
            url = reverse("accounts:activity_list", args=[account.pk])
            return len(browser_of(ada.user).get(url, query).context["lines"])

        assert (found("2026-03-01"), found("2026-03-02")) == (0, 1)

    def test_one_account_never_shows_anothers_rows(self, account, ada, row, browser_of):
        other = MembershipFactory()

        page = browser_of(other.user).get(reverse("accounts:activity_list", args=[other.account_id]))
        download = browser_of(other.user).get(reverse("accounts:activity_csv", args=[other.account_id]))

        assert page.context["lines"] == []
        assert len(b"".join(download.streaming_content).splitlines()) == 1


class TestCsv:
    def download(self, client, account):
        response = client.get(reverse("accounts:activity_csv", args=[account.pk]))
        text = b"".join(response.streaming_content).decode("utf-8-sig")
        return response, list(csv.reader(io.StringIO(text)))

    def test_it_holds_what_the_tab_shows(self, account, ada, row, browser_of):
        _, rows = self.download(browser_of(ada.user), account)

        assert rows[1][1:6] == ["Ada", "ada@shop.example", "", "created the project", "Site"]

    def test_formulas_in_cells_and_in_the_file_name_are_harmless(self, account, ada, browser_of):
        account.name = '=cmd|"/C calc"\r\nX: y'
        account.save(update_fields=["name"])
        activity.record(account=account, by=ada.user, verb="project.create", target='=HYPERLINK("http://evil")')

        response, rows = self.download(browser_of(ada.user), account)

        assert rows[1][5].startswith("'=")
        assert response["Content-Disposition"].endswith('-cmd-c-calc-x-y.csv"')


def test_a_verb_without_words_of_its_own_is_still_readable():
    assert words("report.star") == "report: star"


def test_every_verb_that_is_written_has_words():
    things, done = ("definition", "segment", "report"), ("create", "change", "tag", "delete")
    kept = {f"{thing}.{what}" for thing in things for what in done}
    messages = {f"support.{state}" for state in MessageState.values}
    quoted = re.compile(rf'"((?:{"|".join(KINDS)})\.[a-z_]+)"')
    files = [
        file
        for app in ("accounts", "projects", "ipfilter", "analytics", "support")
        for file in (settings.BASE_DIR / app).rglob("*.py")
        if file.name != "activity_words.py"
    ]
    written = {verb for file in files for verb in quoted.findall(file.read_text())}
    written -= jobs.tasks.keys()  # their names look alike

    assert len(written) > 40
    assert (written | kept | messages) - WORDS.keys() == set()


def test_what_was_carried_over_is_told_by_number_and_name(account, ada):
    details = {"created": {"count": 3, "names": ["Paid", "Signed up"]}, "from": "Staging"}
    activity.record(account=account, by=ada.user, verb="environment.carry_over", target="Shop › Live", details=details)

    line = page(membership=Membership(account=account), wanted={}, key="").lines[0]

    assert (line.words, dict(line.details)["created"]) == ("carried over into", "3 (Paid, Signed up, …)")


def told(account, verb, target="", **details):
    activity.record(account=account, by=None, verb=verb, target=target, details=details)
    line = page(membership=Membership(account=account), wanted={}, key="").lines[0]
    return line.target, dict(line.details)


class TestRefusals:
    def refused(self, account, browser_of, name, *args, method="post"):
        reader = MembershipFactory(account=account, read_only=True)
        getattr(browser_of(reader.user), method)(reverse(name, args=args))
        return page(membership=Membership(account=account), wanted={"what": "refused"}, key="").lines[0]

    def test_they_say_what_was_wanted_and_of_what(self, account, ada, browser_of):
        report = ReportFactory(name="Signups", environment__project__account=account)
        place = f"{report.environment.project.name} › {report.environment.name}"

        line = self.refused(account, browser_of, "analytics:report_delete", report.environment.app_id, report.lineage)

        assert line.target == f"to delete the report {place} › Signups"
        assert line.details == []

    def test_they_name_people_and_projects(self, account, ada, browser_of):
        project = account.projects.get()

        person = self.refused(account, browser_of, "accounts:teammate_remove", account.pk, ada.pk)
        opened = self.refused(account, browser_of, "projects:project_edit", project.pk, method="get")

        assert person.target == "to remove the teammate ada@shop.example"
        assert opened.target == f"to open the page to change the project {project.name}"

    def test_nothing_of_another_account_is_named(self, account, browser_of):
        other = MembershipFactory(user__email="eve@else.example")

        line = self.refused(account, browser_of, "accounts:teammate_remove", account.pk, other.pk)

        assert line.target == "to remove a teammate"

    def test_rows_of_before_have_no_path_and_no_view_name(self, account):
        path = "/env/1/reports/5b0e7cf2-0000-4000-8000-000000000000/delete/"

        target, details = told(account, "refused", "POST analytics:report_delete", path=path, needs="edit")

        assert (target, details) == ("to delete a report", {})

    @pytest.mark.parametrize(
        ("view", "words"),
        [
            ("projects:api_key_revoke", "to revoke an API key"),
            ("projects:environment_add", "to add an environment"),
            ("accounts:leave", "to leave the account"),
            ("accounts:teammate_access", "to change the access"),
            ("ipfilter:excluded_ips", "to change the excluded IPs of the account"),
        ],
    )
    def test_without_a_name_it_is_still_a_sentence(self, account, view, words):
        assert told(account, "refused", f"POST {view}")[0] == words

    def test_each_page_that_refuses_has_words(self):
        refusing = {name for name, row in TABLE.items() if 403 in row} | set(REFUSED_TO_READ_ONLY)

        assert refusing - REFUSED.keys() == set()


class TestDetails:
    def test_what_changed_is_told_from_before_to_after(self, account):
        _, details = told(
            account, "account.settings", who_may_invite=["full", "nobody"], require_second_factor=[False, True]
        )

        assert details == {
            "who may invite": "Every teammate with full access → Nobody: invitations are switched off",
            "require second factor": "no → yes",
        }

    def test_how_long_events_are_kept(self, account):
        _, details = told(account, "project.months_kept", "Shop", Shop=[None, 12], Staging=[None, 1])

        assert details == {"Shop": "for ever → 12 months", "Staging": "as the project → 1 month"}

    def test_what_is_captured(self, account):
        before, after = {"without_hash": True, "only_sites": ["a.example"]}, {"only_sites": ["a.example", "b.example"]}

        _, details = told(account, "environment.capture", "Shop › Live", capture=[before, after])

        assert details == {"only sites": "a.example → a.example, b.example", "without hash": "yes → no"}

    def test_tables_are_told_by_what_their_rows_are_called(self, account):
        _, details = told(
            account, "project.removed", "Shop", rows={"analytics_definition": 2, "projects_environment": 1}
        )

        assert details == {"rows": "2 definitions, 1 environment"}

    def test_a_list_is_not_told_as_a_change(self, account):
        assert told(account, "environment.carry_undo", "Shop", left=["A", "B"])[1] == {"left": "A, B"}

    def test_no_number_of_a_request_is_shown(self, account):
        request = "5b0e7cf2-0000-4000-8000-000000000000"

        assert told(account, "person.deleted_by_api", "1 person", request=request, events=1_200)[1] == {
            "events": "1,200"
        }

    def test_a_session_is_told_by_its_browser(self, account):
        agent = "Mozilla/5.0 (X11; Linux x86_64; rv:128.0) Gecko/20100101 Firefox/128.0"

        assert told(account, "login.session_end", agent)[0] == "Firefox on Linux"

    def test_a_long_list_is_folded_and_whole(self, account, ada, browser_of):
        added = ", ".join(f"10.0.0.{number}" for number in range(100))
        activity.record(account=account, by=ada.user, verb="excluded_ips.save", target="Shop", details={"added": added})

        shown = browser_of(ada.user).get(reverse("accounts:activity_list", args=[account.pk])).content.decode()

        assert added in shown and shown.index('class="activity__long') < shown.index(added)
