"""`manage.py correctseen`: when people were seen, from their events, in steps."""

import pytest
from django.core.management import CommandError, call_command
from django.db import connection

from events import seen as correcting
from events.blocking_writer import store
from events.identity import actor_of
from tests.events.making import change, event, identified, rows, seen

pytestmark = pytest.mark.django_db
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
    last = max(rows("select environment_id, actor_id from people"))

    call_command("correctseen", after=f"{last[0]}_{last[1]}")

    assert capsys.readouterr().out == "0 people, 0 corrected. Done.\n"
    with pytest.raises(CommandError, match="that this command has printed"):
        call_command("correctseen", after="here")
