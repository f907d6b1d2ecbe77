"""Copying what an environment keeps into a new one."""

import threading
from contextlib import contextmanager

import pytest
from django.db import DataError, connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.urls import reverse

from accounts.models import Activity
from analytics import actions
from analytics.models import Definition, NameNote, Note, Pin, Report, Segment
from events.models import Event
from projects import views
from projects.actions import add_environment
from projects.models import Environment
from tests.analytics.factories import DefinitionFactory, ReportFactory, SegmentFactory, refers_to
from tests.factories import EnvironmentFactory, MembershipFactory, UserFactory
from tests.support.filling import make_account

pytestmark = pytest.mark.django_db


@pytest.fixture
def source():
    return EnvironmentFactory()


def copied(source, name="Staging"):
    return add_environment(project=source.project, name=name, source=source, by=UserFactory())


def test_everything_kept_is_copied_and_no_data(source):
    DefinitionFactory.create_batch(3, environment=source)
    SegmentFactory.create_batch(2, environment=source)
    ReportFactory(environment=source)
    ReportFactory()  # of another environment

    added = copied(source)

    assert added.copied == {"definitions": 3, "segments": 2, "reports": 1}
    assert Report.objects.filter(environment=added.environment).count() == 1
    assert not Event.objects.exists()


def test_the_receipt_says_what_was_copied(source):
    DefinitionFactory.create_batch(14, environment=source)
    SegmentFactory(environment=source)
    ReportFactory.create_batch(6, environment=source)

    assert copied(source).receipt == "14 definitions, 1 segment and 6 reports copied, 0 events"

    SegmentFactory.create_batch(2, environment=source)

    assert copied(source, "Test").receipt == "14 definitions, 3 segments and 6 reports copied, 0 events"


def test_a_copy_keeps_lineage_body_and_author_and_starts_at_version_1(source):
    definition = DefinitionFactory(environment=source, version=7, notes="why", tags=["checkout"])

    copy = Definition.objects.get(environment=copied(source).environment)

    same = ("lineage", "name", "notes", "tags", "body", "created_by", "created_at")
    assert [getattr(copy, name) for name in same] == [getattr(definition, name) for name in same]
    assert (copy.pk != definition.pk, copy.version) == (True, 1)


def test_copies_are_independent(source):
    definition = DefinitionFactory(environment=source, name="Old")
    environment = copied(source).environment

    Definition.objects.filter(pk=definition.pk).update(name="New")

    assert Definition.objects.get(environment=environment).name == "Old"


def test_the_dashboard_is_copied_in_its_order(source):
    first, second, _ = ReportFactory.create_batch(3, environment=source)
    for report in (second, first):
        actions.pin(report=report, by=UserFactory())

    environment = copied(source).environment

    pins = Pin.objects.filter(environment=environment).order_by("position")
    assert [pin.report.lineage for pin in pins] == [second.lineage, first.lineage]
    assert {pin.report.environment_id for pin in pins} == {environment.pk}


COPIED = {"analytics_definition", "analytics_segment", "analytics_report", "analytics_pin", "analytics_namenote"}
SOURCE_IDS = 7_400_000_001  # the first id, so high that no other number in a row looks like an id


@pytest.fixture
def far_away():
    """An environment with things of all kinds that refer to each other, and with ids that occur nowhere else."""
    source = EnvironmentFactory(pk=SOURCE_IDS, app_id="7499999999")
    base = DefinitionFactory(environment=source, pk=SOURCE_IDS + 1)
    event = str(refers_to(base))
    every = {"match": "all", "conditions": []}
    did = {"did": {"event": event, "where": every}, "comparison": "at_least", "times": 1, "days": None}
    union, clauses = {"alternatives": [{"event": event, "where": every}]}, [{"match": "all", "clauses": [did]}]
    DefinitionFactory(environment=source, pk=SOURCE_IDS + 2, body=union)
    segment = SegmentFactory(environment=source, pk=SOURCE_IDS + 3, body={"match": "all", "groups": clauses})
    parameters = {"parameters": [["event", event], ["segment", str(segment.lineage)]]}
    report = ReportFactory(environment=source, pk=SOURCE_IDS + 4, body=parameters)
    Pin.objects.create(pk=SOURCE_IDS + 5, environment=source, report=report, position=0)
    NameNote.objects.create(pk=SOURCE_IDS + 6, environment=source, kind="event", name="Paid", description="Money")
    Note.objects.create(environment=source, at="2026-03-14 12:00Z", is_day=False, text="Deployed")  # is not copied
    return source


def rows_as_text(environment) -> list[str]:
    """Every row of an environment, in any table, with its JSON."""
    found = []
    with connection.cursor() as cursor:
        for table in tables_of_environments():
            cursor.execute(f"select row_to_json(t)::text from {table} t where environment_id = %s", [environment.pk])
            found += [f"{table} {text}" for (text,) in cursor.fetchall()]
    return found


def tables_of_environments() -> list[str]:
    """The tables with a column for the environment, found in the schema. Partitions belong to their table."""
    with connection.cursor() as cursor:
        cursor.execute(
            "select class.relname from pg_class class join pg_attribute on attrelid = class.oid"
            " where attname = 'environment_id' and relkind in ('r', 'p') and not relispartition order by 1"
        )
        return [name for (name,) in cursor.fetchall()]


def test_no_id_of_the_source_is_anywhere_in_a_copied_row(far_away):
    ids = [str(SOURCE_IDS + n) for n in range(7)] + [far_away.app_id]
    assert all(any(each in row for row in rows_as_text(far_away)) for each in ids[:7])

    copy = copied(far_away).environment

    rows = rows_as_text(copy)
    assert {row.split()[0] for row in rows} == COPIED
    assert [(row, each) for row in rows for each in ids if each in row] == []


def test_what_a_copied_thing_refers_to_is_in_the_copy(far_away):
    copy = copied(far_away).environment

    lineages = set(Definition.objects.filter(environment=copy).values_list("lineage", flat=True))
    union = Definition.objects.get(environment=copy, body__alternatives__0__event__startswith="definition:")
    assert union.body["alternatives"][0]["event"].removeprefix("definition:") in map(str, lineages)


def test_nothing_but_what_is_kept_is_copied():
    """The account has rows in every table. People, events, keys, excluded IPs and their counts are not copied."""
    account = make_account(events=50)
    source = Environment.objects.filter(project__account=account).order_by("pk")[0]
    filled = {row.split()[0] for row in rows_as_text(source)}
    assert {"events", "people", "merges", "customers", "idempotency_keys", "ipfilter_keptout"} < filled

    copy = copied(source, "Copy").environment

    assert {row.split()[0] for row in rows_as_text(copy)} <= COPIED


@contextmanager
def failing_at(number: int):
    """Make the statement with this number (from 0) divide by zero. Yields the statements so far."""
    seen = []

    def wrapper(execute, sql, params, many, context):
        seen.append(sql)
        if len(seen) == number + 1:
            return execute("select 1 / 0", (), False, context)
        return execute(sql, params, many, context)

    with connection.execute_wrapper(wrapper):
        yield seen


@pytest.mark.django_db(transaction=True)
def test_a_failure_at_any_step_leaves_nothing_behind(far_away):
    by = UserFactory()
    before = everything()
    with failing_at(-1) as statements:
        add_environment(project=far_away.project, name="Counts the steps", source=far_away, by=by)
    Environment.objects.get(name="Counts the steps").delete()
    steps = [number for number, sql in enumerate(statements) if "SAVEPOINT" not in sql.upper()]
    assert len(steps) >= 6  # the environment, four tables, the activity
    before["activity"] = Activity.objects.count()

    for number in steps:
        with failing_at(number), pytest.raises(DataError):
            add_environment(project=far_away.project, name="Copy", source=far_away, by=by)

        assert everything() == before, statements[number]


def everything() -> dict[str, int]:
    models = {"environments": Environment, "definitions": Definition, "segments": Segment, "reports": Report,
              "pins": Pin, "activity": Activity}  # fmt: skip
    return {name: model.objects.count() for name, model in models.items()}


@pytest.mark.django_db(transaction=True)
def test_two_who_add_the_same_name_at_once(source, monkeypatch):
    """Both forms were valid when they were read. One of them comes too late."""
    user = MembershipFactory(account=source.project.account).user
    DefinitionFactory(environment=source)
    together, pages = threading.Barrier(2), []
    add = views.actions.add_environment

    def add_together(**arguments):
        together.wait()
        return add(**arguments)

    monkeypatch.setattr(views.actions, "add_environment", add_together)

    def press(name):
        client = Client()
        client.force_login(user)
        url = reverse("projects:environment_add", args=[source.project_id])
        pages.append(client.post(url, {"name": name, "source": source.pk}))
        connection.close()

    threads = [threading.Thread(target=press, args=[name]) for name in ("Staging", "STAGING")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    late, first = sorted(pages, key=lambda page: page.status_code)
    assert (first.status_code, late.status_code) == (302, 200)
    assert "in this project already" in late.content.decode()
    assert Environment.objects.filter(project=source.project, name__iexact="staging").count() == 1
    assert Definition.objects.count() == 2


def test_a_copy_of_many_takes_no_more_statements_than_a_copy_of_none(source):
    empty = EnvironmentFactory()
    with CaptureQueriesContext(connection) as few:
        copied(empty)
    for model in (Definition, Segment, Report):
        extra = {"kind": "graph"} if model is Report else {}
        model.objects.bulk_create([model(environment=source, name=f"{n}", body={}, **extra) for n in range(10_000)])

    with CaptureQueriesContext(connection) as many:
        added = copied(source)

    assert added.copied == {"definitions": 10_000, "segments": 10_000, "reports": 10_000}
    assert len(many) == len(few)
