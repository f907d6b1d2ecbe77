"""The checks of the status page. Once a minute the jobs' worker uses each part as people and programs do."""

import time
import urllib.error
import urllib.request
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

import psycopg
from django.conf import settings
from django.urls import reverse

from analytics.store.current import event_store
from analytics.store.failures import QueryFailed, QueryTimeout
from events import newest, trial
from support.status import backups, counts, database, history, room
from support.status.models import Component, State
from support.status.readings import Reading, worse
from support.status.verdicts import Evidence, verdicts

HTTP_SECONDS = 5.0
SLOW_HTTP_SECONDS = 2.0
SLOW_QUERY_SECONDS = 5.0
QUERY_SECONDS = 10

UNREACHABLE = "{what} cannot be reached."
WRONG = "{what} answers {status} where it should not."
TOO_LATE = "{what} did not answer within {seconds:.0f} seconds."
REPLICA_PROBLEM = "The replica {problem}, so the primary answers questions."
REPLICA_LAGS = "The replica is {seconds:,.0f} seconds behind, so the primary answers questions."
LATE = "{what} took {seconds:.1f} seconds to answer."


@dataclass(frozen=True)
class Probe:
    """An HTTP request and the answer it should get."""

    component: Component
    what: str
    path: str
    expected: int
    body: bytes | None = None


def probes() -> list[Probe]:
    """Two requests: the sign-in page, and an empty event, which a working collector refuses with 400."""
    return [
        Probe(Component.CONSOLE, "The sign-in page", reverse("account_login"), 200),
        Probe(Component.COLLECTION, "The collector", "/api/track", 400, b"{}"),
    ]


def check(base_url: str, now: datetime) -> None:
    """Run every check and store the results. Raises psycopg.Error if they cannot be stored."""
    found = {probe.component: ask(base_url, probe) for probe in probes()}
    with database.own_connection() as connection:
        condition = database.condition(connection)
        for reading in [_check_storing(connection), _check_querying(connection)]:
            component = reading.component
            found[component] = worse(reading, found[component]) if component in found else reading
        if found[Component.COLLECTION].state == State.UP:
            warning = room.warning(room.measure(connection), room.SOON_DAYS)
            found[Component.COLLECTION] = replace(found[Component.COLLECTION], reason=warning)
        if found[Component.CONSOLE].state == State.UP:
            found[Component.CONSOLE] = replace(found[Component.CONSOLE], reason=backups.warning(connection, now))
        if found[Component.QUERIES].state == State.UP:
            found[Component.QUERIES] = replace(found[Component.QUERIES], reason=_replica_warning())
        known = Evidence(now, condition, counts.counted(now), disk=database.disk_words(), checked=found)
        history.record(connection, verdicts(known), now)
        for minute, counted in counts.by_minute(now).items():
            if counted.state != State.UP:  # refusals that could not be stored at the time
                history.record(connection, [counted], minute)
        history.forget(connection, now)


def ask(base_url: str, probe: Probe) -> Reading:
    """Send one HTTP request and judge its answer."""
    started = time.monotonic()
    request = urllib.request.Request(  # noqa: S310  # the URL comes from the settings
        f"{base_url}{probe.path}", data=probe.body, headers={"Content-Type": "application/json"}
    )
    try:
        with urllib.request.urlopen(request, timeout=HTTP_SECONDS) as response:  # noqa: S310
            status = response.status
    except urllib.error.HTTPError as error:
        status = error.code
        error.close()
    except OSError as error:
        if isinstance(error, TimeoutError) or isinstance(getattr(error, "reason", None), TimeoutError):
            return Reading(probe.component, State.DEGRADED, TOO_LATE.format(what=probe.what, seconds=HTTP_SECONDS))
        return Reading(probe.component, State.DOWN, UNREACHABLE.format(what=probe.what))
    took = time.monotonic() - started
    if status != probe.expected:
        return Reading(probe.component, State.DOWN, WRONG.format(what=probe.what, status=status))
    if took > SLOW_HTTP_SECONDS:
        return Reading(probe.component, State.DEGRADED, LATE.format(what=probe.what, seconds=took))
    return Reading(probe.component, State.UP)


def _check_storing(connection: psycopg.Connection) -> Reading:
    """Store an event and take it back."""
    try:
        trial.store_and_take_back(connection)  # commits are tested by storing the sample
    except psycopg.errors.QueryCanceled:
        return Reading(Component.COLLECTION, State.DEGRADED, "Storing an event takes unusually long.")
    except psycopg.Error:
        return Reading(Component.COLLECTION, State.DOWN, "An event cannot be stored.")
    return Reading(Component.COLLECTION, State.UP)


def _check_querying(connection: psycopg.Connection) -> Reading:
    """Run a query like those of reports, in an environment that is in use."""
    started = time.monotonic()
    try:
        with connection.transaction(force_rollback=True):
            connection.execute("select set_config('statement_timeout', %s, true)", [f"{QUERY_SECONDS}s"])
            found = newest.liveliest(connection)
        event_store().probe(found.environment_id if found else 0, timedelta(seconds=QUERY_SECONDS))
    except (psycopg.errors.QueryCanceled, QueryTimeout):
        pass
    except (psycopg.Error, QueryFailed):
        return Reading(Component.QUERIES, State.DOWN, "A question to the database fails.")
    took = time.monotonic() - started
    if took > SLOW_QUERY_SECONDS:
        return Reading(Component.QUERIES, State.DEGRADED, f"A small question took {took:.0f} seconds.")
    return Reading(Component.QUERIES, State.UP)


def _replica_warning() -> str:
    """A sentence if the replica does not answer questions, so that all of them go to the primary; else ''."""
    try:
        replica = event_store().replica_state(QUERY_SECONDS)
    except QueryFailed:  # about the primary, which was looked at already
        return ""
    if replica is None:
        return ""
    if replica.behind_seconds is None:
        return REPLICA_PROBLEM.format(problem=replica.problem)
    return REPLICA_LAGS.format(seconds=replica.behind_seconds) if replica.is_too_far_behind else ""


def base_url() -> str:
    """The address that the checks use: SITE_URL, as everybody does, unless STATUS_CHECK_URL is set."""
    return str(settings.STATUS_CHECK_URL or settings.SITE_URL)
