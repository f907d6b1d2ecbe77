"""How much room the database takes, and who is told before the disk is full."""

from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.core import mail
from django.utils import timezone

from collector.counts.last_hour import Counted
from collector.decide import Outcome
from collector.models import CollectedHour
from support import jobs
from support.models import Component, State
from support.status import checks, database, history, room
from support.status.database import DatabaseCondition
from support.status.readings import Reading
from support.status.room import Room, measure, warning
from support.status.verdicts import Evidence, by_component, verdicts
from tests.analytics.rows import add_event
from tests.analytics.test_subtraction import rows
from tests.factories import EnvironmentFactory, UserFactory

GIB = 2**30


@pytest.mark.parametrize(
    ("free", "a_day", "days_left", "words"),
    [
        (100 * GIB, GIB, 100, ""),
        (14 * GIB, GIB, 14, ""),
        (13 * GIB, GIB, 13, "in 13 days"),
        (1.5 * GIB, GIB, 1.5, "in a day"),
        (GIB / 2, GIB, 0.5, "within a day"),
        (0, GIB, 0, "within a day"),
        (GIB, None, None, ""),
        (GIB, 0.0, None, ""),
        (None, GIB, None, ""),
    ],
)
def test_when_the_disk_is_full(free, a_day, days_left, words):
    known = Room(GIB, free, a_day)

    assert known.days_left == days_left
    assert warning(known, room.SOON_DAYS) == (
        f"The disk of the database is full {words}, if events come as in the last week." if words else ""
    )


@pytest.fixture
def crowded(monkeypatch):
    """A disk with so little room that it is full in days."""
    known = SimpleNamespace(days=5.0)
    monkeypatch.setattr(room, "measure", lambda connection: Room(9 * GIB, round(known.days * GIB), float(GIB)))
    return known


@pytest.mark.django_db(transaction=True)
class TestRoom:
    def test_events_of_the_last_week_take_what_events_take(self, settings):
        settings.PRIVATE_DATABASE = False
        environment = EnvironmentFactory()
        for number in range(500):
            add_event(environment, actor_id=number)
        rows("analyze events")
        bytes_of_events = rows(
            "select sum(pg_total_relation_size(c.oid)) from pg_partition_tree('events') t "
            "join pg_class c on c.oid = t.relid where t.isleaf and c.reltuples > 0"
        )[0][0]
        hour = timezone.now().replace(minute=0, second=0, microsecond=0)
        for hours_ago, outcome, events in [
            (1, Outcome.ACCEPTED, 3_000),
            (200, Outcome.ACCEPTED, 10**9),
            (2, Outcome.BAD, 10**9),
        ]:
            CollectedHour.objects.create(
                environment=environment, hour=hour - timedelta(hours=hours_ago), outcome=outcome, requests=1,
                events=events, last_at=hour, last_seconds=0, slowest_seconds=0,
            )  # fmt: skip
        CollectedHour.objects.create(
            environment=environment, hour=hour - timedelta(hours=160), outcome=Outcome.ACCEPTED, requests=1,
            events=500, last_at=hour, last_seconds=0, slowest_seconds=0,
        )  # fmt: skip

        with database.own_connection() as connection:
            found = measure(connection)

        assert found.free is None
        assert found.database > bytes_of_events
        assert found.a_day == pytest.approx(3_500 * float(bytes_of_events) / 500 / 6.7, rel=0.05)

    def test_without_events_nobody_can_tell(self, settings, tmp_path):
        settings.PRIVATE_DATABASE, settings.DATA_DIR = True, tmp_path
        (tmp_path / "postgres").mkdir()

        with database.own_connection() as connection:
            found = measure(connection)

        assert found.a_day is None and found.days_left is None
        assert found.free > 0

    def test_the_status_page_warns_although_all_works(self, live_server, crowded):
        checks.check(live_server.url, timezone.now())

        with database.own_connection() as connection:
            stored = history.latest(
                history.read(connection, timezone.now())[Component.COLLECTION], Component.COLLECTION, timezone.now()
            )
        assert (stored.state, stored.reason) == (
            State.UP, "The disk of the database is full in 5 days, if events come as in the last week.",
        )  # fmt: skip

    def test_staff_get_a_mail_in_the_last_week(self, crowded, monkeypatch):
        staff = UserFactory(is_staff=True, email="ops@shop.example")
        UserFactory(is_staff=True, is_active=False)
        UserFactory()
        asked = []
        monkeypatch.setattr(jobs, "defer_once", lambda name, **given: asked.append((name, given)))

        jobs.warn_of_full_disk(0)
        assert asked == [("support.mail_full_disk", {"user_id": staff.pk})]
        jobs.mail_full_disk(staff.pk)

        (message,) = mail.outbox
        assert message.to == ["ops@shop.example"]
        assert message.subject == "The disk of the database is full in 5 days, if events come as in the last week."
        assert "The database takes 9.0 GB, and 5.0 GB are free." in message.body

    def test_nobody_gets_one_before_or_once_there_is_room(self, crowded, monkeypatch):
        staff = UserFactory(is_staff=True)
        crowded.days = 8.0
        monkeypatch.setattr(jobs, "defer_once", lambda *asked, **given: pytest.fail("too early"))

        jobs.warn_of_full_disk(0)
        jobs.mail_full_disk(staff.pk)

        assert not mail.outbox


def test_a_warning_is_said_only_while_all_works():
    noon = datetime(2026, 3, 1, 12, tzinfo=UTC)
    checked = {Component.COLLECTION: Reading(Component.COLLECTION, State.UP, "Soon.")}

    def reason(condition):
        known = Evidence(noon, condition, Counted(is_reported=True), checked=checked)
        return by_component(verdicts(known))[Component.COLLECTION].reason

    assert reason(DatabaseCondition.ANSWERS) == "Soon."
    assert "Soon." not in reason(DatabaseCondition.GONE)
    assert "Soon." not in reason(DatabaseCondition.READ_ONLY)
