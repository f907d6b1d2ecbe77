"""`manage.py correctseen`: when people were seen, from their events, in steps."""

import os
import signal
import subprocess
import sys
import threading

import psycopg
import pytest
from django.conf import settings
from django.core.management import CommandError, call_command
from django.db import connection

from common.database import conninfo
from events import batch
from events import seen as correcting
from events.blocking_writer import store
from events.identity import actor_of
from tests.events.making import change, event, identified, rows, seen
from tests.servers import sibling_url
from tests.together import wait_until_somebody_waits

pytestmark = pytest.mark.django_db(transaction=True)
IMPORTED = "2026-11-01 12:00:00+00"


@pytest.fixture
def wrong():
    """What earlier versions wrote: an import of properties in between."""
    store([event("ann", time=1_500_000_000), event("ann", time=1_600_000_000), change("bob", plan="pro"), event(5)])
    store([event(6, time=1_400_000_000), change(8, plan="free"), event("ann", environment_id=9, time=1_300_000_000)])
    store([identified(6, "cy"), event("cy", time=1_450_000_000)])
    right = seen()
    with connection.cursor() as cursor:
        cursor.execute(f"update people set first_seen_at = '{IMPORTED}', last_seen_at = '{IMPORTED}'")
    return right


def test_it_is_written_as_the_events_say(wrong, capsys):
    call_command("correctseen")

    assert seen() == wrong
    assert wrong[actor_of(7, "cy")] == (1_400_000_000, 1_450_000_000)
    assert wrong[actor_of(7, "bob")] == wrong[8] == (None, None)
    assert capsys.readouterr().out == "6 people, 6 corrected. Done.\n"


def test_steps_go_on_where_the_one_before_ended(wrong, monkeypatch):
    after, sizes = correcting.START, []
    while after is not None:
        step = correcting.correct_some(after, most=2)
        after = step.after
        sizes.append((step.people, step.corrected))

    assert sizes == [(2, 2), (2, 2), (2, 2), (0, 0)]
    assert seen() == wrong


def test_what_is_right_is_not_written_again(wrong, capsys):
    call_command("correctseen")
    before = rows("select actor_id, xmin::text from people order by 1")

    call_command("correctseen")

    assert rows("select actor_id, xmin::text from people order by 1") == before
    assert capsys.readouterr().out.endswith("6 people, 0 corrected. Done.\n")


def test_it_can_be_continued_after_a_place(wrong, capsys):
    last = min(rows("select environment_id, actor_id from people"))

    call_command("correctseen", after=f"{last[0]}_{last[1]}")

    assert capsys.readouterr().out == "0 people, 0 corrected. Done.\n"
    with pytest.raises(CommandError, match="that this command has printed"):
        call_command("correctseen", after="here")


def test_stopped_in_the_middle_it_says_where_it_goes_on(wrong):
    with connection.cursor() as cursor:
        cursor.execute(
            "insert into people (environment_id, actor_id, first_seen_at, last_seen_at)"
            " select 10, number, %s, %s from generate_series(101, 600) as number",
            [IMPORTED, IMPORTED],
        )
    last = min(rows("select environment_id, actor_id from people"))
    command = [sys.executable, "manage.py", "correctseen"]
    options = {
        "cwd": settings.BASE_DIR,
        "env": os.environ | {"DATABASE_URL": sibling_url(connection.settings_dict["NAME"])},
        "stderr": subprocess.STDOUT,
        "text": True,
    }
    with psycopg.connect(conninfo()) as other:
        other.execute("select 1 from people where environment_id = %s and actor_id = %s for update", last)
        running = subprocess.Popen(command, stdout=subprocess.PIPE, **options)
        wait_until_somebody_waits()
        running.send_signal(signal.SIGINT)
        said, _ = running.communicate(timeout=60)

    assert (running.returncode, said) == (
        130, "CommandError: 500 people, 500 corrected. Stopped. Go on with --after 10_101.\n"
    )  # fmt: skip
    assert subprocess.check_output([*command, "--after", "10_101"], **options) == "6 people, 6 corrected. Done.\n"
    assert seen() == wrong | dict.fromkeys(range(101, 601), (None, None))


# --- While events are collected -------------------------------------------------------------------------------------
def correct_in_a_thread(after=correcting.START, most=correcting.STEP_PEOPLE):
    def run():
        try:
            correcting.correct_some(after, most)
        finally:
            connection.close()

    thread = threading.Thread(target=run)
    thread.start()
    return thread


def test_an_event_that_is_being_written_and_left_the_row_alone_is_not_forgotten(wrong):
    """The writer finds a wrong row that tells more than enough, and commits after the row is corrected."""
    with connection.cursor() as cursor:
        cursor.execute("update people set first_seen_at = '2001-01-01 12:00:00+00'")
    with psycopg.connect(conninfo()) as writer:
        writer.execute(
            batch.STATEMENT, batch.arguments([event("ann", time=1_650_000_000), event("bob", time=1_640_000_000)])
        )
        correction = correct_in_a_thread()
        correction.join(1)
        is_waiting = correction.is_alive()
        writer.commit()
    correction.join(30)

    assert is_waiting
    assert seen()[actor_of(7, "ann")] == (1_500_000_000, 1_650_000_000)
    assert seen()[actor_of(7, "bob")] == (1_640_000_000, 1_640_000_000)


def test_who_writes_something_else_or_has_not_begun_is_not_waited_for(wrong):
    with psycopg.connect(conninfo()) as other:
        other.execute("select count(*) from events")
        correction = correct_in_a_thread()
        correction.join(30)

        assert not correction.is_alive()


@pytest.mark.parametrize("steps", range(6))
def test_a_visitor_who_becomes_somebody_meanwhile_brings_no_wrong_time(wrong, steps):
    after = correcting.START
    for _ in range(steps):
        after = correcting.correct_some(after, most=1).after

    store([identified(5, "bob"), identified(8, "ann")])
    while after is not None:
        after = correcting.correct_some(after, most=1).after

    ann, bob, five = actor_of(7, "ann"), actor_of(7, "bob"), wrong.pop(5)
    assert seen() == {actor: times for actor, times in wrong.items() if actor != 8} | {bob: five}
    assert seen()[ann] == (1_500_000_000, 1_600_000_000)


def test_a_step_that_lost_a_deadlock_with_a_writer_is_made_again(wrong):
    first, *_, last = sorted(rows("select environment_id, actor_id from people where environment_id = 7"))
    lock = "select 1 from people where environment_id = %s and actor_id = %s for update"
    with psycopg.connect(conninfo()) as writer:
        writer.execute("set deadlock_timeout = '10s'")  # the other one finds it
        writer.execute(lock, last)
        correction = correct_in_a_thread()
        wait_until_somebody_waits()
        writer.execute(lock, first)
    correction.join(30)

    assert seen() == wrong
