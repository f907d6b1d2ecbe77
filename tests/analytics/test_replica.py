"""Questions on a real standby: what they say of its lag, and what answers when it cannot."""

import os
import signal
import subprocess
import sys
import threading
import time
from datetime import timedelta
from urllib.parse import quote

import psycopg
import pytest
from django.conf import settings
from django.db import connections
from django.db.backends.signals import connection_created
from django.utils import timezone
from psycopg.conninfo import make_conninfo
from psycopg.sql import SQL

from analytics.kinds import registry
from analytics.kinds.registry import run
from analytics.questions.query import Counts, Scope
from analytics.questions.spans import Span
from analytics.rollups import days, refresh
from analytics.store.current import event_store
from analytics.store.failures import QueryBusy, QueryCancelled, QueryDisturbed, QueryTimeout
from analytics.store.postgresql import replica
from analytics.store.protocol import new_token
from common.database import conninfo
from heapadmin import page_limits
from heapadmin.database_metrics import DatabaseGauges
from support.models import Component, Sample, State
from support.status import checks, database
from support.status.dot import dot
from support.status.render import as_html
from tests.analytics.factories import ANY_EVENT, graph_of
from tests.analytics.rows import add_event
from tests.factories import EnvironmentFactory, MembershipFactory
from tests.pgbouncer import PgBouncer, needs_pgbouncer
from tests.servers import close_connections
from tests.standby import Standby, needs_superuser
from tests.support.test_status import taken

pytestmark = [needs_superuser, pytest.mark.timeout(300)]
pytestmark.append(pytest.mark.django_db(transaction=True, databases=["default", "replica"]))
LIMIT = timedelta(seconds=20)


@pytest.fixture(scope="module", autouse=True)
def server(django_db_setup):
    standby = Standby().start()
    try:
        with standby.in_use():
            yield standby
    finally:
        standby.remove()


@pytest.fixture
def standby(server, transactional_db, monkeypatch, settings):
    settings.REPLICA_LAG_SECONDS = 3600  # however slow the machine is
    monkeypatch.setattr(replica, "_left_alone_until", 0.0)
    replica.probe.forget()
    return server


@pytest.fixture
def environment(standby):
    environment = EnvironmentFactory()
    at = timezone.now() - timedelta(days=2)
    add_event(environment, at=at, received_at=at)
    standby.catch_up()
    return environment


def graph(environment, counts=Counts.EVENTS):
    return graph_of(Scope.of(environment), ANY_EVENT, counts, Span(7))


def answered(environment):
    """How many events the question counts, and how far behind that may be."""
    result = run(graph(environment))
    return result.total, result.ran.behind_seconds


def asked_there(environment, limit=LIMIT, sql="select pg_is_in_recovery(), current_setting('transaction_read_only')"):
    with event_store().snapshot(environment.pk, token="", limit=limit) as ask:
        return ask(sql, {})[0], ask.behind_seconds


def without_counted_days(monkeypatch):
    monkeypatch.setattr("analytics.rollups.time_counts.counting_rows", lambda *_: None)


# --- On the replica ---------------------------------------------------------------------------------------------------
def test_a_question_reads_from_the_replica(environment):
    place, behind = asked_there(environment)

    assert place == (True, "on")
    assert behind is not None
    assert answered(environment)[0] == 1


def test_without_a_replica_nothing_is_behind(monkeypatch):
    monkeypatch.setattr(replica, "has_replica", lambda: False)

    assert asked_there(EnvironmentFactory()) == ((False, "on"), None)


def test_the_answer_says_how_much_may_be_missing(environment, standby, client):
    client.force_login(MembershipFactory(account=environment.project.account).user)
    with standby.paused():
        add_event(environment, at=timezone.now())
        time.sleep(1.1)
        total, behind = answered(environment)
        page = client.get(f"/env/{environment.app_id}/graph/", {"event": "builtin:any", "wait": 1}).content.decode()

    assert total == 1
    assert behind > 1
    assert "seconds may be missing." in page
    assert answered(environment)[0] == 2


def test_a_page_that_is_up_to_date_says_nothing(environment, standby, client):
    client.force_login(MembershipFactory(account=environment.project.account).user)
    standby.catch_up()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(replica, "_behind", lambda *_: 0.4)
        replica.probe.forget()
        page = client.get(f"/env/{environment.app_id}/graph/", {"event": "builtin:any", "wait": 1}).content.decode()

    assert "stat__value" in page
    assert "may be missing" not in page


def test_counted_days_and_events_are_of_one_moment(environment, standby, monkeypatch):
    monkeypatch.setattr(days, "MAX_RAW_SHARE", 1.0)
    assert refresh.refresh(environment)
    standby.catch_up()
    late = timezone.now() - timedelta(days=2, hours=1)
    with standby.paused():
        for number in range(3):
            add_event(environment, at=late, actor_id=10 + number)
        monkeypatch.setattr(refresh, "settled_until", lambda: timezone.now() + timedelta(minutes=1))
        assert refresh.refresh(environment)  # on the primary the late ones are counted, and the mark is beyond them
        before = answered(environment)[0]
    after = answered(environment)[0]
    without_counted_days(monkeypatch)

    assert (before, after) == (1, 4)
    assert answered(environment)[0] == 4


def test_a_question_on_the_replica_has_its_time_limit(environment):
    with pytest.raises(QueryTimeout):
        asked_there(environment, limit=timedelta(seconds=0.2), sql="select pg_sleep(20)")


def test_a_question_on_the_replica_can_be_cancelled(environment):
    token, stopped = new_token(), []

    def cancel():
        while not stopped:
            if event_store().cancel(environment.pk, token):
                stopped.append(True)
            time.sleep(0.02)
        close_connections()

    other = threading.Thread(target=cancel)
    other.start()
    began = time.monotonic()
    with (
        pytest.raises(QueryCancelled),
        event_store().snapshot(environment.pk, token=token, limit=LIMIT) as ask,
    ):
        ask("select pg_sleep(15)", {})
    stopped.append(False)
    other.join()

    assert time.monotonic() - began < 15


def test_places_are_limited_on_the_replica(environment, settings, monkeypatch):
    settings.QUESTIONS_AT_ONCE = 1
    monkeypatch.setattr("analytics.store.places.current_person", lambda: 1)
    refused = []

    def ask_too():
        try:
            run(graph(environment))
        except QueryBusy:
            refused.append(True)
        finally:
            close_connections()

    with event_store().snapshot(environment.pk, token="", limit=LIMIT) as ask:
        assert ask("select pg_is_in_recovery()", {}) == [(True,)]
        other = threading.Thread(target=ask_too)
        other.start()
        other.join()

    assert refused == [True]
    run(graph(environment))


@needs_pgbouncer
def test_behind_a_pooler_questions_have_their_limits_and_others_get_none(environment, standby):
    name = connections["default"].settings_dict["NAME"]
    to_standby = make_conninfo(host=str(standby.folder), user="postgres", dbname=name)
    pooler = PgBouncer(to_standby, standby.folder / "pooler", "transaction", size=1).start()
    connections["replica"].close()
    del connections["replica"]
    connection_created.connect(page_limits._limit)
    try:
        with standby.in_use(HOST="127.0.0.1", PORT=str(pooler.port), USER="postgres"):
            total, behind = answered(environment)
            with pytest.raises(QueryTimeout):
                asked_there(environment, limit=timedelta(seconds=0.2), sql="select pg_sleep(20)")
            with connections["replica"].cursor() as cursor:
                cursor.execute(SQL("show lock_timeout"))
                of_page = cursor.fetchone()
            replica.probe.forget()
            looked_again = replica.side().alias
            with psycopg.connect(pooler.url, autocommit=True) as other:  # there is one session for all
                of_others = {other.execute(f"show {each}").fetchone() for each in ("statement_timeout", "lock_timeout")}
    finally:
        connection_created.disconnect(page_limits._limit)
        pooler.stop()

    assert (total, looked_again) == (1, "replica") and behind is not None
    assert (of_page, of_others) == (("2s",), {("0",)})


# --- Where the replica cannot answer ----------------------------------------------------------------------------------
def test_a_replica_that_is_too_far_behind_is_not_asked_and_that_is_said(environment, standby, settings):
    with standby.paused():
        add_event(environment, at=timezone.now())
        time.sleep(1.1)
        settings.REPLICA_LAG_SECONDS = 1
        found, warning = answered(environment), checks._replica_warning()
        metrics = {each.name: [sample.value for sample in each.samples] for each in DatabaseGauges().collect()}

    assert found == (2, None)
    assert warning.startswith("The replica is ") and warning.endswith("behind, so the primary answers questions.")
    assert metrics["heapadmin_replica_up"] == [0]
    assert metrics["heapadmin_replica_lag_seconds"][0] > 1


def test_the_status_page_and_the_dot_tell_of_a_replica_that_is_not_asked(environment, standby, settings, tmp_path):
    settings.DATA_DIR = tmp_path
    with standby.paused():
        add_event(environment, at=timezone.now())
        time.sleep(1.1)
        settings.REPLICA_LAG_SECONDS = 1
        checks.check("http://127.0.0.1:1", timezone.now())
    Sample.objects.filter(component=Component.COLLECTION).update(state=State.UP, reason="")  # there is no collector
    with database.own_connection() as own:
        found = taken(own)

    queries = found.part(Component.QUERIES)
    assert (queries.state, queries.reason[:15]) == (State.UP, "The replica is ")
    assert queries.reason in as_html(found).decode()
    assert dot(timezone.now(), timezone.now(), found).sentence.endswith(queries.reason)


def test_the_lag_of_a_replica_that_answers_is_in_the_metrics(environment, standby):
    metrics = {each.name: [sample.value for sample in each.samples] for each in DatabaseGauges().collect()}

    assert metrics["heapadmin_replica_up"] == [1]
    assert 0 <= metrics["heapadmin_replica_lag_seconds"][0] < 3600
    assert checks._replica_warning() == ""


def test_a_server_that_is_no_standby_is_not_asked(standby, environment):
    connections["replica"].close()
    del connections["replica"]
    with standby.in_use(HOST=standby.primary):
        found = asked_there(environment)
        warning = checks._replica_warning()

    assert found == ((False, "on"), None)
    assert warning == "The replica is no replica: it takes changes of its own, so the primary answers questions."


def test_the_primary_answers_while_the_replica_is_away_and_soon_not_any_more(environment, standby, monkeypatch):
    assert answered(environment)[1] is not None
    standby.stop()
    try:
        found = answered(environment)
        warning = checks._replica_warning()
        tried = replica.asked()
    finally:
        standby.launch()
    standby.catch_up()

    assert found == (1, None)
    assert warning == "The replica does not answer, so the primary answers questions."
    assert tried == ["default"]
    monkeypatch.setattr(replica, "_left_alone_until", 0.0)
    replica.probe.forget()
    assert answered(environment)[1] is not None


def test_words_for_everybody_do_not_tell_where_the_replica_is(environment, standby, caplog):
    connections["replica"].close()
    del connections["replica"]
    with standby.in_use(HOST="127.0.0.1", PORT="1", USER="reader_of_copy"):
        warning = checks._replica_warning()

    assert warning == "The replica does not answer, so the primary answers questions."
    assert "127.0.0.1" in caplog.text  # where an operator reads it
    assert "\n" not in caplog.messages[-1]


def test_a_question_that_runs_when_the_replica_goes_away_is_answered_by_the_primary(environment, standby, monkeypatch):
    answer, places = registry._answer, []

    def cut_off(query, find, now, ask):
        places.append(ask("select pg_is_in_recovery()", {})[0][0])
        if len(places) == 1:
            threading.Timer(0.2, standby.process.send_signal, [signal.SIGQUIT]).start()
            ask("select pg_sleep(60)", {})
        return answer(query, find, now, ask)

    monkeypatch.setattr(registry, "_answer", cut_off)
    try:
        found = answered(environment)
    finally:
        standby.process.wait(60)
        standby.launch()

    assert found == (1, None)
    assert places == [True, False]


class TestConflicts:
    """The primary changes what a question reads: the standby cannot replay that while it goes on."""

    @pytest.fixture
    def conflicts(self, environment, monkeypatch):
        """Questions that are ended by the standby, as many as the test wants; then they are answered."""
        wanted, answer, asked = [], registry._answer, []

        def disturbed(query, find, now, ask):
            asked.append(ask("select pg_is_in_recovery()", {})[0][0])
            if wanted and wanted.pop():
                ask("select pg_sleep(0) from events limit 1", {})
                with psycopg.connect(conninfo(), autocommit=True) as other:
                    with other.transaction():
                        other.execute("lock table events in access exclusive mode")
                    ask("select pg_sleep(60)", {})
            return answer(query, find, now, ask)

        monkeypatch.setattr(registry, "_answer", disturbed)
        return wanted, asked

    def test_a_question_that_was_broken_off_is_asked_once_more(self, environment, conflicts):
        wanted, asked = conflicts
        wanted.append(True)

        result = run(graph(environment))

        assert result.total == 1
        assert asked == [True, True]

    def test_a_second_time_it_is_said(self, environment, conflicts):
        wanted, asked = conflicts
        wanted += [True, True]

        with pytest.raises(QueryDisturbed) as error:
            run(graph(environment))

        assert error.value.message.startswith("The replica of the database broke this question off")
        assert asked == [True, True]
        assert answered(environment)[0] == 1


# --- What a start refuses -------------------------------------------------------------------------------------------
def start(**given):
    """How a migration ends, its first words."""
    command = [sys.executable, "manage.py", "migrate", "-v0"]
    result = subprocess.run(
        command, cwd=settings.BASE_DIR, env=os.environ | given, capture_output=True, text=True, check=False
    )
    return result.returncode, result.stderr


def url_at(folder, name):
    return f"postgres://heapadmin@{quote(str(folder), safe='')}/{name}"


def test_a_start_takes_a_replica_of_its_database_and_refuses_any_other(server):
    name = connections["default"].settings_dict["NAME"]
    of_tests = {"DATABASE_URL": url_at(server.primary, name)}

    assert start(**of_tests, DATABASE_REPLICA_URL=url_at(server.folder, name)) == (0, "")
    status, words = start(**of_tests, DATABASE_REPLICA_URL=url_at(server.folder, "postgres"))

    assert status == 1
    assert "DATABASE_REPLICA_URL leads to no copy of the database that DATABASE_URL names" in words


def test_a_replica_of_the_private_server_is_refused():
    status, words = start(DATABASE_URL="", DATABASE_REPLICA_URL="postgres://x@127.0.0.1/x")

    assert status == 1
    assert "DATABASE_REPLICA_URL needs DATABASE_URL" in words
