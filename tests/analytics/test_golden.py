"""The SQL of some questions, in golden/*.sql: to read it, to run it with psql, and to notice every change.

    pytest tests/analytics/test_golden.py --golden      writes the files again; then read `git diff`

To run one on a database of Heapadmin: `psql -f tests/analytics/golden/graph.sql`. p0 is the environment.
"""

import re
import subprocess
import textwrap
from datetime import UTC, datetime, timedelta
from pathlib import Path
from uuid import UUID

import pytest
from django.db import connection
from django.http import QueryDict

from analytics.definitions.bodies import ClauseGroup, DefinitionBody, SegmentBody
from analytics.definitions.glossary import Glossary, Named
from analytics.kinds.registry import KINDS, kind_of, parse
from analytics.questions.conditions import Condition, Field, Group, Match, Operator
from analytics.questions.query import PAGEVIEW, Did, EventReference, RefersTo, Scope, Selection
from analytics.sql.context import QueryContext
from analytics.sql.dialect import POSTGRESQL
from heapadmin.backups.dump import _environment as connected
from heapadmin.postgres import programs
from tests.analytics.layout import laid_out, tokens
from tests.analytics.rows import add_event, add_person, merge
from tests.factories import EnvironmentFactory

pytestmark = pytest.mark.django_db
FOLDER = Path(__file__).parent / "golden"
NOW = datetime(2026, 6, 15, 12, tzinfo=UTC)
SIGNED_UP, PAID = (EventReference(RefersTo.CUSTOM, name) for name in ("Signed up", "Paid"))
ORDERED, BUYERS = UUID(int=1), UUID(int=2)
GLOSSARY = Glossary(
    {
        ORDERED: Named(
            "Ordered",
            DefinitionBody(
                (
                    Selection(PAID),
                    Selection(
                        PAGEVIEW, Group((Condition(Field.parse("event:path"), Operator.MATCHES, "/orders/*/thanks"),))
                    ),
                )
            ),
        )
    },
    {
        BUYERS: Named(
            "Buyers in Germany",
            SegmentBody(
                (
                    ClauseGroup((Condition(Field.parse("user:country"), Operator.IS, "DE"),)),
                    ClauseGroup((Did(Selection(PAID), times=2, days=90),), Match.ANY),
                )
            ),
        )
    },
)
STEPS = "step.0.event=event:Signed up&step.1.event=builtin:pageview&step.2.event=event:Paid"
QUESTIONS = {  # {file: (kind, URL parameters)}
    "graph": ("graph", "event=event:Signed up&days=7"),
    "graph_of_people": ("graph", "event=event:Signed up&counts=users&days=7"),
    "graph_of_people_before": ("graph", "event=event:Signed up&counts=users&days=3&before=period"),
    "graph_by_month": ("graph", "event=builtin:session&days=365&unit=month"),
    "graph_of_a_definition": (
        "graph",
        f"event=definition:{ORDERED}&counts=per_user&days=30&unit=week&where.0.field=property:amount&where.0.op=greater"
        "&where.0.value=10",
    ),
    "graph_of_groups_of_conditions": (
        "graph",
        "event=event:Signed up&days=7&where.match=any&where.0.field=property:plan&where.0.op=none_of"
        "&where.0.value=free, trial&where.group.0.0.field=event:path&where.group.0.0.op=one_of"
        "&where.group.0.0.value=/,/pricing&where.group.0.1.field=user:country&where.group.0.1.value=DE",
    ),
    "graph_by_property": ("graph", "event=event:Signed up&by=property:plan&days=7"),
    "graph_of_a_segment": ("graph", f"event=event:Signed up&counts=sessions&days=7&compare={BUYERS}"),
    "graph_of_a_sum": ("graph", "event=event:Paid&counts=sum&of=property:amount&days=7"),
    "graph_of_a_median_by_two_properties": (
        "graph",
        "event=event:Paid&counts=median&of=property:amount&by=property:plan&by.2=user:country&days=7",
    ),
    "graph_of_two_series_by_property": (
        "graph",
        "series.0.event=event:Paid&series.0.counts=average&series.0.of=property:amount&series.1.event=event:Signed up"
        "&series.1.counts=users&formula=A / B&by=property:plan&days=7",
    ),
    "graph_of_people_since_the_start": ("graph", "event=event:Signed up&counts=users&cumulative=1&days=7"),
    "funnel": ("funnel", f"{STEPS}&days=30"),
    "funnel_of_one_kind": (
        "funnel",
        "step.0.event=builtin:pageview&step.0.where.0.field=event:path&step.0.where.0.value=/pricing"
        "&step.1.event=builtin:pageview&step.1.where.0.field=event:path&step.1.where.0.value=/signup"
        f"&within=1&within_unit=hour&days=30&segment={BUYERS}",
    ),
    "funnel_by_property": ("funnel", f"{STEPS}&days=30&by=property:plan"),
    "funnel_times_without": (
        "funnel",
        "step.0.event=event:Signed up&step.1.event=event:Paid&without.0.event=builtin:pageview&without.0.after=1"
        "&without.0.where.0.field=event:path&without.0.where.0.value=/signup&asks=times&days=30",
    ),
    "funnel_trend_in_strict_order": ("funnel", f"{STEPS}&order=strict&asks=trend&unit=week&days=30"),
    "funnel_in_any_order": ("funnel", f"{STEPS}&order=any&days=30"),
    "retention": ("retention", "start.event=event:Signed up&return.event=builtin:any&unit=week&days=30"),
    "retention_of_the_same": ("retention", "start.event=builtin:session&return.event=builtin:session&unit=day&days=7"),
    "retention_by_property": (
        "retention",
        "start.event=event:Signed up&return.event=event:Paid&by=property:plan&days=7",
    ),
    "retention_or_later_of_the_first_ever": (
        "retention",
        "start.event=event:Signed up&return.event=event:Paid&entry=ever&back=or_after&unit=day&days=7",
    ),
    "paths": ("paths", f"anchor.event=event:Signed up&steps=2&days=30&clean=1&segment={BUYERS}"),
    "paths_before": ("paths", "direction=before&anchor.event=event:Paid&along=pageview&steps=1&within=7d&days=30"),
    "funnel_before": ("funnel", f"{STEPS}&days=3&before=period"),
    "sessions_before": ("sessions", "days=3&before=period"),
    "sessions": (
        "sessions",
        "event=event:Signed up&where.0.field=property:plan&where.0.value=pro&entry=/pricing*&least=1&bounced=no&days=7",
    ),
    "sessions_next_page": ("sessions", f"segment={BUYERS}&days=7&after=2026-06-14T12:00:00+00:00_42"),
    "stickiness": ("stickiness", "event=event:Signed up&unit=week&days=30"),
    "lifecycle": ("lifecycle", "event=event:Signed up&unit=week&days=30"),
    "users": ("users", "where.0.field=user:country&where.0.value=DE&search=@shop.example"),
    "users_next_page": ("users", f"segment={BUYERS}&after=1781524800000000_42"),
}
WITHOUT_ROBOTS = {  # the same questions, without robots
    f"{name}_without_robots": QUESTIONS[name]
    for name in ("graph_of_a_segment", "retention_of_the_same", "sessions", "users")
}
QUESTIONS |= WITHOUT_ROBOTS
TYPES = {int: "bigint", str: "text", datetime: "timestamptz", timedelta: "interval", list: "timestamptz[]"}
UNTYPED = (int, str)  # need no cast: PostgreSQL infers their type


@pytest.fixture
def asked(request):
    """The statements of a question, with their rows."""
    found = []

    def ask(sql, parameters):
        with connection.cursor() as cursor:
            cursor.execute(sql, parameters)
            found.append((sql, parameters, cursor.fetchall()))
        return found[-1][2]

    def asked(name):
        kind, link = QUESTIONS[name]
        query = parse(kind, QueryDict(link), Scope(1, "Europe/Berlin", without_robots=name in WITHOUT_ROBOTS)).query
        found.clear()
        kind_of(query).answer(query, QueryContext(query.scope, GLOSSARY, NOW, POSTGRESQL, ask))
        return query, list(found)

    return asked


def golden(name, query, statements) -> str:
    kind, link = QUESTIONS[name]
    heading = ", ".join(filter(None, [kind_of(query).words(query, GLOSSARY), query.range_words()]))
    parts = [f"-- {heading}\n-- /{kind}/?{link}\n"]
    parts += [f"{written_parameters(parameters)}\n{for_psql(sql, parameters)};\n" for sql, parameters, _ in statements]
    return "\n".join(parts)


def written_parameters(parameters) -> str:
    types = ", ".join(f"{name} {TYPES[type(value)]}" for name, value in parameters.items())
    comment = textwrap.fill(types, 110, initial_indent="-- ", subsequent_indent="-- ")
    return "\n".join([comment, *(f"\\set {name} {written(value)}" for name, value in parameters.items())])


def written(value) -> str:
    if isinstance(value, int):
        return str(value)
    if isinstance(value, list):
        value = "{" + ",".join(each.isoformat() for each in value) + "}"
    text = f"{value.total_seconds():.0f} s" if isinstance(value, timedelta) else str(value)
    return "'" + text.replace("\\", "\\\\").replace("'", "''") + "'"


def for_psql(sql, parameters) -> str:
    """The statement with psql's variables in place of our parameters."""

    def variable(found) -> str:
        name, cast = found.groups()
        value = parameters[name]
        quoted = f":{name}" if isinstance(value, int) else f":'{name}'"
        return quoted + (cast or ("" if isinstance(value, UNTYPED) else f"::{TYPES[type(value)]}"))

    plain = re.sub(r"%\((\w+)\)s(::[\w\[\]]+)?", variable, sql).replace("%%", "%")
    text = laid_out(plain)
    assert tokens(text) == tokens(plain)
    return text


def rows_of(text):
    """The rows of each statement of a golden file, run as psql would run it."""
    variables, statement = {}, []
    for line in text.splitlines():
        if found := re.fullmatch(r"\\set (\w+) (.*)", line):
            variables[found[1]] = found[2].replace("\\\\", "\\")
        elif not line.startswith("--"):
            statement.append(line)
        if line.endswith(";"):
            sql = "\n".join(statement).replace("%", "%%")
            sql = re.sub(r"(?<!:):'?(p\d+)'?", lambda found: variables[found[1]].replace("%", "%%"), sql)
            with connection.cursor() as cursor:
                cursor.execute(sql)
                yield cursor.fetchall()
            statement = []


@pytest.fixture
def world(environment):
    """Some events and people, in the environment of the golden files."""
    one = EnvironmentFactory.build(pk=1)
    for n in range(40):
        at = NOW - timedelta(hours=5 * n)
        name, path = ("Signed up", "Paid")[n % 2], ("/pricing", "/signup")[n % 2]
        properties = {"plan": f"p{n % 3}", "amount": n}
        add_event(one, at=at, actor_id=n % 7, name=name, session_id=n // 3, properties=properties)
        add_event(one, at=at + timedelta(minutes=9), kind="pageview", actor_id=n % 7, session_id=n // 3, path=path)
    for actor in range(-3, 7):
        properties = {"country": ("DE", "FR")[actor % 2]}
        add_person(one, actor, identity=f"{actor}@shop.example" if actor < 0 else None, properties=properties)
    merge(one, 1, -1)
    return one


@pytest.mark.parametrize("name", QUESTIONS)
def test_a_questions_sql_is_that_of_its_file(asked, world, name, pytestconfig):
    query, statements = asked(name)
    text = golden(name, query, statements)
    file = FOLDER / f"{name}.sql"
    if pytestconfig.getoption("--golden"):
        file.write_text(text)

    assert file.read_text() == text, "pytest tests/analytics/test_golden.py --golden writes it anew"


@pytest.mark.parametrize("name", QUESTIONS)
def test_the_file_can_be_run_and_gives_what_the_question_gives(asked, world, name):
    _, statements = asked(name)

    found = list(rows_of((FOLDER / f"{name}.sql").read_text()))

    assert [sorted(map(repr, rows)) for rows in found] == [sorted(map(repr, rows)) for _, _, rows in statements]
    assert any(found)


def test_psql_runs_every_file():
    files = [argument for file in sorted(FOLDER.iterdir()) for argument in ("-f", str(file))]
    command = [str(programs() / "psql"), "--no-psqlrc", "--quiet", "--set", "ON_ERROR_STOP=1", *files]

    ran = subprocess.run(command, env=connected(), capture_output=True, text=True)

    assert (ran.returncode, ran.stderr) == (0, "")


def test_every_file_has_a_question_and_every_kind_a_file():
    assert {file.stem for file in FOLDER.glob("*")} == set(QUESTIONS)
    assert {kind for kind, _ in QUESTIONS.values()} == set(KINDS)
