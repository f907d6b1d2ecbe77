"""The daily work on the tables of events."""

from datetime import UTC, date, datetime

import pytest

from events import jobs
from events.blocking_writer import store
from events.models import IdempotencyKey
from events.upkeep import ensure_partitions, forget_keys
from tests.events.making import event, rows

pytestmark = pytest.mark.django_db

PARTITIONS = "select inhrelid::regclass::text from pg_inherits where inhparent = 'events'::regclass"


def partitions():
    return {name for (name,) in rows(PARTITIONS)}


def test_months_to_come_get_partitions_once():
    moment = int(datetime(2090, 11, 20, tzinfo=UTC).timestamp())

    jobs.partitions(moment)

    assert {"events_2090_11", "events_2090_12", "events_2091_01", "events_2091_02"} <= partitions()
    assert ensure_partitions(date(2090, 11, 1), date(2091, 2, 1)) == 0


def test_rows_that_no_month_took_go_to_their_partition():
    store([event(time=datetime(2091, 5, 31, 23, 59, tzinfo=UTC).timestamp())])
    in_default = "select count(*) from events_default"
    assert rows(in_default) == [(1,)]

    ensure_partitions(date(2091, 5, 7), date(2091, 5, 7))

    assert rows(in_default) == [(0,)]
    assert rows("select count(*) from events_2091_05") == rows("select count(*) from events") == [(1,)]


def test_keys_older_than_7_days_are_forgotten_in_steps_and_others_stay():
    store([event(key=str(number)) for number in range(5)])
    rows("update idempotency_keys set at = now() - interval '7 days 1 minute' where digest <> "
         "(select digest from idempotency_keys limit 1) returning 1")  # fmt: skip

    steps = [forget_keys(rows=3), forget_keys(rows=3), forget_keys(rows=3)]

    assert steps == [3, 1, 0]
    assert IdempotencyKey.objects.count() == 1


def test_the_job_forgets_all_of_them():
    store([event(key=str(number)) for number in range(5)])
    rows("update idempotency_keys set at = now() - interval '8 days' returning 1")

    jobs.idempotency_keys(0)

    assert not IdempotencyKey.objects.exists()
