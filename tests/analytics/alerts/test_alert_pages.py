"""The pages of alerts and webhooks: their forms, who may do what, and what goes with an environment or a teammate."""

import json
from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.urls import reverse
from django.utils import timezone

from accounts.actions import memberships
from accounts.models import Activity
from analytics.alerts import log
from analytics.alerts.judging import judge
from analytics.alerts.models import MAX_ALERTS, Alert, AlertChange, AlertDelivery, AlertRecipient, Webhook
from analytics.alerts.webhooks import secrets
from projects.registry import copy
from projects.tables import scope_of
from support.exports.pieces import pieces
from tests.analytics.alerts.factories import NOON, AlertFactory, WebhookFactory, sign_up, signups, silence, told_to
from tests.analytics.factories import DefinitionFactory
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db


def url(view, environment, *ids):
    return reverse(f"analytics:{view}", args=[environment.app_id, *ids])


def body(report, /, **instead):
    fixed = {"watches": "report", "name": "Many", "report": str(report.lineage), "unit": "day", "figure": "interval"}
    return fixed | {"rule": "above", "fires_at": "10", "measured": "percent"} | instead


def make(client, environment, sent):
    return client.post(url("alert_create", environment), sent)


def test_a_report_leads_to_an_alert_on_it(environment, full):
    report = signups(environment, "graph", ("unit", "week"))
    page = full.get(url("report", environment, report.lineage)).content.decode()
    link = f"{url('alert_create', environment)}?report={report.lineage}"
    assert link in page

    form = full.get(link).context["form"]

    assert (form["name"].value(), form["report"].value(), form["unit"].value()) == (
        "Sign-ups",
        str(report.lineage),
        "week",
    )
    me = environment.project.account.memberships.get(user=full.user)
    assert form["recipients"].value() == [me.pk]


def test_making_changing_and_switching(environment, full):
    report, other = signups(environment), told_to(AlertFactory(environment=environment))
    hook = WebhookFactory(environment=environment)

    response = make(full, environment, body(report, recipients=[other.pk], webhooks=[hook.pk], over_at="8"))

    made = Alert.objects.latest("pk")
    assert response.url == url("alert", environment, made.pk)
    assert (made.fires_at, made.over_at, made.in_percent) == (10, 8, False)
    assert [*made.webhooks.all()] == [hook]
    details = Activity.objects.get(verb="alert.create").details
    assert (details["told to"], details["watches"]) == (
        other.user.email,
        "The number of “Sign-ups” of each day is above 10. Over when it is below 8.",
    )

    Alert.objects.filter(pk=made.pk).update(is_firing=True, judged_until=NOON)
    full.post(url("alert_edit", environment, made.pk), body(report, name="Others", over_at="8"))
    made.refresh_from_db()
    assert (made.name, made.is_firing, made.version, made.recipients.count()) == ("Others", True, 1, 0)
    full.post(url("alert_edit", environment, made.pk), body(report, rule="rose", fires_at="50"))
    made.refresh_from_db()
    assert (made.is_firing, made.version, made.in_percent, made.judged_until) == (False, 2, True, NOON)

    full.post(url("alert_switch", environment, made.pk), {"off": "1"})
    made.refresh_from_db()
    assert not made.is_on
    full.post(url("alert_delete", environment, made.pk))
    assert not Alert.objects.filter(pk=made.pk).exists()


@pytest.mark.parametrize(
    ("instead", "field", "words"),
    [
        ({"name": ""}, "name", "required"),
        ({"name": "\u202e\0"}, "name", ""),
        ({"report": ""}, "report", "required"),
        ({"fires_at": "nan"}, "fires_at", "Enter a number"),
        ({"fires_at": "1e400"}, "fires_at", ""),
        ({"fires_at": "x" * 100_000}, "fires_at", ""),
        ({"over_at": "11"}, "over_at", "cannot be above"),
        ({"rule": "below", "over_at": "9"}, "over_at", "cannot be below"),
        ({"rule": "fell", "fires_at": "-1"}, "fires_at", "not negative"),
        ({"rule": "lasts"}, "rule", "valid choice"),
        ({"unit": "month"}, "unit", "valid choice"),
        ({"unit": "hour", "figure": "total"}, "report", "by day or by week"),
        ({"recipients": ["7000000"]}, "recipients", "valid choice"),
    ],
)
def test_what_the_form_refuses(environment, full, instead, field, words):
    response = make(full, environment, body(signups(environment), **instead))

    assert response.status_code == 422
    assert words in " ".join(response.context["form"].errors[field])
    assert Alert.objects.count() == 0


def test_silence_and_definitions(environment, full):
    definition = DefinitionFactory(environment=environment, name="Checkout")
    make(full, environment, {"watches": "silence", "name": "Silent", "hours": "5", "event": ""})
    make(full, environment, {"watches": "silence", "name": "None", "hours": "5", "event": "Signed up"})  # typed
    make(full, environment, {"watches": "definition", "name": "Gone", "definition": definition.lineage, "days": "3"})
    refused = make(full, environment, {"watches": "silence", "name": "x", "hours": "5", "event": "builtin:session"})

    page = full.get(url("alert_list", environment)).content.decode()
    assert refused.status_code == 422
    for words in ("No events at all for 5 hours.", "No event “Signed up” for 5 hours.", "has not matched for 3 days."):
        assert words in page
    assert full.get(url("alert_create", environment) + "?watches=odd").status_code == 404


def test_what_is_chosen_is_offered_however_many_there_are(environment, full, monkeypatch):
    monkeypatch.setattr("analytics.forms.choices.MAX_OFFERED", 1)
    _, report = signups(environment), signups(environment)
    for name in ("A", "Checkout"):
        definition = DefinitionFactory(environment=environment, name=name)

    form = full.get(url("alert_create", environment) + f"?report={report.lineage}").context["form"]
    assert len([*form["report"]]) == 3  # none, it, and the first by name
    make(full, environment, body(report))
    make(full, environment, {"watches": "definition", "name": "Gone", "definition": definition.lineage, "days": "3"})
    on_report, on_definition = Alert.objects.order_by("pk")

    full.post(url("alert_edit", environment, on_report.pk), body(report, name="Others"))
    page = full.get(url("alert_edit", environment, on_definition.pk)).content.decode()

    on_report.refresh_from_db()
    assert (on_report.name, on_report.lineage) == ("Others", report.lineage)
    assert f'value="{definition.lineage}" selected' in page
    assert make(full, environment, body(report, report="x")).status_code == 422


def test_everybody_may_be_told_and_told_no_more(environment, read_only):
    alert = AlertFactory(environment=environment)
    page, subscribe = url("alert", environment, alert.pk), url("alert_subscribe", environment, alert.pk)
    assert "Tell me by mail" in read_only.get(page).content.decode()

    read_only.post(subscribe)
    read_only.post(subscribe)
    assert AlertRecipient.objects.get().membership.user == read_only.user
    assert "Tell me no more" in read_only.get(page).content.decode()

    read_only.post(subscribe, {"off": "1"})
    assert AlertRecipient.objects.count() == 0
    assert sorted(Activity.objects.values_list("verb", flat=True)) == ["alert.subscribe", "alert.unsubscribe"]


def test_who_leaves_is_told_no_more_even_when_they_come_back(environment, full):
    alert = AlertFactory(environment=environment)
    membership = told_to(alert)
    change = AlertChange.objects.create(alert=alert, interval_end=NOON, change="fired", told={})
    AlertDelivery.objects.create(change=change, membership=membership)

    memberships.remove(membership=membership, by=full.user)

    assert (AlertRecipient.objects.count(), AlertDelivery.objects.count()) == (0, 0)


def test_there_are_as_many_as_may_be(environment, full):
    for _ in range(MAX_ALERTS):
        silence(environment)

    response = make(full, environment, body(signups(environment)))

    assert "at most 50 alerts" in response.content.decode()
    assert Alert.objects.count() == MAX_ALERTS


@pytest.mark.parametrize("view", ["alert_list", "webhook_list", "alert"])
def test_pages_run_as_many_queries_however_much_there_is(environment, full, view):
    def queries():
        ids = [Alert.objects.earliest("pk").pk] if view == "alert" else []
        with CaptureQueriesContext(
            connection,
        ) as captured:
            assert full.get(url(view, environment, *ids)).status_code == 200
        return len(captured)

    def more():
        alert = AlertFactory(environment=environment)
        silence(environment, event="event:Paid")
        hook = WebhookFactory(environment=environment)
        first = Alert.objects.earliest("pk")
        first.webhooks.add(hook)
        change = AlertChange.objects.create(
            alert=first, interval_end=timezone.now() - timedelta(hours=alert.pk), change="over", told={}
        )
        AlertDelivery.objects.create(change=change, membership=told_to(first))
        AlertDelivery.objects.create(change=change, webhook=hook)

    more()
    full.get(url(view, environment, *([Alert.objects.earliest("pk").pk] if view == "alert" else [])))
    few = queries()
    for _ in range(4):
        more()

    assert queries() == few


class TestWebhooks:
    def test_its_secret_is_shown_once_and_its_address_never(self, environment, full):
        sent = {"name": "Chat", "url": "https://chat.example/hooks/T0PSECRET"}
        response = full.post(url("webhook_create", environment), sent)

        hook = Webhook.objects.get()
        assert secrets.secret(hook.nonce) in response.content.decode()
        assert "the secret of before" not in response.content.decode()
        assert "no-store" in response["Cache-Control"]
        for view, ids in (("webhook", [hook.pk]), ("webhook_list", [])):
            page = full.get(url(view, environment, *ids)).content.decode()
            assert "chat.example" in page
            assert "T0PSECRET" not in page and "whsec_" not in page
        assert "T0PSECRET" not in json.dumps([*Activity.objects.values_list("target", "details")])
        rows = [row for piece in pieces(scope_of(environment.project.account_id)) for row in piece.page(None, 100)]
        exported = [row[0] for row in rows if "Chat" in row[0] and "created_by_id" in row[0]]
        assert exported and not any("T0PSECRET" in row or hook.nonce in row for row in exported)

    @pytest.mark.parametrize("view", ["webhook_secret", "webhook_test"])
    def test_one_that_somebody_deletes_meanwhile_is_not_there(self, environment, full, monkeypatch, view):
        hook = WebhookFactory(environment=environment)

        def found_then_deleted(environment, number):
            Webhook.objects.filter(pk=number).delete()
            return hook

        monkeypatch.setattr("analytics.views.webhooks.find_webhook", found_then_deleted)

        assert full.post(url(view, environment, hook.pk)).status_code == 404

    @pytest.mark.parametrize(
        "address",
        ["http://chat.example/", "ftp://chat.example", "https://u:p@chat.example", "chat.example", "https://a b", "\0"],
    )
    def test_addresses_that_are_refused(self, environment, full, address):
        response = full.post(url("webhook_create", environment), {"name": "Chat", "url": address})

        assert (response.status_code, Webhook.objects.count()) == (422, 0)

    def test_changing_the_secret_testing_and_deleting(self, environment, full):
        hook = WebhookFactory(environment=environment)
        old = secrets.secret(hook.nonce)

        page = full.post(url("webhook_secret", environment, hook.pk)).content.decode()
        hook.refresh_from_db()
        assert secrets.secret(hook.nonce) in page
        assert "each message is signed with the secret of before too" in page
        assert (old in page, secrets.secret(hook.old_nonce)) == (False, old)
        for _ in range(7):
            full.post(url("webhook_test", environment, hook.pk))
        assert hook.deliveries.count() == 5
        Webhook.objects.update(ended_at=timezone.now())
        AlertDelivery.objects.all().delete()
        full.post(url("webhook_test", environment, hook.pk))
        assert hook.deliveries.count() == 0
        full.post(url("webhook_delete", environment, hook.pk))
        assert Webhook.objects.count() == 0


def test_the_pages_say_how_much_of_what_was_told_they_show(environment, full):
    hook = WebhookFactory(environment=environment)
    for _ in range(log.SHOWN + 1):
        AlertDelivery.objects.create(webhook=hook)

    for page in (
        full.get(url("webhook", environment, hook.pk)),
        full.get(url("alert", environment, AlertFactory(environment=environment).pk)),
    ):
        assert "The newest 30 of the last 30 days." in page.content.decode()
    assert full.get(url("webhook", environment, hook.pk)).content.decode().count('<td data-label="Attempts">') == 30


def test_copying_an_environment_leaves_alerts_and_webhooks(environment):
    alert = AlertFactory(environment=environment)
    alert.webhooks.add(WebhookFactory(environment=environment))
    target = EnvironmentFactory(project=environment.project, name="Copy", is_production=False)

    copy(environment, target)

    assert target.reports.count() == 1
    assert (target.alerts.count(), target.webhooks.count()) == (0, 0)


def test_names_from_outside_stay_in_their_place(environment, full):
    report = signups(environment)
    report.name = "<b>x</b>\u202e" + "w" * 180
    report.save()
    alert = AlertFactory(environment=environment, lineage=report.lineage, name="<i>y</i>" + "v" * 180)
    sign_up(environment, 3)
    judge(Alert.objects.select_related("environment__project__account").get(pk=alert.pk), NOON)

    for view, ids in (("alert_list", []), ("alert", [alert.pk]), ("alert_delete", [alert.pk])):
        page = full.get(url(view, environment, *ids)).content.decode()
        assert "<b>x" not in page and "<i>y" not in page
        assert "\u202e" not in page


def test_deleting_what_is_watched_names_its_alerts(environment, full):
    report, definition = signups(environment), DefinitionFactory(environment=environment)
    AlertFactory(environment=environment, lineage=report.lineage, name="On the report")
    AlertFactory(environment=environment, name="On another")
    silence(environment, event=f"definition:{definition.lineage}", name="On its silence")
    fixed = {"watches": "definition", "figure": "", "rule": "lasts"}
    AlertFactory(environment=environment, lineage=definition.lineage, name="On its matches", **fixed)
    elsewhere = EnvironmentFactory(project=environment.project, name="Copy", is_production=False)
    AlertFactory(environment=elsewhere, lineage=report.lineage, name="Elsewhere")

    def alerts_told(kept, noun):
        one = full.get(url(f"{noun}_delete", environment, kept.lineage))
        several = full.post(url(f"{noun}_bulk", environment), {"do": "delete", "item": [str(kept.lineage)]})
        names = [[each.name for each in page.context["alerts"]] for page in (one, several)]
        for page in (one, several):
            assert all(each.name in page.content.decode() for each in page.context["alerts"])
        assert names[0] == names[1]
        return names[0]

    assert alerts_told(report, "report") == ["On the report"]
    assert alerts_told(definition, "definition") == ["On its matches", "On its silence"]
