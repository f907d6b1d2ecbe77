"""What breaks the constraints of the tables of analytics."""

import uuid
from datetime import UTC, datetime, timedelta

from django.utils import timezone

from analytics.models import ConfirmedSite, LabelTicket, NameNote, Note
from tests.analytics.factories import (
    DashboardFactory,
    DefinitionFactory,
    ExpiryFactory,
    PinFactory,
    ReportFactory,
    SegmentFactory,
)
from tests.constraints.rows import MOMENT, Breaks, again, change, each, insert, insert_twice, required, without
from tests.factories import EnvironmentFactory, UserFactory


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


BREAKS: Breaks = {
    **kept(DefinitionFactory),
    **kept(SegmentFactory),
    **kept(ReportFactory),
    **kept(DashboardFactory),
    "dashboard_tiles_few": lambda: DashboardFactory(body={"tiles": [{}] * 41}),
    "analytics_dashboard_position_check": lambda: DashboardFactory(position=-1),
    "expiry_one_at_a_time": lambda: again(ExpiryFactory()),
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
