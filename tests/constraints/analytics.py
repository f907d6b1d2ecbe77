"""What breaks the constraints of the tables of analytics."""

import uuid
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from analytics.alerts.models import AlertChange, AlertDelivery, AlertRecipient
from analytics.labelling.models import ConfirmedSite, LabelTicket
from analytics.models import NameNote, Note, SharedLinkViews
from tests.analytics.alerts.factories import AlertFactory, WebhookFactory, told_to
from tests.analytics.factories import (
    DashboardFactory,
    DefinitionFactory,
    ExpiryFactory,
    PinFactory,
    ReportFactory,
    SegmentFactory,
    SharedLinkFactory,
)
from tests.analytics.subscriptions.factories import SendingFactory, SubscriptionFactory
from tests.constraints.rows import MOMENT, Breaks, again, change, each, insert, insert_twice, required, without
from tests.factories import EnvironmentFactory, MembershipFactory, UserFactory


def kept(factory) -> Breaks:
    """The constraints that Definition, Segment and Report share."""
    table, thing = factory._meta.model._meta.db_table, factory._meta.model._meta.model_name
    return {
        f"{thing}_lineage_once_per_environment": lambda: again(factory()),
        f"{thing}_environment_and_id": without(f"{table}_pkey", lambda: same_number(factory())),
        f"{thing}_has_a_name": lambda: factory(name=""),
        f"{thing}_version_from_1": lambda: factory(version=0),
        f"{thing}_tags_few": lambda: factory(tags=[f"{number}" for number in range(11)]),
        f"{table}_version_check": without(f"{thing}_version_from_1", lambda: factory(version=-1)),
    }


def same_number(row):
    again(row, id=row.pk, lineage=uuid.uuid4())


def pin_in_the_same_place():
    pin = PinFactory()
    again(pin, report=ReportFactory(environment=pin.environment))


def noted(**fields):
    return NameNote.objects.create(environment=EnvironmentFactory(), **{"kind": "event", "name": "Paid", **fields})


def note(**fields):
    at = datetime(2026, 3, 14, 12, tzinfo=UTC)
    return Note.objects.create(
        environment=EnvironmentFactory(), **{"at": at, "is_day": False, "text": "Sale", **fields}
    )


def site(**fields):
    return ConfirmedSite.objects.create(
        **{"environment": EnvironmentFactory(), "origin": "https://shop.example", **fields}
    )


def ticket(**fields):
    known = {"digest": "a" * 64, "session_digest": "b" * 64, "ends_at": timezone.now() + timedelta(hours=1)}
    return LabelTicket.objects.create(site=site(), user=UserFactory(), **{**known, **fields})


def viewed(**fields):
    day = datetime(2026, 3, 14, tzinfo=UTC).date()
    return SharedLinkViews.objects.create(link=SharedLinkFactory(), **{"day": day, "views": 1, **fields})


def silence(**fields):
    fixed = {"watches": "silence", "lineage": None, "figure": "", "rule": "lasts", "unit": "hour"}
    return AlertFactory(**fixed | fields)


def chosen_webhook():
    alert = AlertFactory()
    hook = WebhookFactory(environment=alert.environment)
    return alert.webhooks.through.objects.create(alert=alert, webhook=hook)


def alert_change(**fields):
    return AlertChange.objects.create(
        **{"alert": AlertFactory(), "interval_end": MOMENT, "told": {}, "change": "over"} | fields
    )


def alert_delivery(**fields):
    """To a teammate."""
    change = alert_change()
    return AlertDelivery.objects.create(**{"change": change, "membership": told_to(change.alert)} | fields)


def delivery_to_webhook(**fields):
    changed = alert_change()
    hook = WebhookFactory(environment=changed.alert.environment)
    return AlertDelivery.objects.create(**{"change": changed, "webhook": hook} | fields)


def subscribed_again(email=""):
    again(SubscriptionFactory(email=email), end_digest="e", confirm_digest="c")


def digest_again(name):
    row = SubscriptionFactory()
    SubscriptionFactory(**{name: getattr(row, name)})


BREAKS: Breaks = {
    "webhook_name_once_per_environment": lambda: again(WebhookFactory()),
    "webhook_has_a_name": lambda: WebhookFactory(name=""),
    "webhook_old_secret_and_until_together": [
        lambda: WebhookFactory(old_nonce="0"),
        lambda: WebhookFactory(old_until=MOMENT),
    ],
    "analytics_webhook_failures_check": lambda: WebhookFactory(failures=-1),
    "alert_has_a_name": lambda: AlertFactory(name=""),
    "alert_rule_known": lambda: AlertFactory(rule="odd"),
    "alert_unit_known": lambda: AlertFactory(unit="month"),
    "alert_watches_one_thing": [
        lambda: AlertFactory(figure=""),
        lambda: AlertFactory(figure="mean"),
        lambda: AlertFactory(lineage=None),
        lambda: AlertFactory(watches="people"),
        lambda: silence(lineage=uuid.uuid4()),
        lambda: silence(unit="day"),
        lambda: silence(rule="above"),
        lambda: silence(watches="definition", unit="day"),
    ],
    "alert_over_on_the_other_side": [
        lambda: AlertFactory(rule="above", over_at=3),
        lambda: AlertFactory(rule="below", over_at=1),
    ],
    "analytics_alert_attempts_check": lambda: AlertFactory(attempts=-1),
    "analytics_alert_version_check": lambda: AlertFactory(version=-1),
    "alertrecipient_stays_in_its_account: insert analytics_alertrecipient": lambda: AlertRecipient.objects.create(
        alert=AlertFactory(), membership=MembershipFactory()
    ),
    "alertrecipient_stays_in_its_account: update analytics_alertrecipient": [
        lambda: change(AlertRecipient.objects.get(membership=told_to(AlertFactory())), membership=MembershipFactory()),
        lambda: change(AlertRecipient.objects.get(membership=told_to(AlertFactory())), alert=AlertFactory()),
    ],
    "alert_webhook_stays_in_its_environment: insert analytics_alert_webhooks": lambda: AlertFactory().webhooks.add(
        WebhookFactory()
    ),
    "alert_webhook_stays_in_its_environment: update analytics_alert_webhooks": [
        lambda: change(chosen_webhook(), webhook=WebhookFactory()),
        lambda: change(chosen_webhook(), alert=AlertFactory()),
    ],
    "alertdelivery_stays_in_its_account: insert analytics_alertdelivery": lambda: alert_delivery(
        membership=MembershipFactory()
    ),
    "alertdelivery_stays_in_its_account: update analytics_alertdelivery": [
        lambda: change(alert_delivery(), membership=MembershipFactory()),
        lambda: change(alert_delivery(), change=alert_change()),
    ],
    "alertdelivery_stays_in_its_environment: insert analytics_alertdelivery": lambda: delivery_to_webhook(
        webhook=WebhookFactory()
    ),
    "alertdelivery_stays_in_its_environment: update analytics_alertdelivery": [
        lambda: change(delivery_to_webhook(), webhook=WebhookFactory()),
        lambda: change(delivery_to_webhook(), change=alert_change()),
    ],
    "subscription_stays_in_its_account: insert analytics_subscription": lambda: SubscriptionFactory(
        membership=MembershipFactory()
    ),
    "subscription_stays_in_its_account: update analytics_subscription": [
        lambda: change(SubscriptionFactory(), membership=MembershipFactory()),
        lambda: change(SubscriptionFactory(), environment=EnvironmentFactory()),
    ],
    "alert_recipient_once": lambda: again(AlertRecipient.objects.get(membership=told_to(AlertFactory()))),
    "analytics_alert_webhooks_alert_id_webhook_id_e6e46549_uniq": lambda: again(chosen_webhook()),
    "alert_change_once": lambda: again(alert_change()),
    "alert_change_known": lambda: alert_change(change="rang"),
    "alert_delivery_once_per_teammate": lambda: again(alert_delivery(), number=uuid.uuid4()),
    "alert_delivery_once_per_webhook": lambda: again(delivery_to_webhook(), number=uuid.uuid4()),
    "alert_delivery_state_known": lambda: alert_delivery(state="lost"),
    "alert_delivery_to_one": [
        lambda: alert_delivery(webhook=WebhookFactory()),
        lambda: alert_delivery(membership=None),
        lambda: alert_delivery(change=None),
    ],
    "analytics_alertdelivery_number_key": lambda: again(alert_delivery(), change=alert_change()),
    "analytics_alertdelivery_attempts_check": lambda: alert_delivery(attempts=-1),
    "analytics_alertdelivery_answer_check": lambda: alert_delivery(answer=-1),
    **kept(DefinitionFactory),
    **kept(SegmentFactory),
    **kept(ReportFactory),
    **kept(DashboardFactory),
    "dashboard_tiles_few": lambda: DashboardFactory(body={"tiles": [{}] * 41}),
    "analytics_dashboard_position_check": lambda: DashboardFactory(position=-1),
    "expiry_one_at_a_time": lambda: again(ExpiryFactory()),
    "sharedlink_noun_known": lambda: SharedLinkFactory(noun="segment"),
    "sharedlink_has_a_name": lambda: SharedLinkFactory(name=""),
    "sharedlink_digest_is_sha256": lambda: SharedLinkFactory(digest="x" * 64),
    "sharedlink_ended_by_with_a_time": lambda: SharedLinkFactory(ended_by=UserFactory()),
    "analytics_sharedlink_digest_key": lambda: again(SharedLinkFactory()),
    "sharedlinkviews_day_once": lambda: again(viewed()),
    "analytics_sharedlinkviews_views_check": lambda: viewed(views=-1),
    "report_kind_known": lambda: ReportFactory(kind="pie"),
    "name_noted_once_per_environment": lambda: again(noted()),
    "name_kind_known": lambda: noted(kind="definition"),
    "name_noted_has_a_name": lambda: noted(name=""),
    "name_verified_by_and_at_together": lambda: noted(verified_by=UserFactory()),
    "site_once_per_environment": lambda: again(site()),
    "site_is_an_origin": lambda: site(origin="https://shop.example/"),
    "labelticket_digests_are_sha256": [lambda: ticket(digest="x"), lambda: ticket(session_digest="x")],
    "labelticket_token_once_used": [
        lambda: ticket(used_at=MOMENT),
        lambda: ticket(token_digest="c" * 64),
        lambda: ticket(used_at=MOMENT, token_digest="x"),
    ],
    "labelticket_ends_later": lambda: ticket(ends_at=timezone.now() - timedelta(days=999)),
    "analytics_labelticket_digest_key": lambda: again(ticket()),
    "analytics_labelticket_token_digest_key": lambda: again(
        ticket(used_at=MOMENT, token_digest="c" * 64), digest="d" * 64
    ),
    "note_has_a_text": lambda: note(text=""),
    "note_within_the_calendar": [
        lambda: note(at=datetime(1999, 12, 30, tzinfo=UTC)),
        lambda: note(at=datetime(2200, 1, 1, tzinfo=UTC)),
    ],
    "note_of_a_day_at_midnight": lambda: note(is_day=True),
    "subscription_once_per_person": subscribed_again,
    "subscription_once_per_address": lambda: subscribed_again(email="boss@other.example"),
    "subscription_noun_known": lambda: SubscriptionFactory(noun="segment"),
    "subscription_frequency_known": lambda: SubscriptionFactory(frequency="hourly"),
    "subscription_hour_of_a_day": lambda: SubscriptionFactory(hour=24),
    "subscription_day_of_a_month": each(lambda day: SubscriptionFactory(day=day), 0, 32),
    "subscription_email_lower_case": lambda: SubscriptionFactory(email="Boss@other.example"),
    "analytics_subscription_hour_check": lambda: SubscriptionFactory(hour=-1),
    "analytics_subscription_day_check": without("subscription_day_of_a_month", lambda: SubscriptionFactory(day=-1)),
    "analytics_subscription_end_digest_key": lambda: digest_again("end_digest"),
    "analytics_subscription_confirm_digest_key": lambda: digest_again("confirm_digest"),
    "sending_once_per_interval": lambda: again(SendingFactory()),
    "sending_handed_before_sent": lambda: SendingFactory(sent_at=MOMENT),
    "analytics_sending_tries_check": lambda: SendingFactory(tries=-1),
    "analytics_pin_position_check": lambda: PinFactory(position=-1),
    "analytics_pin_report_id_key": lambda: again(PinFactory(), position=1),
    "pin_position_once_per_environment": pin_in_the_same_place,
    "pin_and_report_of_one_environment": [
        lambda: PinFactory(environment=EnvironmentFactory()),
        lambda: change(PinFactory(), environment=EnvironmentFactory()),
        lambda: change(PinFactory().report, environment=EnvironmentFactory()),
    ],
    "segmentmember_of_its_segment": lambda: insert("analytics_segmentmember", environment_id=-1),
    "analytics_segmentmember_pkey": lambda: insert_twice("analytics_segmentmember"),
    **required("analytics_segmentmember", "environment_id lineage actor_id"),
    "rollup_marks_environment_id_fkey": lambda: insert("rollup_marks", environment_id=-1),
    "rollup_marks_pkey": lambda: insert_twice("rollup_marks"),
    **required("rollup_marks", "environment_id mark complete"),
    "rollup_day_in_order": each(lambda ends: insert("rollup_days", ends=ends), MOMENT, "2025-12-31 00:00:00+00"),
    "rollup_days_environment_id_fkey": lambda: insert("rollup_days", environment_id=-1),
    "rollup_days_pkey": lambda: insert_twice("rollup_days"),
    **required("rollup_days", "environment_id starts ends has_names is_empty has_people without_robots has_sessions"),
    "rollup_counts_environment_id_starts_fkey": lambda: insert("rollup_counts", environment_id=-1),
    "rollup_counts_pkey": lambda: insert_twice("rollup_counts"),
    **required("rollup_counts", "environment_id starts kind name events people"),
    "rollup_values_environment_id_starts_fkey": lambda: insert("rollup_values", environment_id=-1),
    "rollup_values_pkey": lambda: insert_twice("rollup_values"),
    **required("rollup_values", "environment_id starts kind field labels"),
    "rollup_positions_environment_id_fkey": lambda: insert("rollup_positions", environment_id=-1),
    "rollup_positions_pkey": lambda: insert_twice("rollup_positions", position=1),
    "rollup_positions_environment_id_position_key": lambda: insert_twice("rollup_positions", actor_id=6),
    **required("rollup_positions", "environment_id actor_id position"),
    "rollup_pending_pkey": lambda: insert_twice("rollup_pending"),
    **required("rollup_pending", "environment_id from_actor to_actor"),
}
