"""What the status page says in each case: a table of what is known, and the state that follows."""

from datetime import UTC, datetime

import psycopg
import pytest

from collector.counts.last_hour import Counted
from support.models import Component, State
from support.status.database import DatabaseCondition as Condition
from support.status.database import condition_of
from support.status.readings import Reading
from support.status.verdicts import Evidence, by_component, of_minute, verdicts

NOON = datetime(2026, 3, 1, 12, 0, 30, tzinfo=UTC)
NOW = NOON.timestamp()
UP, DEGRADED, DOWN, NOT_KNOWN = State.UP, State.DEGRADED, State.DOWN, None

QUIET = Counted(is_reported=True)
NOBODY = Counted()
ACCEPTED = Counted(accepted=40, last_accepted_at=NOW - 1, is_reported=True)
ACCEPTED_BEFORE = Counted(accepted=40, last_accepted_at=NOW - 40, is_reported=True)
REFUSED = Counted(refused=3_557, last_refused_at=NOW - 1, is_reported=True)
SOME_REFUSED = Counted(accepted=40, refused=2, last_accepted_at=NOW - 3, last_refused_at=NOW - 1, is_reported=True)
ALL_REFUSED_SINCE = Counted(
    accepted=40, refused=20, last_accepted_at=NOW - 12, last_refused_at=NOW - 1, is_reported=True
)
OVER = Counted(accepted=40, refused=20, last_accepted_at=NOW - 1, last_refused_at=NOW - 12, is_reported=True)


def found(condition, counted, **more):
    return by_component(verdicts(Evidence(NOON, condition, counted, **more)))


def states(condition, counted, **more):
    readings = found(condition, counted, **more)
    return tuple(readings[component].state for component in Component)


@pytest.mark.parametrize(
    ("condition", "counted", "silent", "expected"),  # console, collection, queries
    [
        (Condition.ANSWERS, QUIET, 0, (UP, UP, UP)),
        (Condition.ANSWERS, NOBODY, 0, (UP, NOT_KNOWN, UP)),
        (Condition.ANSWERS, ACCEPTED, 0, (UP, UP, UP)),
        (Condition.ANSWERS, REFUSED, 0, (UP, DOWN, UP)),
        (Condition.ANSWERS, SOME_REFUSED, 0, (UP, DEGRADED, UP)),
        (Condition.ANSWERS, ALL_REFUSED_SINCE, 0, (UP, DOWN, UP)),
        (Condition.ANSWERS, OVER, 0, (UP, DEGRADED, UP)),
        (Condition.FULL_UP, ACCEPTED, 0, (DEGRADED, UP, DEGRADED)),
        (Condition.FULL_UP, QUIET, 0, (DEGRADED, NOT_KNOWN, DEGRADED)),
        (Condition.FULL_UP, REFUSED, 0, (DEGRADED, DOWN, DEGRADED)),
        (Condition.SLOW, ACCEPTED, 0, (DEGRADED, UP, DEGRADED)),
        (Condition.SLOW, QUIET, 0, (DEGRADED, DEGRADED, DEGRADED)),
        (Condition.FAILING, QUIET, 0, (DEGRADED, NOT_KNOWN, DEGRADED)),
        (Condition.SILENT, ACCEPTED, 3, (DEGRADED, UP, DEGRADED)),
        (Condition.SILENT, ACCEPTED, 0.5, (NOT_KNOWN, UP, NOT_KNOWN)),
        (Condition.SILENT, ACCEPTED_BEFORE, 3, (NOT_KNOWN, NOT_KNOWN, NOT_KNOWN)),
        (Condition.SILENT, ACCEPTED_BEFORE, 31, (DOWN, DOWN, DOWN)),
        (Condition.GONE, ACCEPTED, 0, (DOWN, DOWN, DOWN)),
        (Condition.FULL_UP, ACCEPTED_BEFORE, 0, (DEGRADED, NOT_KNOWN, DEGRADED)),
        (Condition.ANSWERS, ACCEPTED_BEFORE, 0, (UP, UP, UP)),
        (Condition.SILENT, QUIET, 3, (NOT_KNOWN, NOT_KNOWN, NOT_KNOWN)),
        (Condition.SILENT, REFUSED, 3, (NOT_KNOWN, DOWN, NOT_KNOWN)),
        (Condition.SILENT, QUIET, 31, (DOWN, DOWN, DOWN)),
        (Condition.SILENT, NOBODY, 31, (DOWN, NOT_KNOWN, DOWN)),
        (Condition.GONE, QUIET, 0, (DOWN, DOWN, DOWN)),
        (Condition.GONE, NOBODY, 0, (DOWN, NOT_KNOWN, DOWN)),
        (Condition.STARTING, QUIET, 0, (DOWN, DOWN, DOWN)),
        (Condition.READ_ONLY, QUIET, 0, (DEGRADED, DOWN, UP)),
    ],
)
def test_every_case_has_its_state(condition, counted, silent, expected):
    assert states(condition, counted, silent_seconds=silent) == expected


def test_what_is_refused_is_told_in_numbers():
    assert found(Condition.ANSWERS, SOME_REFUSED)[Component.COLLECTION].reason == (
        "2 of 42 requests of the last minute were refused with 503, to be sent again."
    )
    assert found(Condition.ANSWERS, REFUSED)[Component.COLLECTION].reason.startswith("3,557 of 3,557 requests")
    assert found(Condition.ANSWERS, OVER)[Component.COLLECTION].reason.endswith("The latest were accepted.")


def test_whatever_is_not_up_says_why_and_what_is_up_says_nothing():
    for condition in Condition:
        for counted in (QUIET, NOBODY, ACCEPTED, REFUSED, SOME_REFUSED, OVER):
            for reading in verdicts(Evidence(NOON, condition, counted, silent_seconds=2.0)):
                assert bool(reading.reason) == (reading.state != UP), reading


def test_a_full_disk_is_never_all_well():
    disk = "The disk of the database is full."

    assert states(Condition.ANSWERS, ACCEPTED, disk=disk) == (DEGRADED, DEGRADED, UP)
    assert found(Condition.ANSWERS, REFUSED, disk=disk)[Component.COLLECTION].reason.endswith(f"again. {disk}")
    assert found(Condition.GONE, QUIET, disk=disk)[Component.QUERIES].reason.endswith(f"of it. {disk}")


def checked(state, reason):
    return {component: Reading(component, state, reason) for component in Component}


def test_the_regular_checks_tell_what_nothing_else_does():
    late = checked(DEGRADED, "The collector took 3.0 seconds to answer.")
    unreachable = checked(DOWN, "The collector cannot be reached.")

    assert states(Condition.ANSWERS, NOBODY, checked=checked(UP, "")) == (UP, UP, UP)
    assert states(Condition.ANSWERS, QUIET, checked=unreachable) == (DOWN, DOWN, DOWN)
    assert states(Condition.ANSWERS, ACCEPTED, checked=late)[1] == DEGRADED
    assert states(Condition.ANSWERS, ACCEPTED, checked=unreachable)[1] == UP  # something has reached it since


@pytest.mark.parametrize(
    "condition",
    [Condition.GONE, Condition.SILENT, Condition.FULL_UP, Condition.STARTING],
)
@pytest.mark.parametrize("counted", [QUIET, REFUSED, ACCEPTED])
def test_what_was_found_of_an_outage_says_nothing_once_it_is_over(condition, counted):
    then = found(condition, counted, silent_seconds=40)

    assert states(Condition.ANSWERS, QUIET, checked=then) == (UP, UP, UP)


def test_a_minute_is_judged_by_what_was_counted_in_it():
    assert of_minute(Counted()).state is NOT_KNOWN
    assert of_minute(ACCEPTED).state == UP
    assert of_minute(SOME_REFUSED) == Reading(
        Component.COLLECTION, DEGRADED, "2 of 42 requests were refused with 503, to be sent again."
    )
    assert of_minute(REFUSED).state == DOWN


@pytest.mark.parametrize(
    ("words", "condition"),
    [
        ("connection failed: FATAL:  sorry, too many clients already", Condition.FULL_UP),
        (
            "FATAL:  remaining connection slots are reserved for roles with the SUPERUSER attribute",
            Condition.FULL_UP,
        ),
        ("FATAL:  the database system is starting up", Condition.STARTING),
        ("FATAL:  the database system is in recovery mode", Condition.STARTING),
        ('FATAL:  password authentication failed for user "heapadmin"', Condition.FAILING),
        ("Connection refused", Condition.GONE),
        ("No such file or directory", Condition.GONE),
        ("could not receive data from server: Connection timed out", Condition.SILENT),
    ],
)
def test_a_refused_connection_is_told_apart_from_a_dead_server(words, condition):
    assert condition_of(psycopg.OperationalError(words)) is condition


def test_a_statement_that_took_too_long_was_answered_all_the_same():
    assert condition_of(psycopg.errors.QueryCanceled("canceling statement")) is Condition.SLOW
    assert condition_of(psycopg.errors.ConnectionTimeout("connection timeout expired")) is Condition.SILENT
    assert condition_of(psycopg.errors.DiskFull("no space left")) is Condition.FAILING
