"""The catalogue of what there is to ask about equals what a plain count finds, whatever came and went."""

import json
import random
import threading
from datetime import UTC, date, datetime, timedelta
from types import SimpleNamespace

import pytest
from django.db import IntegrityError, connection
from django.utils import timezone
from procrastinate.contrib.django.models import ProcrastinateJob

from events import expiry, jobs
from events.blocking_writer import store
from events.catalogue import announcements, counting, counts
from events.catalogue import rows as rows_of
from events.catalogue.announcements import Announcements, announce
from events.catalogue.rows import OF_PEOPLE
from events.catalogue.state import catalogue_state
from events.erasure import erase
from events.months import months
from tests.events.catalogue import KEYS, NAMES, arrived, found, naive, settle
from tests.events.making import change, event, identified, rows, who
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db
NOW = datetime(2026, 11, 20, 12, tzinfo=UTC)
EARLY = datetime(2000, 1, 1, tzinfo=UTC)
VALUES = ["text", "12", "-1.5e3", "1,200", "", 7, 0.25, True, False, None]


@pytest.fixture
def environment():
    return EnvironmentFactory()


@pytest.mark.parametrize("seed", range(6))
def test_it_equals_a_plain_count_after_any_history(environment, seed):
    chance = random.Random(seed)
    until = NOW
    for _ in range(25):
        step = chance.choice(["collect"] * 6 + ["count"] * 4 + ["recount", "erase", "expire", "drop", "late"])
        if step in ("collect", "late"):
            until += timedelta(minutes=chance.choice([1, 20, 300]))
            store(some_records(chance, environment.pk, until, late=step == "late"))
            announce(some_records(chance, environment.pk, until)[:2])  # some were deleted, or are never stored
            arrived(environment, until)
        elif step == "count":
            counting.count(environment.pk, until + timedelta(seconds=chance.choice([0, 1])))
        elif step == "recount":
            for noted in counting.noted(timezone.now() + timedelta(hours=2)):
                counting.recount(*noted)
        elif step == "erase":
            people = [who(name, environment.pk)["actor_id"] for name in chance.sample(["ann", "bea", 1, 2, 3], 2)]
            erase(environment.pk, people, most_events=chance.choice([2, None]))
        elif step == "expire":
            before = datetime(2026, chance.choice([3, 6, 9]), 1, tzinfo=UTC)
            expiry.remove_events(environment.pk, EARLY, before, chance.choice([3, 1000]))
            expiry.remove_people(environment.pk, before, 1000)
        elif present := [month for month in months() if month.starts.year == 2026 and month.starts.month < 9]:
            expiry.drop(chance.choice(present))

    settle(environment, until + timedelta(days=1))
    # People have no first or last moment of their own before they did anything.
    assert {key: row[:4] for key, row in found(environment).items()} == {
        key: row[:4] for key, row in naive(environment).items()
    }
    assert {key: row for key, row in found(environment).items() if key[0] != "person"} == {
        key: row for key, row in naive(environment).items() if key[0] != "person"
    }
    assert rows(NAMES, environment.pk) == sorted({key[:2] for key in naive(environment)})
    assert {key for (key,) in rows(KEYS, environment.pk)} == {key[2] for key in naive(environment)} - {None}
    assert rows("select * from catalogue_gone") == []


def some_records(chance, environment_id, at, *, late=False):
    made = []
    for _ in range(chance.randint(1, 8)):
        actor = chance.choice(["ann", "bea", 1, 2, 3, 4])
        properties = {
            key: chance.choice(VALUES) for key in chance.sample(["plan", "größe", "n", "zu"], chance.randint(0, 3))
        }
        age = timedelta(days=chance.choice([1, 40, 100, 260]) if late else 0, minutes=chance.randint(-30, 55))
        made.append(
            chance.choice(
                [
                    event(
                        actor,
                        chance.choice(["Paid", "Signed up", "Gone"]),
                        environment_id=environment_id,
                        time=(at - age).timestamp(),
                        properties=properties,
                    ),
                    event(actor, "", kind="pageview", environment_id=environment_id, time=(at - age).timestamp()),
                    change(actor, environment_id=environment_id, **properties),
                    identified(chance.choice([1, 2, 3]), "ann", environment_id=environment_id),
                ]
            )
        )
    return made


def test_a_name_is_there_before_anybody_counts_and_goes_with_its_last_event(environment):
    gathered = Announcements()
    records = [
        event("ann", "Refund", environment_id=environment.pk, properties={"amount": 3, "reason": "late"}),
        change("ann", environment_id=environment.pk, plan="gold"),
    ]
    store(records)
    gathered.note(records)
    with connection.cursor() as cursor:
        cursor.execute(*gathered.statement(gathered.take()))

    assert not gathered
    assert rows(NAMES, environment.pk) == [("custom", "Refund"), ("person", "")]
    assert rows(KEYS, environment.pk) == [("amount",), ("plan",), ("reason",)]
    assert {row[0] for row in found(environment).values()} == {0}

    settle(environment)
    settle(environment)
    assert {row[0] for row in found(environment).values()} == {1}

    erase(environment.pk, [who("ann", environment.pk)["actor_id"]])
    settle(environment)
    assert (rows(NAMES, environment.pk), rows(KEYS, environment.pk), found(environment)) == ([], [], {})


def test_what_was_not_announced_because_of_a_kill_is_found_by_the_job(environment):
    store([event("ann", "Refund", environment_id=environment.pk, properties={"amount": 3})])
    arrived(environment, timezone.now() - timedelta(minutes=5))

    jobs.catalogue(int(timezone.now().timestamp()))
    waiting = ProcrastinateJob.objects.filter(task_name="events.recount").values_list("args", flat=True)
    for arguments in waiting:
        jobs.recount(**arguments)

    assert len(waiting) == 2  # a month, and people
    assert rows(NAMES, environment.pk) == [("custom", "Refund"), ("person", "")]
    assert found(environment)["custom", "Refund", "amount", _this_month()][:2] == (1, 1)
    assert rows("select * from catalogue_gone") == []


def test_what_there_was_before_is_counted_from_people_and_the_newest_month_on(environment):
    for days in (0, 40, 80, 120, 160):
        store([event("ann", "Paid", environment_id=environment.pk, time=NOW.timestamp() - days * 86_400)])

    counting.count(environment.pk)

    assert [month for _, month in counting.noted(timezone.now())] == [
        OF_PEOPLE, date(2026, 11, 1), date(2026, 10, 1), date(2026, 9, 1), date(2026, 7, 1), date(2026, 6, 1),
    ]  # fmt: skip


def test_one_environment_that_cannot_be_counted_holds_up_no_other():
    broken, other = EnvironmentFactory(), EnvironmentFactory()
    for each in (broken, other):
        store([event("ann", "Paid", environment_id=each.pk)])
        arrived(each, timezone.now() - timedelta(hours=1))
    rows("insert into catalogue_marks (environment_id, mark) select id, now() - interval '2 hours' "
         "from projects_environment returning 1")  # fmt: skip
    with connection.cursor() as cursor:
        cursor.execute(f"alter table catalogue_counts add check (environment_id <> {broken.pk})")
    counting.note(other.pk, _this_month())

    with pytest.raises(IntegrityError):
        jobs.catalogue(int((timezone.now() + timedelta(hours=2)).timestamp()))

    assert {row[1] for row in found(other)} == {"Paid"}
    assert ProcrastinateJob.objects.filter(task_name="events.recount").exists()


def test_after_a_long_stop_arrivals_are_counted_by_parts(environment):
    now = timezone.now()
    for name, hours in (("Early", 40), ("Late", 20)):
        store([event("ann", name, environment_id=environment.pk, time=(now - timedelta(hours=hours)).timestamp())])
        arrived(environment, now - timedelta(hours=hours))
    rows("insert into catalogue_marks (environment_id, mark) values (%s, %s) returning 1",
         environment.pk, now - timedelta(hours=41))  # fmt: skip
    parts = []

    while environment.pk in counting.due(now):
        counting.count(environment.pk)
        parts.append({row[1] for row in found(environment)})

    assert parts[0] == {"Early"}
    assert parts[-1] == {"Early", "Late"}
    assert 7 <= len(parts) <= 8


def test_a_count_that_is_ended_before_its_commit_counts_nothing_twice(environment, monkeypatch):
    settle(environment, NOW)
    counting.count(environment.pk, NOW)
    store([event("ann", "Paid", environment_id=environment.pk, time=NOW.timestamp(), properties={"n": 1})])
    arrived(environment, NOW + timedelta(minutes=1))
    until = NOW + timedelta(days=20)
    rows("update catalogue_marks set mark = %s returning 1", NOW)

    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(counting, "timezone", SimpleNamespace(now=_ended))  # asked for when the mark has moved
        counting.count(environment.pk, until)
    nothing = found(environment)
    counting.count(environment.pk, until)
    counting.note(environment.pk, date(2026, 11, 1))
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(counting, "_forget", _ended)
        counting.recount(environment.pk, date(2026, 11, 1))
    before = found(environment)
    settle(environment, until)

    assert nothing == {}
    assert before == {key: row for key, row in naive(environment).items() if key[0] != "person"}
    assert {key: row for key, row in found(environment).items() if key[0] != "person"} == before


def _ended(*arguments):
    raise KeyboardInterrupt


def test_there_is_room_for_so_many_and_the_rest_is_counted(environment, monkeypatch):
    monkeypatch.setitem(rows_of.BOUNDS, "names", 3)
    monkeypatch.setitem(rows_of.BOUNDS, "keys", 2)
    monkeypatch.setitem(rows_of.BOUNDS, "pairs", 3)
    made = [
        event("ann", f"Name {number}", environment_id=environment.pk, time=NOW.timestamp(),
              properties={"plan": 1, f"key {number}": 1})
        for number in range(6) for _ in range(number + 1)
    ]  # fmt: skip
    store(made)
    arrived(environment, NOW)
    announce(made)

    assert len(rows(NAMES, environment.pk)) == 3
    settle(environment)
    left = catalogue_state(environment.pk)

    # The most frequent have the room, and people are no name.
    assert rows(NAMES, environment.pk) == [("custom", f"Name {number}") for number in (3, 4, 5)] + [("person", "")]
    assert rows(KEYS, environment.pk) == [("key 5",), ("plan",)]
    assert sorted(key[1:3] for key in found(environment) if key[2]) == [
        ("Name 4", "plan"),
        ("Name 5", "key 5"),
        ("Name 5", "plan"),
    ]
    assert (left.left_events, left.left_values, left.is_full) == (1 + 2 + 3, 2 * 21 - 5 - 6 - 6, True)

    assert erase(environment.pk, [who("ann", environment.pk)["actor_id"]]).is_complete
    settle(environment)
    assert not catalogue_state(environment.pk).is_full


def test_a_process_announces_so_much_at_once_and_keeps_what_could_not_be_written(monkeypatch):
    monkeypatch.setattr(announcements, "MOST_SHAPES", 3)
    gathered = Announcements()
    gathered.note(event("ann", f"Name {number}", environment_id=7) for number in range(9))
    gathered.note([event("ann", "Name 1", environment_id=8)])

    taken = gathered.take()
    gathered.note([event("ann", "Later", environment_id=7)])
    gathered.give_back(taken)

    assert {key: len(shapes) for key, shapes in taken.items()} == {7: 3, 8: 1}
    assert {key: len(shapes) for key, shapes in gathered.take().items()} == {7: 3, 8: 1}


def test_of_long_names_only_so_many_are_kept_in_memory_and_the_rest_is_counted(environment, monkeypatch):
    monkeypatch.setattr(counts, "MOST_BYTES", 3_000)
    at = datetime(2026, 10, 1, 12, tzinfo=UTC)
    store(
        event("ann", str(number) + "x" * 999, environment_id=environment.pk, time=at.timestamp() + day * 86_400)
        for number in range(8) for day in (number % 2, 2, 3)
    )  # fmt: skip
    arrived(environment, at)

    counted = counts.of_month(environment.pk, date(2026, 10, 1), timezone.now())
    kept = json.loads(counted.as_json())

    assert len(kept) == 3
    assert sum(row["events"] for row in kept) + counted.left_events == 8 * 3


@pytest.mark.parametrize(
    "shapes, most",
    [
        ([(f"Name {number}", "key", number * 32) for number in range(60)], 6 * 2),  # of many months
        ([("x" * 1_024, "é" * 1_000 + str(number), 0) for number in range(900)], 300),  # long
        ([("Paid", "key", 0)] + [(f"Name {number}", "key", 0) for number in range(400)], 2 * 401),  # all of it
    ],
    ids=["months", "long names", "as sites do"],
)
def test_what_is_announced_of_one_environment_is_short(shapes, most):
    gathered = Announcements()
    gathered.note(
        event("ann", name, environment_id=7, time=NOW.timestamp() - days * 86_400, properties={key: 1})
        for name, key, days in shapes
    )

    sent = json.loads(gathered.statement(gathered.take()).parameters["rows"])

    assert most * 0.8 <= len(sent) <= most


def test_names_that_come_again_and_again_are_not_all_looked_at(monkeypatch):
    monkeypatch.setattr(announcements, "MOST_LOOKED_AT", 10)
    keys = [f"key {number}" for number in range(4)]
    shapes = [("Paid", keys), ("Paid", keys[::-1]), ("Later", [])]
    gathered = Announcements()
    gathered.note(event("ann", name, environment_id=7, properties=dict.fromkeys(of, 1)) for name, of in shapes)

    sent = json.loads(gathered.statement(gathered.take()).parameters["rows"])

    assert [(row["name"], row["key"]) for row in sent] == [("Paid", None), *(("Paid", key) for key in keys)]


def test_an_environment_that_is_gone_is_left_out_and_others_are_announced(environment):
    announce([event("ann", "Paid", environment_id=each) for each in (environment.pk, environment.pk + 1_000)])

    assert rows("select environment_id, name from catalogue_names") == [(environment.pk, "Paid")]


@pytest.mark.django_db(transaction=True)
def test_several_processes_announce_and_count_at_once(environment):
    """No deadlock, and each name once; what one could not see of the others is found when it is counted."""
    made = [
        event("ann", f"Name {number % 40}", environment_id=environment.pk, properties={f"key {number}": number})
        for number in range(200)
    ]
    store(made)
    rows("update events set received_at = now() - interval '1 hour' returning 1")
    failures = []

    def work(seed):
        chance = random.Random(seed)
        try:
            for _ in range(12):
                announce(chance.sample(made, 60))
                if seed == 0:
                    counting.count(environment.pk)
                    for noted in counting.noted(timezone.now() + timedelta(hours=2)):
                        counting.recount(*noted)
                    counting.note(environment.pk, _this_month())
        except Exception as error:
            failures.append(error)
        finally:
            connection.close()

    threads = [threading.Thread(target=work, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    settle(environment)

    equal = found(environment) == naive(environment)
    with connection.cursor() as cursor:
        cursor.execute("truncate events, people, catalogue_gone")
    assert failures == []
    assert equal


def _this_month():
    now = datetime.now(UTC)
    return date(now.year, now.month, 1)
