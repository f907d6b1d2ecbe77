"""A real standby that hangs, or that cannot be compared with the primary: which answers instead, and soon."""

# ruff: noqa: F401, F811 (fixtures by import)

import threading
import time
from datetime import timedelta

import psycopg
import pytest
from django.conf import settings
from django.db import connections

from analytics.kinds import registry
from analytics.kinds.registry import run
from analytics.store.current import event_store
from analytics.store.failures import QueryDisturbed
from analytics.store.postgresql import replica
from analytics.store.protocol import new_token
from heapadmin.database_metrics import DatabaseGauges
from support.status import checks
from tests.analytics.test_replica import answered, environment, graph, pytestmark, server, standby
from tests.servers import close_connections
from tests.standby import Standby
from tests.stopped import hanging


def test_a_frozen_replica_keeps_no_question_waiting(environment, standby):
    assert answered(environment)[1] is not None  # over a connection that is held from now on
    time.sleep(replica.FRESH_SECONDS)
    with hanging(standby):
        began = time.monotonic()
        first = answered(environment)
        took = time.monotonic() - began
        more = [answered(environment) for _ in range(3)]
        took_more = time.monotonic() - began - took

    assert [first, *more] == [(1, None)] * 4
    assert took < replica.LOOK_SECONDS + 4
    assert took_more < 2


def test_all_who_ask_at_once_wait_for_one_look_at_a_frozen_replica(environment, standby):
    looking = []

    def ask():
        looking.append(answered(environment))
        close_connections()

    with hanging(standby):
        everybody = [threading.Thread(target=ask) for _ in range(4)]
        for each in everybody:
            each.start()
        time.sleep(0.5)
        threads = [each.name for each in threading.enumerate()].count("replica")
        for each in everybody:
            each.join()

    assert looking == [(1, None)] * 4
    assert threads == 1


def test_a_question_on_a_replica_that_freezes_ends_soon_after_its_limit(environment, standby, monkeypatch):
    answer, places = registry._answer, []

    def frozen(query, find, now, ask):
        places.append(ask("select pg_is_in_recovery()", {})[0][0])
        with hanging(standby):
            return answer(query, find, now, ask)

    monkeypatch.setattr(registry, "_answer", frozen)
    began = time.monotonic()
    with pytest.raises(QueryDisturbed):
        run(graph(environment), limit=timedelta(seconds=3))

    assert places == [True]
    assert time.monotonic() - began < 10


def test_cancelling_on_a_frozen_replica_ends(environment, standby):
    assert answered(environment)[1] is not None
    with hanging(standby):
        began = time.monotonic()
        assert not event_store().cancel(environment.pk, new_token())

    assert time.monotonic() - began < replica.CANCEL_SECONDS + 3
    assert replica.asked() == ["default"]


def on_primary(standby, sql, **where):
    with psycopg.connect(host=standby.primary, user="postgres", autocommit=True, **where) as own:
        return own.execute(sql).fetchall() if sql.startswith("select") else own.execute(sql)


def test_a_replica_that_replayed_what_the_primary_never_wrote_is_not_asked(environment, standby, monkeypatch):
    """As after the primary was put back to a backup: a copy from before goes on by itself, and is the primary then."""
    earlier = Standby("earlier").start()
    try:
        earlier.ask("select pg_promote()")
        for _ in range(2):  # each fills a file of 16 MB up
            on_primary(standby, "select pg_logical_emit_message(false, 'a', 'b'), pg_switch_wal()", dbname="postgres")
        standby.catch_up()
        replica.probe.forget()
        before = replica.side().alias
        with monkeypatch.context() as patch:
            patch.setitem(settings.DATABASES["default"], "HOST", str(earlier.folder))
            replica.probe.forget()
            after, warning = replica.side(), checks._replica_warning()
    finally:
        earlier.remove()

    assert (before, after) == ("replica", replica.PRIMARY)
    assert warning == "The replica is a copy of another history, so the primary answers questions."


def test_a_primary_that_does_not_say_how_far_it_has_written_answers_itself(environment, standby, monkeypatch):
    where = {"dbname": connections["default"].settings_dict["NAME"]}
    on_primary(standby, "revoke execute on function pg_current_wal_lsn() from public", **where)
    on_primary(standby, "create role kept_short login in role pg_read_all_data", **where)
    try:
        with monkeypatch.context() as patch:
            patch.setitem(settings.DATABASES["default"], "USER", "kept_short")
            found, warning = answered(environment), checks._replica_warning()
            names = {each.name for each in DatabaseGauges().collect() if each.samples}
    finally:
        on_primary(standby, "drop role kept_short", **where)
        on_primary(standby, "grant execute on function pg_current_wal_lsn() to public", **where)

    assert found == (1, None)
    assert warning == f"The replica {replica.CANNOT_BE_COMPARED}, so the primary answers questions."
    assert "heapadmin_jobs_waiting" in names
    assert "heapadmin_replica_lag_seconds" not in names


def test_a_primary_that_is_too_slow_to_say_it_leaves_out_nothing_else(environment, monkeypatch):
    monkeypatch.setattr(replica, "WRITTEN", "select pg_sleep(60)::text, now()")
    replica.probe.forget()

    assert answered(environment) == (1, None)
    names = {each.name for each in DatabaseGauges().collect() if each.samples}
    assert "heapadmin_jobs_waiting" in names
    assert "heapadmin_replica_up" not in names


def test_a_replica_that_lacks_what_an_upgrade_brings_is_not_asked_until_later(environment, standby, monkeypatch):
    where = {"dbname": connections["default"].settings_dict["NAME"]}
    answer, places = registry._answer, []

    def answer_of_new_version(query, find, now, ask):
        places.append(ask("select pg_is_in_recovery()", {})[0][0])
        ask("select * from brought_by_upgrade", {})
        return answer(query, find, now, ask)

    monkeypatch.setattr(registry, "_answer", answer_of_new_version)
    with standby.paused():
        on_primary(standby, "create table brought_by_upgrade (); grant select on brought_by_upgrade to public", **where)
        try:
            found = answered(environment)
        finally:
            on_primary(standby, "drop table brought_by_upgrade", **where)

    assert found == (1, None)
    assert places == [True, False]
    assert replica.asked() == ["default"]
