"""Shared links: what people without a login see of a report or a dashboard, and that they see nothing else."""

import threading
from datetime import timedelta

import pytest
from django.contrib.auth.hashers import make_password
from django.core.cache import cache
from django.db import connection, transaction
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.models import Account, SignInPause
from analytics.kinds.registry import run, show
from analytics.models import Dashboard, Note, Report, SharedLink, SharedLinkViews
from analytics.shared_links import limits, views_count
from analytics.shared_links.password import PasswordTry
from analytics.shared_links.secret import address_of, secret_of
from analytics.store import places
from analytics.store.failures import QueryBusy, QueryTimeout
from analytics.store.places import for_links_of
from analytics.views import analyze, shared_answers
from analytics.views import shared as shared_views
from common.token_buckets import Buckets
from projects.models import Environment, Project
from tests.analytics.factories import SharedLinkFactory
from tests.analytics.kept import make_report, pin
from tests.analytics.rows import add_event, add_person
from tests.factories import MembershipFactory
from tests.together import wait_until_somebody_waits

pytestmark = pytest.mark.django_db
PASSWORD = "correct horse battery"
HIDDEN = "The link does not show"
PERSONAL = ("user_email", "mail", "userName", "user_id_hash", "customerIds", "given_name", "Surname", "display_name")


@pytest.fixture(autouse=True)
def empty_cache():
    cache.clear()


@pytest.fixture
def link(environment):
    add_event(environment, kind="pageview", path="/cart")
    return SharedLinkFactory(shown=make_report(environment, name="Views"))


def shown_by(link):
    return Report.objects.get(lineage=link.lineage)


def path(link, name="shared", *args):
    return reverse(f"analytics:{name}", args=[secret_of(link), *args])


def text(response):
    return response.content.decode()


def opened(link, name="shared", *args, client=None, **headers):
    return (client or Client()).get(path(link, name, *args), headers=headers)


def part(link):
    return text(opened(link, "shared_answer"))


def test_a_report_is_shown_to_people_without_a_login(link):
    page, answer, csv = (opened(link, name) for name in ("shared", "shared_answer", "shared_csv"))

    assert [each.status_code for each in (page, answer, csv)] == [200, 200, 200]
    assert "Views" in text(page) and "Count of Pageview" in text(answer) and 'class="behind"' not in text(answer)
    assert "Pageview" in csv.content.decode("utf-8-sig") and "attachment" in csv["Content-Disposition"]
    assert "Count of Pageview" in text(opened(link, "shared_whole"))


def test_its_answers_are_kept_from_caches_engines_frames_and_other_sites_logs(link, full):
    for client in (Client(), full):
        for name in ("shared", "shared_whole", "shared_answer", "shared_csv"):
            answer = opened(link, name, client=client)
            assert answer["Cache-Control"] == "no-store" and "Cookie" not in answer.get("Vary", "")
            assert answer["X-Robots-Tag"].startswith("noindex") and answer["Referrer-Policy"] == "no-referrer"
            assert "frame-ancestors 'none'" in answer["Content-Security-Policy"] and not answer.cookies
            assert str(link.environment.app_id) not in text(answer) and full.user.email not in text(answer)


@pytest.mark.parametrize("end", ["", "csv", "tiles/x", "a%0Ab/", "a%0Ab", "%00/"])
def test_no_answer_below_is_kept_or_told_on(link, end):
    """Also those that only add the slash that a mail program has cut off, and those to odd addresses."""
    address = path(link).removesuffix("/") + ("/" + end if end else "")
    answer = Client().get(address)
    assert answer.status_code == 404 if address.endswith("/") else answer.url == address + "/"
    assert answer["Cache-Control"] == "no-store" and answer["Referrer-Policy"] == "no-referrer"
    assert answer["X-Robots-Tag"].startswith("noindex")
    assert "frame-ancestors 'none'" in answer["Content-Security-Policy"]


def test_all_that_opens_nothing_is_answered_alike(link):
    never = Client().get(reverse("analytics:shared", args=["x" * 43]))
    assert never.status_code == 404

    def answers():
        return [opened(link, name) for name in ("shared", "shared_whole", "shared_answer", "shared_csv")]

    ways = [
        (SharedLink, {"ended_at": timezone.now()}),
        (SharedLink, {"expires_at": timezone.now() - timedelta(seconds=1)}),
        (Account, {"closed_at": timezone.now()}),
        (Account, {"allows_shared_links": False}),
        (Project, {"deleting_at": timezone.now()}),
        (Environment, {"deleting_at": timezone.now()}),
        (Report, None),
    ]
    for model, fields in ways:
        point = transaction.savepoint()
        model.objects.all().update(**fields) if fields else model.objects.all().delete()
        for answer in answers():
            assert (answer.status_code, answer.content) == (404, never.content), model
            assert {name: answer[name] for name in never.headers} == dict(never.headers)
        transaction.savepoint_rollback(point)
    assert [each.status_code for each in answers()] == [200, 200, 200, 200]  # allowed again, it opens again
    assert Client().get(path(link) + "more/").content == never.content


def test_no_parameter_widens_it(link):
    for name in ("shared", "shared_whole", "shared_answer", "shared_csv"):
        asked = {"days": "7", "event": "builtin:session", "by": "user:email", "kind": "users", "all": "1", "what": "x"}
        widened = Client().get(path(link, name), asked)
        assert "Session" not in text(widened) and "7 days" not in text(widened)
        assert Client().put(path(link, name)).status_code == 405


def test_a_report_that_shows_people_since_shows_none_without_the_tick(environment, link):
    add_person(environment, -1, identity="ada@shop.example", properties={"plan": "gold"})
    ticked = SharedLinkFactory(shown=shown_by(link), shows_people=True)
    event = ["event", "builtin:pageview"]
    for kind, parameters in [
        ("users", [["search", "ada"]]),
        ("sessions", [["days", "7"]]),
        ("graph", [event, ["by", "user:plan"]]),
        ("graph", [event, ["by", "person:identity"]]),
        *[("graph", [event, ["by", f"property:{name}"]]) for name in PERSONAL],
        ("graph", [event, ["where.0.field", "user:plan"], ["where.0.op", "is"], ["where.0.value", "gold"]]),
    ]:
        Report.objects.update(kind=kind, body={"parameters": parameters})
        hidden = part(link) + text(opened(link, "shared_whole"))
        assert HIDDEN in hidden and "ada@" not in hidden and "gold" not in hidden, parameters
        refused = opened(link, "shared_csv")
        assert refused.status_code == 403 and HIDDEN in text(refused)
        assert HIDDEN not in part(ticked)
    Report.objects.update(kind="users", body={"parameters": []})
    shown = part(ticked)
    assert "ada@shop.example" in shown and "/people/" not in shown and f"{timezone.now():%b %Y, }" in shown
    assert "&lt;" not in shown


@pytest.mark.parametrize(
    "written",
    [
        "ada@shop.example",
        "ada%40shop.example",
        "ada%2540shop%252Eexample",
        "ada＠shop.example",
        "ada@xn--bcher-kva.example",
    ],
)
def test_an_e_mail_address_in_an_answer_hides_it_wherever_it_came_from(environment, link, written):
    add_event(environment, kind="pageview", path=f"/of/{written}")
    parameters = [["event", "builtin:pageview"], ["by", "event:path"]]
    Report.objects.update(body={"parameters": parameters})

    assert HIDDEN in part(link) and "ada" not in part(link)
    assert opened(link, "shared_csv").status_code == 403
    assert "ada" in part(SharedLinkFactory(shown=shown_by(link), shows_people=True))


def test_a_dashboard_shows_its_tiles_and_no_other(environment, link):
    other = make_report(environment, name="Other")
    dashboard = pin(shown_by(link))
    shared = SharedLinkFactory(shown=dashboard)
    elsewhere = pin(other, lineage=other.lineage)

    assert "Views" in text(opened(shared))
    assert "stat__value" in text(opened(shared, "shared_tile", link.lineage))
    assert opened(shared, "shared_tile", other.lineage).status_code == 404
    assert [opened(shared, name).status_code for name in ("shared_answer", "shared_csv")] == [404, 404]
    assert "stat__value" in text(opened(shared, "shared_whole"))
    Dashboard.objects.filter(pk=dashboard.pk).update(body=elsewhere.body)
    assert opened(shared, "shared_tile", link.lineage).status_code == 404


def test_notes_are_shown_if_ticked(environment, link):
    Note.objects.create(environment=environment, at=timezone.now(), is_day=False, text="Sale begins")

    assert "Sale begins" not in part(link)
    assert "Sale begins" in part(SharedLinkFactory(shown=shown_by(link), shows_notes=True))


# --- The password ---------------------------------------------------------------------------------------------------


@pytest.fixture
def guarded(link):
    return SharedLinkFactory(shown=shown_by(link), password=make_password(PASSWORD))


def test_the_password_guards_everything(guarded, settings):
    settings.HTTPS = True
    Account.objects.update(embedding_sites=["https://intranet.example"])
    client = Client()
    assert "Views" not in text(opened(guarded, client=client))
    for name in ("shared_whole", "shared_answer", "shared_csv"):
        assert opened(guarded, name, client=client).url == path(guarded)
    assert client.get(path(guarded, "shared_answer"), headers={"HX-Request": "true"})["HX-Redirect"] == path(guarded)
    assert client.post(path(guarded), {"password": "wrong"}).status_code == 403

    entered = client.post(path(guarded), {"password": PASSWORD})

    cookie = entered.cookies["shared_link"].OutputString()
    for word in (f"Path={path(guarded)}", "HttpOnly", "Secure", "SameSite=None", "Partitioned"):
        assert word in cookie
    assert {opened(guarded, name, client=client).status_code for name in ("shared", "shared_csv")} == {200}
    SharedLink.objects.filter(pk=guarded.pk).update(password=make_password("another one"))
    assert opened(guarded, "shared_csv", client=client).status_code == 302


def test_wrong_passwords_wait_and_hold_up_nobody_who_knew_it(guarded, monkeypatch):
    known, stranger = Client(), Client(REMOTE_ADDR="203.0.113.9")
    known.post(path(guarded), {"password": PASSWORD})
    for _ in range(6):
        refused = stranger.post(path(guarded), {"password": "wrong"})
    assert refused.status_code == 403 or refused.status_code == 429
    waits = stranger.post(path(guarded), {"password": PASSWORD})  # even the right one
    assert waits.status_code == 429 and int(waits["Retry-After"]) > 0
    everywhere = PasswordTry(guarded.pk, "198.51.100.1", None).pauses.keys() - {
        PasswordTry(guarded.pk, "198.51.100.1", None).own
    }
    SignInPause.objects.filter(key__in=everywhere).update(failures=1000, failed_at=timezone.now())

    assert Client(REMOTE_ADDR="198.51.100.1").post(path(guarded), {"password": PASSWORD}).status_code == 429
    assert known.post(path(guarded), {"password": PASSWORD}).status_code == 302


# --- Bounds ---------------------------------------------------------------------------------------------------------


def test_frames_are_allowed_to_listed_sites_alone(link):
    Account.objects.update(embedding_sites=["https://intranet.example"])

    page = opened(link)

    assert "frame-ancestors https://intranet.example;" in page["Content-Security-Policy"] + ";"
    assert "X-Frame-Options" not in page


def test_many_requests_of_a_network_wait_and_others_do_not(link, monkeypatch):
    monkeypatch.setattr(limits, "_networks", Buckets(1, burst_seconds=2))

    statuses = [Client(REMOTE_ADDR="203.0.113.9").get(path(link)).status_code for _ in range(6)]

    assert statuses[0] == 200 and statuses[-1] == 429
    assert Client(REMOTE_ADDR="198.51.100.7").get(path(link)).status_code == 200


def test_links_take_no_place_of_people_and_an_answer_is_shared(link, monkeypatch):
    taken = []
    monkeypatch.setattr(places, "_take", lambda whose, most: taken.append(whose))

    for _ in range(5):
        opened(link, "shared_answer")

    account = link.environment.project.account_id
    assert taken == [f"questions of links of account {account}", "questions of links"]


def test_an_answer_is_drawn_once_and_a_file_not_at_all(link, monkeypatch):
    drawn = []
    monkeypatch.setattr(analyze, "show", lambda *given: drawn.append(given) or show(*given))

    opened(link, "shared_csv")
    assert not drawn
    opened(link, "shared_answer")
    assert len(drawn) == 1


def test_a_question_that_failed_or_is_hidden_is_not_asked_again_for_a_file_or_a_whole_page(link, monkeypatch):
    asked = []

    def failing(query, limit):
        asked.append(query)
        raise QueryTimeout

    monkeypatch.setattr(shared_answers, "run", failing)
    for name in ("shared_csv", "shared_csv", "shared_answer", "shared_whole"):
        opened(link, name)
    assert len(asked) == 1

    cache.clear()
    monkeypatch.undo()
    add_event(link.environment, kind="pageview", path="/of/ada@shop.example")
    Report.objects.update(body={"parameters": [["event", "builtin:pageview"], ["by", "event:path"]]})
    monkeypatch.setattr(shared_answers, "run", lambda query, limit: asked.append(query) or run(query, limit=limit))
    statuses = [opened(link, name).status_code for name in ("shared_csv", "shared_csv", "shared_answer")]
    assert statuses == [403, 403, 200] and len(asked) == 2


def test_what_failed_because_others_took_the_time_of_a_whole_page_is_asked_again(link, monkeypatch):
    shared = SharedLinkFactory(shown=pin(shown_by(link)))

    def failing(query, limit):
        raise QueryTimeout

    monkeypatch.setattr(shared_views, "WHOLE_SECONDS", 1.0)
    monkeypatch.setattr(shared_answers, "run", failing)
    assert shared_answers.NO_TIME in text(opened(shared, "shared_whole"))
    monkeypatch.undo()

    assert "stat__value" in text(opened(shared, "shared_whole"))


def test_slow_questions_of_one_accounts_links_leave_a_place_for_those_of_others():
    with for_links_of(1), places.place(1):
        with for_links_of(1), pytest.raises(QueryBusy):
            places.place(1).__enter__()
        with for_links_of(2), places.place(2), for_links_of(3), pytest.raises(QueryBusy):
            places.place(3).__enter__()
    with for_links_of(1), places.place(1):  # it was given back
        pass


def test_views_are_counted_by_day(link):
    views_count.writer.write()
    for name in ("shared", "shared", "shared_answer", "shared_csv", "shared_whole"):
        opened(link, name)
    views_count.writer.write()
    opened(link)
    views_count.writer.write()

    link.refresh_from_db()
    assert link.views.get().views == 3 and link.last_viewed_at


@pytest.mark.django_db(transaction=True)
def test_processes_that_write_views_of_the_same_links_lock_them_in_the_same_order():
    """Whoever waits for the first one holds none of the others."""
    first, *others = [SharedLinkFactory(pk=pk).pk for pk in (3, 4, 5)]  # PostgreSQL groups 4, 3, 5
    tally = views_count.ViewTally()
    for pk in reversed([first, *others]):
        tally.add((pk, timezone.localdate()), 1, timezone.now())

    def write():
        with connection.cursor() as cursor:
            cursor.execute(*tally.statement(tally.take()))

    with transaction.atomic():
        SharedLink.objects.select_for_update(no_key=True).get(pk=first)
        writer = threading.Thread(target=lambda: (write(), connection.close()))
        writer.start()
        wait_until_somebody_waits()
        free = SharedLink.objects.select_for_update(no_key=True, skip_locked=True).filter(pk__in=others)
        assert len(free) == len(others)
    writer.join()
    assert SharedLinkViews.objects.count() == 3


# --- Making them ------------------------------------------------------------------------------------------------------


def test_a_link_is_made_shown_again_and_ended(environment, full, read_only):
    report = make_report(environment, name="Views")
    app = [environment.app_id]
    form = {"name": "Board", "what": f"report:{report.lineage}", "password": PASSWORD}
    form["expires_on"] = f"{timezone.localdate() + timedelta(days=3)}"
    assert full.post(reverse("analytics:shared_link_create", args=app), form | {"password": "short"}).status_code == 422
    made = full.post(reverse("analytics:shared_link_create", args=app), form)
    link = SharedLink.objects.get()

    address = address_of(link)
    assert address in text(full.get(made.url)) and address not in text(read_only.get(made.url))
    assert link.password.startswith("argon2") and secret_of(link) not in str(SharedLink.objects.values().get())
    assert "shared by 1 link" in text(read_only.get(reverse("analytics:report", args=[*app, report.lineage])))
    full.post(reverse("analytics:shared_link_end", args=[*app, link.pk]))
    assert opened(link).status_code == 404
    assert "ended" in text(read_only.get(reverse("analytics:shared_link_list", args=app)))


def test_who_makes_a_link_or_deletes_what_it_shows_is_told_what_it_does_not_show(environment, link, full):
    about = reverse("analytics:shared_link", args=[environment.app_id, link.pk])
    delete = reverse("analytics:report_delete", args=[environment.app_id, link.lineage])
    hides = "so the link hides its answer"
    assert hides not in text(full.get(about))
    Report.objects.update(kind="users", body={"parameters": []})
    assert hides in text(full.get(about))
    SharedLink.objects.update(shows_people=True)
    assert hides not in text(full.get(about))

    assert "1 shared link to it will open nothing" in text(full.get(delete)).replace("\xa0", " ")
    dashboard = pin(shown_by(link))
    SharedLinkFactory.create_batch(2, shown=dashboard)
    delete = reverse("analytics:dashboard_delete", args=[environment.app_id, dashboard.lineage])
    assert "2 shared links to it will open nothing" in text(full.get(delete)).replace("\xa0", " ")


def test_links_are_counted_for_the_head_of_a_page_and_not_for_its_answer_anew(environment, link, full):
    url = reverse("analytics:report", args=[environment.app_id, link.lineage])
    with CaptureQueriesContext(connection) as whole:
        full.get(url)
    with CaptureQueriesContext(connection) as part:
        full.get(url, headers={"HX-Request": "true"})

    counts = [sum("analytics_sharedlink" in each["sql"] for each in captured) for captured in (whole, part)]
    assert counts == [1, 0]


def test_a_link_stays_when_its_maker_goes_and_whoever_removes_them_is_told(environment, link, full):
    account = environment.project.account
    maker = MembershipFactory(account=account)
    SharedLink.objects.update(created_by=maker.user)
    others = SharedLinkFactory(created_by=maker.user)
    remove = reverse("accounts:teammate_remove", args=[account.pk, maker.pk])

    told = text(full.get(remove))
    assert link.name in told and others.name not in told
    full.post(remove)

    assert not account.memberships.filter(pk=maker.pk).exists()
    assert opened(link).status_code == 200
    maker.user.delete()
    listed = text(full.get(reverse("analytics:shared_link_list", args=[environment.app_id])))
    assert "somebody who left" in listed and opened(link).status_code == 200


def test_a_former_key_of_the_server_shows_the_address_and_another_does_not(link, settings):
    secret = secret_of(link)
    settings.SECRET_KEY_FALLBACKS, settings.SECRET_KEY = [settings.SECRET_KEY], "new" * 20
    assert secret_of(link) == secret
    settings.SECRET_KEY_FALLBACKS = []
    assert secret_of(link) is None
    assert Client().get(reverse("analytics:shared", args=[secret])).status_code == 200


def test_links_are_not_copied_with_an_environment(environment, link, full):
    address = reverse("projects:environment_add", args=[environment.project_id])
    full.post(address, {"name": "Staging", "source": environment.pk})

    assert Report.objects.filter(environment__name="Staging").exists()
    assert SharedLink.objects.get() == link
